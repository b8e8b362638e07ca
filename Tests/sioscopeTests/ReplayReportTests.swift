import Foundation
import JSONText
import Replay
import Taps
import Testing
import TimelineModel

@testable import sioscope

struct ReportCase: CustomTestStringConvertible, Sendable {
    let name: String
    var isPass = false
    let report: ReplayReport
    var testDescription: String { self.name }

    static let faithful: ReplayOutcome = {
        var outcome = ReplayOutcome()
        (outcome.expected, outcome.matched, outcome.lives, outcome.livesDone) = (3, 3, 1, 1)
        outcome.durationNs = 2_000_000_000
        outcome.lateness.add(200_000)
        outcome.lateness.add(400_000)
        return outcome
    }()

    static func finding(_ rule: String, _ severity: Severity) -> Finding {
        Finding(
            sessionID: 1, frameID: 7, rule: rule, severity: severity, status: .confirmed,
            at: Timestamp(nanoseconds: 1_500_000_000), message: "it \"happened\" <here>", evidence: "{\"frames\":[7]}")
    }

    static func report(
        _ mode: ReplayCommand.Mode = .server, findings: [Finding] = [],
        _ change: (inout ReplayOutcome) -> Void = { _ in }
    ) -> ReplayReport {
        var outcome = Self.faithful
        change(&outcome)
        return ReplayReport(
            timeline: "run.db", session: 2, mode: mode, pace: .times(10), parts: [ReplayReport.Part(outcome: outcome)],
            findings: findings, began: Timestamp(nanoseconds: 500_000_000))
    }

    static let all: [ReportCase] = [
        ReportCase(name: "faithful", isPass: true, report: Self.report()),
        ReportCase(
            name: "a warning of the client", isPass: true,
            report: Self.report(findings: [Self.finding("eio4-client-ping", .warning)])),
        ReportCase(
            name: "an error of the client", report: Self.report(findings: [Self.finding("eio4-client-ping", .error)])),
        ReportCase(
            name: "an error of the client where the server is tested", isPass: true,
            report: Self.report(.client, findings: [Self.finding("eio4-client-ping", .error)])),
        ReportCase(
            name: "an error of the server where the client is tested", isPass: true,
            report: Self.report(findings: [
                Self.finding("open-invalid", .error)
            ])),
        ReportCase(
            name: "missing",
            report: Self.report {
                $0.divergences = [
                    Divergence(
                        .missing, life: 1, recordedFrameID: 9, sender: .client, namespace: "/chat",
                        what: "event \"a\" [1]", detail: "it never came")
                ]
            }),
        ReportCase(
            name: "changed",
            report: Self.report {
                $0.divergences = [
                    Divergence(
                        .changed, life: 1, recordedFrameID: 9, atNs: 1_250_000_000, sender: .client, namespace: "/",
                        what: "event \"a\"",
                        differences: [JSONDifference(pointer: "/0", recorded: "1", live: "\"<&>\"")])
                ]
            }),
        ReportCase(name: "waited", report: Self.report { $0.waitedFor = "event \"a\" on /" }),
        ReportCase(
            name: "a failure beside",
            report: {
                var report = Self.report()
                report.failures = ["no client connected within 30 s"]
                report.process = ReplayReport.Process(command: ["./client", "{url}"], end: .exited(status: 3))
                return report
            }()),
    ]
}

@Suite("The report of a replay")
struct ReplayReportTests {
    @Test("says pass or fail", arguments: ReportCase.all)
    func verdict(_ item: ReportCase) throws {
        #expect(item.report.isPass == item.isPass)
        let json = try JSONValue(ReplayJSON.object(item.report))
        #expect(json["verdict"]?.string == (item.isPass ? "pass" : "fail"))
        var text = ""
        try ReplayText(item.report, on: .plain).print { text += $0 }
        #expect(text.hasPrefix(item.isPass ? "pass  " : "fail  "))
        var junit = ""
        try ReplayJUnit(item.report).print { junit += $0 }
        #expect(junit.contains("<failure ") == !item.isPass)
        #expect(junit.contains("failures=\"0\"") == item.isPass)
    }

