import ArgumentParser
import Replay
import Taps

struct Conformance: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Hold a client against the protocol, scenario by scenario.",
        discussion: """
            Plays a server to the client under test: handshakes, heartbeats, upgrades, binary, acks, namespaces, \
            refusals, every way to end a connection, garbage. COMMAND is started anew for each scenario, with {url}, \
            {host} and {port} filled in and the variables SIOSCOPE_URL, SIOSCOPE_TRANSPORT (websocket, polling or \
            upgrade) and SIOSCOPE_NAMESPACES set. What it has to do is told in docs/conformance.md: connect, echo \
            "message", answer "message-with-ack" and a few more. One that cannot do what a scenario is about ends with \
            status 77, and is skipped. What it prints goes to stderr.

            Without COMMAND the client of this tool is tested; with --listen and without COMMAND whoever connects.

            EXAMPLES:
              sioscope conformance -- python3 client.py {url}
              sioscope conformance --only watchdog,backs-off -- node client.js {url}
              sioscope conformance --format junit -- ./client {host} {port} > conformance.xml
              sioscope conformance --list

            EXIT STATUS:
              0    every scenario passed or was skipped
              1    a scenario failed
              2    it could not play: COMMAND cannot be started, the address is in use, no such scenario
              130  ended by SIGINT (143 by SIGTERM, 129 by SIGHUP): the results until then are printed, and what was \
            started is ended
            """
    )

    @Option(
        help: ArgumentHelp(
            "Where clients come; with a port of its own one scenario is played at a time. (default: 127.0.0.1 and a free "
                + "port for each)",
            valueName: "HOST:PORT"))
    var listen: String?

    @Option(
        help: ArgumentHelp(
            "Play these scenarios alone; names, joined by commas. May be given several times.", valueName: "NAME"))
    var only: [String] = []

    @Option(
        name: .customLong("scenario"),
        help: ArgumentHelp("Play a scenario of your own instead. May be given several times.", valueName: "FILE"),
        completion: .file(extensions: ["scenario"]))
    var files: [String] = []

    @Option(help: "How to print the results: text, json or junit.")
    var format: ConformanceReport.Format = .text

    @Option(
        help: ArgumentHelp("How many scenarios to play at once. (default: 4)", valueName: "n"),
        transform: NumberText.whole)
    var jobs: Int = 4

    @Flag(help: "Name the scenarios, with what each is about, and end.")
    var list = false

    @OptionGroup private var underTest: ClientUnderTest
    var command: [String] { self.underTest.command }

    func validate() throws {
        if let listen, HostPort(listen) == nil {
            throw ValidationError("--listen \(listen) is no HOST:PORT; write it as 127.0.0.1:7002")
        }
        guard (1...64).contains(self.jobs) else { throw ValidationError("--jobs is \(self.jobs); give 1 to 64") }
        guard self.files.isEmpty || self.only.isEmpty else {
            throw ValidationError("--only names scenarios that are built in, --scenario files; give one of them")
        }
    }

    func run() async throws {
        let names = self.only.flatMap { $0.split(separator: ",").map(String.init) }
        let scenarios = try self.files.isEmpty ? ScenarioShelf.chosen(names) : self.files.map(ScenarioShelf.file)
        if self.list {
            let width = scenarios.map(\.name.count).max() ?? 0
            for scenario in scenarios {
                try StandardOutput.shared.write(
                    "\(DisplayWidth.pad(scenario.name, to: width))  \(scenario.title)\n")
            }
            return
        }
        var run = ConformanceRun(scenarios: scenarios, client: self.client)
        if let listen = self.listen.flatMap({ HostPort($0) }) { run.listen = listen }
        run.jobs = run.listen.port != 0 || self.isForAnyone ? 1 : self.jobs
        run.say = { StandardError.write($0 + "\n") }
        let report = ConformanceReport(self.format, scenarios)
        Interrupt.takeOver()
        let results = try await run.run { try report.tell($0) }
        let isInterrupted = Interrupt.requested && results.count < scenarios.count
        try report.finish(results, isInterrupted: isInterrupted)
        if isInterrupted { throw Interrupt.exitCode }
        if results.contains(where: \.isFailure) { throw ExitCode.found }
    }

    private var isForAnyone: Bool { self.command.isEmpty && self.listen != nil }

    private var client: ConformanceClient {
        if self.command.isEmpty { return self.listen == nil ? .bundled : .anyone }
        return .command(self.command)
    }
}
