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

    static let captureNames = TestFiles.names(in: TestFiles.captures).filter {
        $0.hasSuffix("cap") || $0.hasSuffix("capng")
    }

    @Test("tells nothing that it takes back, captures", arguments: Self.captureNames)
    func bundled(_ name: String) throws {
        let contents = try CaptureContents(TestFiles.bytes(TestFiles.captures.appending(path: name)))
        Self.check(contents, Configuration(), name)
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
