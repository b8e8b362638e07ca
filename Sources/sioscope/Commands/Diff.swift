import ArgumentParser
import Replay

struct Diff: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compare what two recordings say, packet by packet.",
        discussion: """
            The first session of A is compared with the first of B, the second with the second; within a session each \
            direction of each namespace by itself, and answers with what answers the same thing. A.db is the client of \
            a timeline that holds one; A.db#2 is session 2 alone, A.db#2+ with those of the same client before and \
            after it.

            What differs from run to run makes no difference: session ids, ids of acks, heartbeats, offsets, the order \
            of the members of an object, how a number is written, close codes, and transports unless --transports is \
            given. Secrets that were redacted could be anything. Further values are left out by --mask and \
            --mask-regex: a JSON pointer into the arguments of an event or ack (/0/at; * is any member or index), for one \
            event alone where its name and : stand before it, or one of date, epoch, jwt, uuid.

            Times are compared apart, each from the packet that caused it, and never make recordings differ: they are \
            the same within 50 ms or 20 %. --pace x10 says that B was driven ten times as fast.

            EXAMPLES:
              sioscope diff run.db#2 replayed.db#1
              sioscope diff before.db after.db --mask /0/at --mask chat:/0/messages/*/id --mask uuid
              sioscope diff run.db live.db --pace x10 --format json | jq '.differences[].places'

            EXIT STATUS:
              0  they say the same
              1  they differ
              2  a timeline cannot be read, there is no such session, or a mask is bad
            """
    )

    enum Format: String, CaseIterable, ExpressibleByArgument {
        case text, json
    }

    @Argument(
        help: ArgumentHelp("The first recording; it is never written to.", valueName: "A.db[#N[+]]"),
        completion: .file(extensions: ["db"]))
    var first: String

    @Argument(
        help: ArgumentHelp("The second recording, likewise.", valueName: "B.db[#N[+]]"),
        completion: .file(extensions: ["db"]))
    var second: String

    @Option(
        help: ArgumentHelp(
            "Let the value at this place differ: /POINTER, EVENT:/POINTER, date, epoch, jwt or uuid. May be given "
                + "several times.",
            valueName: "place"))
    var mask: [String] = []

    @Option(
        help: ArgumentHelp(
            "Let what this regular expression matches in strings and numbers differ. May be given several times.",
            valueName: "regex"))
    var maskRegex: [String] = []

    @Flag(help: "Compare the transports, too.")
    var transports = false

    @Option(
        help: ArgumentHelp(
            "How fast B was driven, for the times: recorded, x and a number, or fast, which compares none. "
                + "(default: recorded)",
            valueName: "pace"), transform: Pace.read)
    var pace: Pace = .recorded

    @Option(help: "How to print: text or json (one object).")
    var format: Format = .text

    func run() throws {
        let settings = try self.settings()
        let (a, b) = (try DiffSide(self.first), try DiffSide(self.second))
        let outcome = DiffOutcome.comparing(try a.load(), try b.load(), settings)
        let write = StandardOutput.shared.write
        switch self.format {
        case .text: try DiffText(on: .current()).print(outcome, a, b, to: write)
        case .json: try write(DiffJSON.object(outcome, a, b) + "\n")
        }
        if !outcome.isEqual { throw ExitCode.found }
    }

    private func settings() throws -> DiffSettings {
        var settings = DiffSettings()
        settings.comparesTransports = self.transports
        settings.pace = self.pace
        do {
            settings.masks = try self.mask.map { text throws(DiffMaskError) in try DiffMask(text) }
        } catch {
            throw ToolError("--mask \(error)")
        }
        do {
            settings.masks += try self.maskRegex.map { text throws(DiffMaskError) in try DiffMask(pattern: text) }
        } catch {
            throw ToolError("--mask-regex \(error)")
        }
        return settings
    }
}