    @Test("names what failed, where and when, in each format")
    func changed() throws {
        let report = try #require(ReportCase.all.first { $0.name == "changed" }?.report)
        var text = ""
        try ReplayText(report, on: .plain).print { text += $0 }
        #expect(
            text == """
                fail  session 2 of run.db, as the server, pace x10: 3 of 3 packets came, 1 of 1 life
                  changed         +1.250 s  event "a"; /0: recorded 1, live "<&>" [recorded frame 9]
                  sent 2 packets in 2.0 s; behind the plan by 300 µs, at most 400 µs

                """)
        let divergence = try JSONValue(ReplayJSON.object(report))["divergences"]?.array?.first
        #expect(divergence?["kind"]?.string == "changed")
        #expect(divergence?["differences"]?.array?.first?["live"]?.string == "\"<&>\"")
        var junit = ""
        try ReplayJUnit(report).print { junit += $0 }
        #expect(junit.contains("/0: recorded 1, live &quot;&lt;&amp;&gt;&quot;"))
    }

    @Test("times findings from the beginning of the live run")
    func times() throws {
        let report = ReportCase.report(findings: [ReportCase.finding("eio4-client-ping", .error)])
        var text = ""
        try ReplayText(report, on: .plain).print { text += $0 }
        #expect(text.contains("  error           +1.000 s  eio4-client-ping: it \"happened\" <here>\n"))
        let finding = try JSONValue(ReplayJSON.object(report))["findings"]?.array?.first
        #expect(finding?["at_ns"]?.integer == 1_000_000_000)
        #expect(finding?["fails"]?.bool == true)
    }
}

@Suite("Who is to blame")
struct BlameTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let rule: String
        var severity = Severity.error
        var tested = Sender.client
        var sender: Sender?
        var isRecordedPace = true
        let blame: Blame
        var testDescription: String { "\(self.rule), tested \(self.tested), sent by \(self.sender?.rawValue ?? "?")" }
    }

    @Test(
        "a rule's finding",
        arguments: [
            Case(rule: "eio4-client-ping", sender: .client, blame: .tested),
            Case(rule: "eio4-client-ping", severity: .warning, sender: .client, blame: .nobody),
            Case(rule: "eio4-client-ping", tested: .server, sender: .client, blame: .nobody),
            Case(rule: "sio-malformed-packet", sender: .client, blame: .tested),
            Case(rule: "sio-malformed-packet", sender: .server, blame: .nobody),
            Case(rule: "sio-malformed-packet", tested: .server, sender: .server, blame: .tested),
            Case(rule: "sio-malformed-packet", blame: .testedUnlessRecorded(rule: "sio-malformed-packet")),
            Case(rule: "pong-missing", sender: .server, blame: .tested),
            Case(
                rule: "namespace-rejected", sender: .server,
                blame: .testedUnlessRecorded(rule: "namespace-rejected")),
            Case(rule: "flap-periodic", sender: .server, blame: .nobody),
            Case(rule: "reconnect-storm", blame: .tested),
            Case(rule: "reconnect-storm", isRecordedPace: false, blame: .nobody),
            Case(rule: "no-such-rule", blame: .nobody),
        ])
    func blame(_ item: Case) {
        let finding = ReportCase.finding(item.rule, item.severity)
        #expect(
            Blame(finding, tested: item.tested, sender: item.sender, isRecordedPace: item.isRecordedPace) == item.blame)
    }

    @Test("what the recording shows, too, and others may be to blame for, does not fail")
    func recorded() {
        var report = ReportCase.report(findings: [ReportCase.finding("namespace-rejected", .error)])
        #expect(!report.isPass)
        #expect(report.asksRecording)
        report.recordedRules = ["namespace-rejected"]
        #expect(report.isPass)
        report.findings = [ReportCase.finding("eio4-client-ping", .error)]
        report.recordedRules = ["eio4-client-ping"]
        #expect(!report.isPass)
        #expect(!report.asksRecording)
    }
}

