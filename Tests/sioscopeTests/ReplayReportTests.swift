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
                fail  session 2 of run.db, as the server, pace x10: 3 of 3 packets came, 1 of 1 connection
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

@Suite("The text of a replay's report")
struct ReplayTextTests {
    private static func text(_ report: ReplayReport) throws -> String {
        var text = ""
        try ReplayText(report, on: .plain).print { text += $0 }
        return text
    }

    private static func divergence(
        _ kind: Divergence.Kind, _ atNs: Int64?, _ what: String, in namespace: String = "/"
    ) -> Divergence {
        Divergence(kind, life: 1, atNs: atNs, sender: .client, namespace: namespace, what: what)
    }

    @Test("has what went wrong in the order of time, what never came last; and names namespaces")
    func order() throws {
        let report = ReportCase.report(findings: [ReportCase.finding("eio4-client-ping", .error)]) {
            $0.divergences = [
                Self.divergence(.missing, nil, "event [\"c\"]", in: "/chat"),
                Self.divergence(.unexpected, 1_250_000_000, "connect"),
                Self.divergence(.late, 250_000_000, "event [\"a\"]"),
            ]
        }
        #expect(
            try Self.text(report) == """
                fail  session 2 of run.db, as the server, pace x10: 3 of 3 packets came, 1 of 1 connection
                  late            +0.250 s  event ["a"]
                  error           +1.000 s  eio4-client-ping: it "happened" <here>
                  unexpected      +1.250 s  connect to /
                  missing                   event on /chat ["c"]
                  sent 2 packets in 2.0 s; behind the plan by 300 µs, at most 400 µs

                """)
    }

    @Test("folds long lists with a count of each kind")
    func folds() throws {
        let report = ReportCase.report {
            $0.divergences = (Int64(0)..<25).map { Self.divergence(.late, $0, "event [\($0)]") }
            $0.divergences += (Int64(0)..<7).map { Self.divergence(.missing, nil, "event [\($0)]") }
        }
        let lines = try Self.text(report).split(separator: "\n")
        #expect(lines.count == 23)
        #expect(lines[21] == "  and 12 more: 5 late, 7 missing (--format json has all)")
        #expect(try JSONValue(ReplayJSON.object(report))["divergences"]?.array?.count == 32)
    }

    @Test("says of a client that never came what was waited for, and no more")
    func unmet() throws {
        var report = ReportCase.report {
            ($0.matched, $0.livesDone, $0.lateness, $0.waitedFor) = (0, 0, Lateness(), "the client to connect")
            $0.divergences = [Self.divergence(.missing, nil, "connection 1 of 1")]
        }
        report.isUnmet = true
        report.failures = ["no client connected within 30 s"]
        report.process = ReplayReport.Process(command: ["sh", "-c", "sleep 100"], end: .ended)
        #expect(
            try Self.text(report) == """
                fail  session 2 of run.db, as the server, pace x10: no client connected within 30 s
                  waited      for the client to connect, and then for 3 packets of it
                  the client (sh -c sleep 100) was ended with the replay

                """)
    }

    @Test("marks what a signal has cut short, in each format")
    func interrupted() throws {
        var report = ReportCase.report { $0.waitedFor = "an event" }
        report.isInterrupted = true
        #expect(!report.isPass)
        let text = try Self.text(report)
        #expect(text.hasPrefix("interrupted  session 2 of run.db"))
        #expect(text.contains("\n  waited      for an event\n"), "\(text)")
        #expect(try JSONValue(ReplayJSON.object(report))["verdict"]?.string == "interrupted")
        var junit = ""
        try ReplayJUnit(report).print { junit += $0 }
        #expect(junit.contains("failures=\"0\" errors=\"1\""))
        #expect(junit.contains("<error type=\"interrupted\""))
    }

    @Test("tells copies that wait for the same at once, and knows no lateness in virtual time")
    func copies() throws {
        var report = ReportCase.report(.virtual) { $0.waitedFor = "the server's open packet" }
        #expect(try Self.text(report).contains("\n  sent 2 packets in 2.0 s of virtual time\n"))
        report.parts = (1...50).map { ReplayReport.Part(name: "copy \($0)", outcome: report.parts[0].outcome) }
        #expect(try Self.text(report).contains("\n  waited      50 copies: for the server's open packet\n"))
    }

    @Test("is no wider than the terminal, and keeps numbers with their units")
    func width() throws {
        let report = ReportCase.report {
            $0.divergences = (0..<4).map { count in
                Self.divergence(
                    .missing, nil, "event [\"\(String(repeating: "x", count: count))\"] of the client, said at 1.234 s")
            }
        }
        for width in [72, 74, 76, 78, 100] {
            var text = ""
            try ReplayText(report, on: Terminal(width: width)).print { text += $0 }
            for line in text.split(separator: "\n") {
                #expect(line.count <= width)
                #expect(!line.hasSuffix("1.234"))
            }
        }
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
            Case(rule: "message-too-big", sender: .client, blame: .tested),
            Case(rule: "message-too-big", blame: .testedUnlessRecorded(rule: "message-too-big")),
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
    func paces(_ text: String, _ pace: Pace) throws {
        #expect(try Pace.read(text) == pace)
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
        return process.stop().end
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

    @Test("is read to its end however much it prints, and passed on up to the limit, with whole lines behind it")
    func output() throws {
        let pipe = Pipe()
        let output = try ClientOutput(to: pipe.fileHandleForWriting.fileDescriptor, limit: 10)
        #expect(write(output.writeEnd, "12345\n789", 9) == 9)
        let rest = [UInt8](repeating: 0x78, count: 1 << 20)
        // Far more than a pipe holds: this only returns when it is read.
        #expect(write(output.writeEnd, rest, rest.count) == rest.count)
        output.closeWriteEnd()
        let count = output.finish()
        #expect(count == ClientOutput.Count(printed: 9 + rest.count, leftOut: rest.count - 1))
        #expect(count.leftOutText?.hasPrefix("the client printed 1048585 bytes, of which 1048575 are left out") == true)
        try pipe.fileHandleForWriting.close()
        let passed = try pipe.fileHandleForReading.readToEnd() ?? Data()
        #expect(String(decoding: passed, as: UTF8.self) == "12345\n789x\n")
    }

    @Test("never waits for a stderr that nobody reads")
    func blocked() throws {
        let pipe = Pipe()
        let output = try ClientOutput(to: pipe.fileHandleForWriting.fileDescriptor, limit: 1 << 20)
        let bytes = [UInt8](repeating: 0x78, count: 1 << 20)
        for _ in 0..<4 { #expect(write(output.writeEnd, bytes, bytes.count) == bytes.count) }
        output.closeWriteEnd()
        let count = output.finish(patience: 0.1)
        #expect(count.printed == 4 << 20)
        #expect(count.leftOut >= 3 << 20)
        // What is under way, and the end of its line: a pipe that is closed under the thread that writes would signal.
        let passed = try pipe.fileHandleForReading.read(upToCount: count.printed - count.leftOut + 1)
        #expect(passed?.last == 0x0A)
    }

    @Test("that cannot be started is named")
    func missing() {
        #expect(throws: ToolError("/nowhere/client: cannot be started: no such file or directory")) {
            _ = try ClientProcess(["/nowhere/client"], at: Self.address) {}
        }
    }
}
