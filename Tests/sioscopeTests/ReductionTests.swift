import ArgumentParser
import Foundation
import Recording
import Replay
import Timeline
import TimelineModel
import Testing

@testable import sioscope

/// The reduction with a client that a closure stands for: what it fails on is known.
@Suite("reduce")
struct ReductionTests {
    private static func events(_ lineage: RecordedLineage) -> [String] {
        lineage.sessions.flatMap(\.packets).compactMap { packet in
            if case .socketIO(let scripted) = packet.content { scripted.event } else { nil }
        }
    }

    private static func report(rules: [String]) -> ReplayReport {
        var report = ReplayReport(timeline: "run.db", session: 1, mode: .server, pace: .recorded, parts: [])
        report.findings = rules.map {
            Finding(
                sessionID: 1, frameID: nil, rule: $0, severity: .error, status: .confirmed, at: .zero, message: "",
                evidence: "{}")
        }
        return report
    }

    /// Reduces `capture` and gives what was written, as it is read again.
    private static func reduce(
        _ capture: String, session: Int64? = nil, mostRuns: Int? = nil,
        _ rules: @escaping (RecordedLineage) -> [String],
        check: (_ lineage: RecordedLineage, _ path: String, _ whole: String) throws -> Void
    ) async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "reduced-\(UUID().uuidString).db").path
        let whole = FileManager.default.temporaryDirectory.appending(path: "whole-\(UUID().uuidString).db").path
        defer { for file in [path, whole] { try? FileManager.default.removeItem(atPath: file) } }
        try BundledCapture.withTimeline(capture) { try FileManager.default.copyItem(atPath: $0, toPath: whole) }
        let run = ReductionRun(
            timeline: whole, session: session, output: path, redactor: nil, mostRuns: mostRuns, say: { _ in }
        ) { Self.report(rules: rules($0)) }
        try await run.run()
        let lineage = try LineageReader(timeline: TimelineReader(path: path), path: path).lineage(of: nil)
        try check(lineage, path, whole)
    }

    @Test("of the flap a handful of frames is left")
    func flap() async throws {
        try await Self.reduce("flap") { _ in
            ["eio4-client-ping"]
        } check: { lineage, path, _ in
            #expect(lineage.lives.count == 1)
            #expect(lineage.sessions[0].packets.count <= 5)
            #expect(lineage.sessions[0].closeFrames.count <= 2)
            #expect(lineage.sessions[0].facts.endedBy != nil)
            let sessions = try CommandTests.run(["sessions", path, "--format", "csv"])
            #expect(sessions.status == 0)
            #expect(try CommandTests.run(["frames", path]).output.split(separator: "\n").count <= 8)
        }
    }

    @Test(
        "what is left is as it was recorded, attachments and acks with it", arguments: ["js-binary-polling", "js-acks"])
    func verbatim(_ capture: String) async throws {
        var wanted: RecordedPacket?
        try await Self.reduce(capture) { lineage in
            let packets = lineage.sessions.flatMap(\.packets)
            wanted =
                wanted
                ?? packets.last {
                    if case .socketIO(let scripted) = $0.content {
                        capture == "js-acks"
                            ? scripted.kind == .event && scripted.ackID != nil : !scripted.attachments.isEmpty
                    } else {
                        false
                    }
                }
            return packets.contains { $0.content == wanted?.content && $0.at == wanted?.at }
                ? ["x-rule", "connect-missing"] : []
        } check: { lineage, path, whole in
            let wanted = try #require(wanted)
            #expect(Self.events(lineage).count == 1)
            #expect(lineage.sessions[0].packets.contains { $0.content == wanted.content && $0.at == wanted.at })
            let original = try LineageReader(timeline: TimelineReader(path: whole), path: whole).lineage(of: nil)
            let outcome = DiffOutcome.comparing(original, lineage)
            // Nothing but what is missing; without its DISCONNECT the session ended by its close alone.
            #expect(outcome.differences.allSatisfy { $0.kind == .missing || $0.subject == .end })
            #expect(lineage.sessions[0].facts.transports == original.sessions[0].facts.transports)
            #expect(lineage.sessions[0].facts.engineIOVersion == original.sessions[0].facts.engineIOVersion)
        }
    }

    @Test("a client that passes, or fails in another way each time, is none to reduce")
    func unsteady() async throws {
        await #expect(throws: ToolError.self) {
            try await Self.reduce("flap") { _ in
                []
            } check: { _, _, _ in
            }
        }
        var count = 0
        await #expect(throws: ToolError.self) {
            try await Self.reduce("flap") { _ in
                count += 1
                return count % 2 == 0 ? ["eio4-client-ping"] : ["connect-missing"]
            } check: { _, _, _ in
            }
        }
    }

    @Test("stops after so many replays with the best so far", arguments: [1, 3])
    func stops(_ limit: Int) async throws {
        var runs = 0
        try await Self.reduce("js-acks", mostRuns: limit) { lineage in
            runs += 1
            return Self.events(lineage).count > 3 ? ["eio4-client-ping"] : []
        } check: { lineage, _, _ in
            #expect(Self.events(lineage).count > 3)
        }
        // The whole twice, and what is written once.
        #expect(runs == limit + 3)
    }

    @Test("is redacted where that is asked for")
    func redacted() async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "redacted-\(UUID().uuidString).db").path
        let whole = FileManager.default.temporaryDirectory.appending(path: "whole-\(UUID().uuidString).db").path
        defer { for file in [path, whole] { try? FileManager.default.removeItem(atPath: file) } }
        try BundledCapture.withTimeline("js-connect-error") {
            try FileManager.default.copyItem(atPath: $0, toPath: whole)
        }
        var last: RecordedLineage?
        try await ReductionRun(
            timeline: whole, session: nil, output: path, redactor: Redactor(RedactionKey()), say: { _ in }
        ) { lineage in
            last = lineage
            return Self.report(rules: lineage.lives.count > 1 ? ["eio4-client-ping"] : [])
        }.run()
        let frames = try CommandTests.run(["frames", path, "--format", "jsonl"]).output
        #expect(frames.contains("redacted:"))
        #expect(!frames.contains(#""token\":\"bad"#) && !frames.contains(#"good"#))
        // The last replay was that of what was written.
        let payloads = last?.sessions.flatMap(\.packets).compactMap { packet in
            if case .socketIO(let scripted) = packet.content { scripted.payload } else { nil }
        }
        #expect(payloads?.contains { $0.contains("redacted:") } == true)
        // How polling ended, and the switch to WebSocket, are still there.
        let lineage = try LineageReader(timeline: TimelineReader(path: path), path: path).lineage(of: nil)
        #expect(lineage.sessions.allSatisfy { session in session.exchanges.contains { $0.status == 101 } })
    }
}
