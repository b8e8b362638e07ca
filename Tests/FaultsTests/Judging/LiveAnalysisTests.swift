import Foundation
import TestSupport
import Testing
import TimelineModel

@testable import Faults

/// What is told while a capture is recorded is what `analyze` finds in it later.
@Suite("Judging live")
struct LiveAnalysisTests {
    /// What makes a finding the same one; its numbers grow while a fault lasts, and some grow with every session.
    struct Key: Hashable, CustomStringConvertible {
        var rule: String
        var session: Int64?
        var frame: Int64?
        var at: Int64?

        init(_ finding: Finding, _ contents: CaptureContents) {
            self.rule = finding.rule
            switch Catalogue.telling(finding.rule) {
            case .oncePerCapture: break
            case .oncePerClient:
                self.session = contents.sessions.first { $0.id == finding.sessionID }?.lineage
            case .atOnce, .atTheEnd:
                (self.session, self.frame) = (finding.sessionID, finding.frameID)
                self.at = finding.at.nanoseconds
            }
        }

        var description: String {
            "\(self.rule) session \(self.session ?? 0) frame \(self.frame ?? 0) at \(self.at ?? 0)"
        }
    }

    @Test("tells nothing that it takes back, fixtures", arguments: Scenario.files)
    func fixtures(_ rule: String) throws {
        for scenario in try Scenario.read(rule: rule) {
            let contents = try Recording(scenario.lines).rows()
            Self.check(contents, scenario.configuration(), scenario.title)
        }
    }

    @Test("tells nothing that it takes back, captures", arguments: TestFiles.captureFiles)
    func bundled(_ name: String) throws {
        let contents = try CaptureContents(TestFiles.bytes(TestFiles.captures.appending(path: name)))
        Self.check(contents, Configuration(), name)
    }

    // MARK: How far it has judged

    private static let second: Int64 = 1_000_000_000

    /// A session whose open packet has this time by the tap's clock, and came in so much later by ours.
    private struct Clock {
        var at: Int64
        var late: Int64 = 0
    }

    /// What was judged 30 s after the open packets, in seconds by the taps' clocks: pings are missed by then.
    private static func judged(
        _ kind: CaptureKind, _ clocks: [Clock], end: EndClass? = .captureEnd
    ) -> (until: Double?, told: Int) {
        var facts = CaptureFacts(kind: kind, source: "test")
        var live = LiveAnalysis(facts)
        var told = 0
        var batch = TimelineBatch()
        for (index, clock) in clocks.enumerated() {
            let id = Int64(index + 1)
            let at = Timestamp(nanoseconds: clock.at * Self.second)
            var session = SessionFacts(id: id, sid: "s\(id)", opened: at)
            (session.engineIOVersion, session.pingIntervalMs, session.pingTimeoutMs) = (4, 5_000, 5_000)
            (session.transports, session.completeHead) = ([.websocket], true)
            let frame = Frame(
                id: id, sessionID: id, connectionID: id, at: at, sender: .server, transport: .websocket,
                layer: .engineio, opcode: 1, engineIOType: .open, sizeBytes: 1, wireBytes: 3)
            facts.ended = max(at, facts.ended ?? at)
            batch = TimelineBatch()
            batch.sessions = [session]
            batch.frames = [frame]
            _ = live.see(batch, facts, at: at.later(by: clock.late * Self.second))
        }
        let now = (clocks.map { $0.at + $0.late }.max() ?? 0) + 30
        for news in live.tick(at: Timestamp(nanoseconds: now * Self.second)) {
            if case .finding(let finding, _) = news, finding.rule == "server-ping-missed" { told += 1 }
        }
        if let end {
            for index in clocks.indices {
                var session = SessionFacts(id: Int64(index + 1), sid: "s\(index + 1)", opened: .zero)
                (session.engineIOVersion, session.endClass) = (4, end)
                if end != .captureEnd { session.ended = facts.ended }
                batch = TimelineBatch()
                batch.sessions.append(session)
                _ = live.see(batch, facts, at: Timestamp(nanoseconds: now * Self.second))
            }
        }
        _ = live.finish(at: Timestamp(nanoseconds: now * Self.second))
        return (live.judgedUntil.map { Double($0.nanoseconds) / 1e9 }, told)
    }

    @Test("says how far it has judged what is open at the end")
    func judgedUntil() {
        // Silence is certain three quarters of a second after it.
        for kind in [CaptureKind.live, .proxy, .client, .hook] {
            let one = Self.judged(kind, [Clock(at: 100)])
            #expect(one.until == 129.25 && one.told == 1, "\(kind)")
            #expect(Self.judged(kind, [Clock(at: 100)], end: nil).until == 129.25, "\(kind)")
            // Over, or by a clock that is none of ours.
            #expect(Self.judged(kind, [Clock(at: 100)], end: .fin).until == nil, "\(kind)")
            let wrong = Self.judged(kind, [Clock(at: 100, late: 3_600)])
            #expect(wrong.until == nil && wrong.told == 0, "\(kind)")
            #expect(Self.judged(kind, [Clock(at: 100), Clock(at: 100, late: 3_600)]).until == nil, "\(kind)")
            #expect(Self.judged(kind, []).until == nil, "\(kind)")
        }
        // The second one hears 3 s late: of a tap that has one clock, or by a client's clock that is behind.
        let late = [Clock(at: 100), Clock(at: 97, late: 3)]
        #expect(Self.judged(.live, late).until == 129.25)
        #expect(Self.judged(.hook, late).until == 126.25)
    }

