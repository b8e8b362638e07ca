import ArgumentParser
import Faults
import Replay
import Taps
import Timeline

/// `sioscope replay`; not called `Replay`, which is the module.
struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Drive a recorded session again, and say whether the peer behaves.",
        discussion: """
            Plays one side of what a client lived through: its session and those before and after it (reconnects). The \
            peer under test passes when it says what the recording says and no rule finds an error of its side; ids, \
            tokens, times and mask keys may differ. A client's own pings are a fault even where the recording has them.

            As the server (--as server) the recorded server is played to any client, by polling and WebSocket, Engine.IO \
            3 and 4. COMMAND is started as the client, with {url}, {host} and {port} filled in; without it any client \
            may come to --listen. What it prints goes to stderr, up to 1 MiB of it. The replay ends as soon as its verdict is certain, and \
            ends what it started.

            As the client (--as client) the recorded client is played to the server at --to, with live heartbeats, ids \
            and cookies.

            Without either, the bundled client is played against the recording in memory, clock included: the result is \
            the same every time. --misbehave makes that client break a rule.

            EXAMPLES:
              sioscope replay run.db --session 2 --as server -- python3 client.py {url}
              sioscope replay run.db --as server --listen 127.0.0.1:7002 --pace x10
              sioscope replay run.db --as client --to http://127.0.0.1:3000 --auth @token.json
              sioscope replay run.db --misbehave eio4-client-ping

            EXIT STATUS:
              0    pass
              1    fail: it diverged, a rule found an error, or the peer went before its time
              2    it could not replay: no such session, COMMAND cannot be started, the address is in use
              130  ended by SIGINT (143 by SIGTERM, 129 by SIGHUP): what came until then is printed and kept, and what was started \
            is ended
            """
    )

    enum Role: String, CaseIterable, ExpressibleByArgument {
        case server, client
    }

    enum TransportChoice: String, CaseIterable, ExpressibleByArgument {
        case recorded, websocket, polling
    }

    @Argument(help: "The timeline that holds the recording.", completion: .file(extensions: ["db"]))
    var timeline: String

    @Option(
        help: ArgumentHelp(
            "The session to replay, with those of the same client before and after it. May be left out where the "
                + "timeline holds one client.",
            valueName: "n"), transform: NumberText.whole)
    var session: Int64?

    @Option(
        name: .customLong("as"),
        help: "The side to play: server or client. (default: server with COMMAND or --listen, client with --to)")
    var role: Role?

    @Option(
        help: ArgumentHelp(
            "As server: where clients come. (default: 127.0.0.1 and a free port)", valueName: "HOST:PORT"))
    var listen: String?

    @Option(
        help: ArgumentHelp(
            "As client: the server under test, http, https, ws or wss; the recording's path where it has none.",
            valueName: "URL"))
    var to: String?

    @Option(
        help: ArgumentHelp(
            "recorded, fast (no pauses), or x and a number: x10 is ten times as fast. Heartbeats shrink with it, down "
                + "to 200 ms. (default: recorded)",
            valueName: "pace"), transform: Pace.read)
    var pace: Pace = .recorded

    @Option(
        name: [.customShort("o"), .customLong("output")],
        help: ArgumentHelp("Keep the live run as a capture of this timeline.", valueName: "OUT.db"),
        completion: .file(extensions: ["db"]))
    var output: String?

    @Option(help: "How to print the outcome: text, json or junit.")
    var format: ReplayReport.Format = .text

    @Option(
        help: ArgumentHelp("End the replay, as failed, after so long: 90s, 15m, 2h.", valueName: "duration"),
        transform: DurationText.read)
    var limit: DurationText?

    @Option(
        help: ArgumentHelp("Settings of the rules, TOML; by default the nearest .sioscope.toml.", valueName: "file"),
        completion: .file(extensions: ["toml"]))
    var config: String?

    @Option(
        help: """
            As server: what a missing packet of the client does. lenient goes on after three times the recorded gap and \
            5 s; strict fails then; timed waits for none.
            """)
    var policy: ReplayServerSettings.Policy = .lenient

    @Option(
        help: """
            As server: live keeps it as the protocol says; recorded pings when the recording did (Engine.IO 3: answers \
            the pings that it answered), and as live beyond its end; off announces a ping in 11 days.
            """)
    var heartbeat: ReplayServerSettings.Heartbeat = .live

    @Option(help: "As server: how violations are met: as the recorded server did, as Node does, or python-socketio.")
    var serverProfile: ReplayServerSettings.Profile = .recorded

    @Option(help: "As server: what meets connections after the last recorded one: refuse or repeat.")
    var afterLast: ReplayServerSettings.AfterLast = .refuse

    @Option(
        help: ArgumentHelp(
            "As server: a JSON pointer into arguments where any value is right, /0/createdAt; * is any key or index. "
                + "May be given several times.",
            valueName: "pointer"))
    var ignore: [String] = []

    @Option(help: "As client: the transport: as recorded, websocket or polling.")
    var transport: TransportChoice = .recorded

    @Option(
        help: ArgumentHelp(
            "As client: payload of CONNECT: JSON, @FILE or exec:COMMAND, asked anew at every connect. (default: as "
                + "recorded)",
            valueName: "auth"))
    var auth: String?

    @Option(help: ArgumentHelp("As client: so many at once. (default: 1)", valueName: "n"), transform: NumberText.whole)
    var copies: Int = 1

    @Option(
        help: ArgumentHelp("As client: the copies begin spread over so long: 10s, 5m.", valueName: "duration"),
        transform: DurationText.read)
    var spread: DurationText?

    @Flag(help: "As client: do not check the server's certificate.")
    var insecure = false

    @Option(
        help: ArgumentHelp(
            "As client or in memory: break this rule ('sioscope rules --misbehave' lists them).", valueName: "rule"))
    var misbehave: String?

    @OptionGroup var redaction: RedactionFlags

    @OptionGroup private var underTest: ClientUnderTest
    var command: [String] { self.underTest.command }

    /// What is replayed against what.
    enum Mode: Equatable {
        case server, client, virtual
    }

    var mode: Mode {
        switch self.role {
        case .server: .server
        case .client: .client
        case nil: self.to != nil ? .client : self.command.isEmpty && self.listen == nil ? .virtual : .server
        }
    }

    func validate() throws {
        guard (1...100_000).contains(self.copies) else {
            throw ValidationError("--copies is \(self.copies); give 1 to 100000")
        }
        if let listen, HostPort(listen) == nil {
            throw ValidationError("--listen \(listen) is no HOST:PORT; write it as 127.0.0.1:7002")
        }
        switch self.mode {
        case .server:
            if self.to != nil { throw ValidationError("--to is for --as client; COMMAND or --listen for --as server") }
            if self.misbehave != nil {
                throw ValidationError("--misbehave makes a client break a rule; it is not for --as server")
            }
        case .client:
            guard self.to != nil else { throw ValidationError("--as client needs the server's address: --to URL") }
            if self.listen != nil || !self.command.isEmpty {
                throw ValidationError("COMMAND and --listen are for --as server, and --to for --as client; give one")
            }
        case .virtual: break
        }
    }

    func run() async throws {
        if let misbehave { _ = try RuleNames.page(misbehave, flag: "--misbehave: ") }
        var report: ReplayReport
        switch self.mode {
        case .server: report = try await self.replayAsServer()
        case .client: report = try await self.replayAsClient()
        case .virtual: report = try await self.replayInMemory()
        }
        if report.asksRecording, !report.isInterrupted { report.recordedRules = try self.recordedRules() }
        try report.print(as: self.format)
        if report.isInterrupted { throw Interrupt.exitCode }
        if !report.isPass { throw ExitCode.found }
    }

    /// What the rules find in the recording.
    private func recordedRules() throws -> Set<String> {
        let settings = try ConfigurationFile.load(self.config)
        let found = try TimelineFindings(of: TimelineReader(path: self.timeline), settings.configuration)
        return Set(found.all.map(\.finding.rule))
    }

    /// What the timeline holds of the client that had `--session`.
    func lineage() throws -> RecordedLineage {
        try LineageReader(timeline: TimelineReader(path: self.timeline), path: self.timeline)
            .lineage(of: self.session)
    }
}

extension ReplayServerSettings.Policy: ExpressibleByArgument {}
extension ReplayServerSettings.Heartbeat: ExpressibleByArgument {}
extension ReplayServerSettings.Profile: ExpressibleByArgument {}
extension ReplayServerSettings.AfterLast: ExpressibleByArgument {}

extension Pace {
    /// `recorded`, `fast`, or `x` and a number above 0 that is at most a million.
    static func read(_ argument: String) throws -> Pace {
        switch argument {
        case "recorded": return .recorded
        case "fast": return .fast
        default:
            guard argument.first == "x", let factor = Double(argument.dropFirst()), factor > 0, factor <= 1e6 else {
                throw ValidationError("give recorded, fast, or x and a number above 0, 1000000 at most, such as x10")
            }
            return .times(factor)
        }
    }

    /// As the flag takes it.
    var text: String {
        switch self {
        case .recorded: "recorded"
        case .fast: "fast"
        case .times(let factor): "x" + (factor == factor.rounded() ? String(Int(factor)) : String(factor))
        }
    }
}