@Suite("The command replay")
struct ReplayCommandTests {
    @Test(
        "knows what is played by what is given",
        arguments: [
            (["a.db"], ReplayCommand.Mode.virtual), (["a.db", "--", "./client", "{url}"], .server),
            (["a.db", "--listen", "127.0.0.1:0"], .server), (["a.db", "--as", "server"], .server),
            (["a.db", "--to", "http://127.0.0.1:1"], .client),
        ])
    func mode(_ arguments: [String], _ mode: ReplayCommand.Mode) throws {
        let command = try #require(try SioscopeCommand.parseAsRoot(["replay"] + arguments) as? ReplayCommand)
        #expect(command.mode == mode)
    }

    @Test(
        "refuses what does not go together",
        arguments: [
            ["a.db", "--as", "client"], ["a.db", "--as", "server", "--to", "http://x"],
            ["a.db", "--to", "http://x", "--", "./client"], ["a.db", "--pace", "x0"], ["a.db", "--pace", "10"],
            ["a.db", "--as", "server", "--misbehave", "eio4-client-ping"], ["a.db", "--listen", "nowhere"],
            ["a.db", "--copies", "0"],
        ])
    func refuses(_ arguments: [String]) {
        #expect(throws: (any Error).self) { try SioscopeCommand.parseAsRoot(["replay"] + arguments) }
    }

    @Test(
        "paces as they are written",
        arguments: [("recorded", Pace.recorded), ("fast", .fast), ("x10", .times(10)), ("x0.5", .times(0.5))])
    func paces(_ text: String, _ pace: Pace) {
        #expect(Pace(argument: text) == pace)
        #expect(pace.text == text)
    }

    @Test("fills a client's command in; a wildcard stands for loopback")
    func address() {
        let address = ClientAddress(HostPort(host: "0.0.0.0", port: 7002))
        #expect(address.fill("a={url} b={host}:{port}") == "a=http://127.0.0.1:7002 b=127.0.0.1:7002")
        #expect(ClientAddress(HostPort(host: "::", port: 1)).url == "http://[::1]:1")
    }
}

@Suite("The client's process")
struct ClientProcessTests {
    private static let address = ClientAddress(HostPort(host: "127.0.0.1", port: 1))

    private static func run(_ script: String) throws -> ReplayReport.Process.End {
        let ended = DispatchSemaphore(value: 0)
        let process = try ClientProcess(["sh", "-c", script], at: Self.address) { ended.signal() }
        ended.wait()
        return process.stop()
    }

    @Test("tells how it ended")
    func ends() throws {
        #expect(try Self.run("exit 0") == .exited(status: 0))
        #expect(try Self.run("exit 7") == .exited(status: 7))
        #expect(try Self.run("kill -SEGV $$") == .killed(signal: 11))
    }

    @Test("takes with it what it started, even out of its group, and what does not heed SIGTERM")
    func leavesNothing() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "pids-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: file) }
        let script = """
            setsid sleep 1000 & echo $! >>\(file)
            sh -c 'trap "" TERM; echo $$ >>\(file); while :; do sleep 1; done' &
            while [ "$(wc -l <\(file))" -lt 2 ]; do sleep 0.05; done
            """
        // It ends by itself, and leaves both behind.
        #expect(try Self.run(script) == .exited(status: 0))
        let pids = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").compactMap { pid_t($0) }
        #expect(pids.count == 2)
        for pid in pids { #expect(!Self.isRunning(pid)) }
    }

    /// A zombie that its parent has not asked for yet is none.
    private static func isRunning(_ pid: pid_t) -> Bool {
        guard let stat = FileManager.default.contents(atPath: "/proc/\(pid)/stat") else { return false }
        return !String(decoding: stat, as: UTF8.self).contains(") Z ")
    }

    @Test("that cannot be started is named")
    func missing() {
        #expect(throws: ToolError("/nowhere/client: cannot be started: no such file or directory")) {
            _ = try ClientProcess(["/nowhere/client"], at: Self.address) {}
        }
    }
}