    // MARK: Who else is there

    private static let refusals = (1...6).map { number in
        let begun = Double(number) * 0.3
        return "\(begun) GET /socket.io/?EIO=4&transport=polling -> 502 \(begun + 0.01) client=10.0.0.1 "
            + "connection=\(number + 1) nosession"
    }

    /// Of clients that come at once some are refused one after the other; one waits, or was let in.
    @Test(
        "tells no storm while another client that looks alike is there",
        arguments: [
            ("GET /socket.io/?EIO=4&transport=polling -> 502 20.000 client=10.0.0.1 connection=1", 0),
            ("GET /socket.io/?EIO=4&transport=polling -> none client=10.0.0.1 connection=1", 0),
            ("C 40", 0), ("GET /socket.io/?EIO=4&transport=polling -> 502 0.010 client=10.0.0.2", 1),
        ])
    func otherClients(_ other: String, _ storms: Int) throws {
        var lines = ["capture end=60"]
        if other.hasPrefix("C") { lines += ["session", "0.000 S open", "2.000 C 42[\"a\"]", "30.000 C 3"] }
        lines += ["0.010 \(other)"] + Self.refusals
        let contents = try Recording(
            lines.enumerated().map { Scenario.Line(number: $0.offset + 1, text: $0.element) }
        ).rows()
        let told = LiveReplay(contents).told.map(\.finding.rule)
        #expect(told.count { $0 == "reconnect-storm" } == storms, "\(told)")
        #expect(contents.analysed(Configuration()).findings.count { $0.rule == "reconnect-storm" } == storms)
    }

    @Test("says of what it takes back that it does, once, when the session has ended")
    func takenBack() throws {
        let lines = [
            "session eio=4 pi=25000 pt=5000", "0.000 S open", "0.010 C 40", "25.000 S 2", "45.000 S 42[\"a\"]",
            "61.000 S close",
        ]
        // The pong of the first ping comes after all, or never does.
        for (pongs, takenBack) in [(["44.000 C 3"], ["pong-missing"]), ([], [])] {
            let contents = try Recording(
                (lines + pongs).enumerated().map { Scenario.Line(number: $0.offset + 1, text: $0.element) }
            ).rows()
            let replay = LiveReplay(contents)
            #expect(replay.told.contains { $0.finding.rule == "pong-missing" })
            #expect(replay.takenBack.map(\.finding.rule) == takenBack)
            #expect(replay.takenBack.allSatisfy { $0.now == nil })
        }
    }

    @Test("a finding is taken back where nothing of it stands, or where it is less severe")
    func standing() {
        func finding(_ rule: String, _ severity: Severity, session: Int64? = 1, at: Int64 = 5) -> Finding {
            Finding(
                sessionID: session, frameID: nil, rule: rule, severity: severity, status: .confirmed,
                at: Timestamp(nanoseconds: at), message: "m\(at)", evidence: "{}")
        }
        func takenBack(_ told: Finding, _ final: [Finding]) -> [TakenBack] {
            TakenBack.all(of: [told], final: final) { $0 / 10 }
        }
        let told = finding("pong-missing", .error)
        #expect(takenBack(told, [told]).isEmpty)
        #expect(takenBack(told, []) == [TakenBack(told)])
        #expect(takenBack(told, [finding("pong-missing", .error, at: 6)]) == [TakenBack(told)])
        #expect(takenBack(told, [finding("pong-missing", .note)]) == [TakenBack(told, now: .note)])
        #expect(takenBack(finding("pong-missing", .note), [told]).isEmpty)
        // One a capture, one a client: wherever it shows by now.
        let storm = finding("reconnect-storm", .error)
        #expect(takenBack(storm, [finding("reconnect-storm", .error, session: 30, at: 9)]).isEmpty)
        let flap = finding("flap-periodic", .warning, session: 11)
        #expect(takenBack(flap, [finding("flap-periodic", .warning, session: 19, at: 9)]).isEmpty)
        #expect(takenBack(flap, [finding("flap-periodic", .warning, session: 20, at: 9)]) == [TakenBack(flap)])
    }

    private static func check(_ contents: CaptureContents, _ configuration: Configuration, _ name: String) {
        let findings = contents.analysed(configuration).findings
        let final = Set(findings.map { Key($0, contents) })
        let replay = LiveReplay(contents, configuration)
        let told = replay.told.map { Key($0.finding, contents) }
        #expect(told.count == Set(told).count, "\(name): told twice")
        for (told, key) in zip(replay.told, told) where !final.contains(key) {
            if Self.isExcused(told, findings, contents) { continue }
            Issue.record("\(name): told and taken back: \(key)")
        }
    }

    /// A pong that was missing may come after all, and is late then; and a hole in the capture may show only afterwards.
    private static func isExcused(
        _ told: LiveReplay.Told, _ findings: [Finding], _ contents: CaptureContents
    ) -> Bool {
        if told.finding.rule == "pong-missing" {
            let late = findings.filter { $0.rule == "pong-late" && $0.sessionID == told.finding.sessionID }
            if late.contains(where: { $0.at > told.finding.at }) { return true }
        }
        // What a session says behind its own end, no real one does.
        if let ended = contents.sessions.first(where: { $0.id == told.finding.sessionID })?.ended,
            contents.frames.contains(where: { $0.sessionID == told.finding.sessionID && $0.at > ended })
        {
            return true
        }
        return contents.anomalies.contains {
            $0.code.isHole && $0.sessionID == told.finding.sessionID && $0.at >= told.at
        }
    }
}
