import ArgumentParser
import Faults
import Timeline

struct Why: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say why each session ended: how, the cause and what speaks for it.",
        discussion: """
            Sessions of one client that ended alike are told once. A close code is never taken for a cause: Node's \
            engine.io sends the same empty close for a dozen of them; the frames before and their times tell. Peers \
            differ, so the kind of server counts: it shows on the wire, or --server-profile says it.

            EXAMPLES:
              sioscope why run.db
              sioscope why run.db --session 3
              sioscope why run.db --server-profile python --format json

            EXIT STATUS:
              0  told
              2  the timeline or the configuration cannot be read, or there is no such session
            """
    )

    /// The kinds of servers that can be given.
    enum Profile: String, CaseIterable, ExpressibleByArgument {
        case node, python, go
    }

    enum Format: String, CaseIterable, ExpressibleByArgument {
        case text, json, jsonl
    }

    @Argument(help: "The timeline to read; it is never written to.", completion: .file(extensions: ["db"]))
    var timeline: String

    @Option(
        help: ArgumentHelp("Only this session; may be given several times.", valueName: "n"),
        transform: NumberText.whole)
    var session: [Int64] = []

    @Option(help: ArgumentHelp("Take the server for this kind, whatever it shows.", valueName: "kind"))
    var serverProfile: Profile?

    @Option(
        help: ArgumentHelp("Settings of the rules, TOML; by default the nearest .sioscope.toml.", valueName: "file"),
        completion: .file(extensions: ["toml"]))
    var config: String?

    @Option(help: "How to print: text, json (one array) or jsonl (an object a line).")
    var format: Format = .text

    func run() throws {
        let settings = try ConfigurationFile.load(self.config)
        let timeline = try TimelineReader(path: self.timeline)
        let story = try Story(
            of: timeline, sessions: self.session,
            server: self.serverProfile.flatMap { ServerKind(rawValue: $0.rawValue) }, settings.configuration)
        if let session = self.session.first(where: { !story.sessions.contains($0) }) {
            throw ToolError(
                "--session \(session): no such session in \(self.timeline); 'sioscope sessions \(self.timeline)' lists them"
            )
        }
        switch self.format {
        case .text: try StandardOutput.shared.write(StoryText(on: .current()).text(story))
        case .json:
            for (index, diagnosis) in story.diagnoses.enumerated() {
                try StandardOutput.shared.write((index == 0 ? "[" : ",\n ") + diagnosis.json.description)
            }
            try StandardOutput.shared.write(story.diagnoses.isEmpty ? "[]\n" : "]\n")
        case .jsonl:
            for diagnosis in story.diagnoses { try StandardOutput.shared.write(diagnosis.json.description + "\n") }
        }
    }
}
