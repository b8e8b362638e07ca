import Faults
import Timeline
import TimelineModel

/// What a timeline has to say of the ends of its sessions, capture by capture.
struct Story {
    private(set) var diagnoses: [Diagnosis] = []
    /// Sessions that had not ended when their capture did, with what was found in them.
    private(set) var running: [(id: Int64, faults: [Diagnosis.OtherFault])] = []
    /// All sessions there are.
    private(set) var sessions: Set<Int64> = []
    /// Faults of handshakes that no session came of.
    private(set) var refusals: [Finding] = []
    /// Those that no rule has a word for.
    private(set) var unexplained: [RefusedRequests.Unexplained] = []
    /// Requests that were refused and made no session, all of them.
    private(set) var refusedRequests = 0
    /// What the captures miss.
    private(set) var incomplete: [String] = []

    init(
        of timeline: TimelineReader, sessions wanted: [Int64], server: ServerKind?, _ configuration: Configuration
    ) throws {
        try timeline.forEachCapture { capture in
            Witness(
                analysis: Analysis(
                    capture.facts, connections: capture.connections, sessions: capture.sessions,
                    configuration: configuration),
                refused: RefusedRequests(connections: capture.connections))
        } seen: { _, witness in
            var analysis = witness.analysis
            let outcome = analysis.finish()
            self.sessions.formUnion(outcome.sessions.map(\.facts.id))
            let diagnoser = Diagnoser(outcome, server: server)
            self.diagnoses += diagnoser.diagnoses(sessions: wanted)
            for facts in outcome.sessions.map(\.facts) where (facts.endClass ?? .captureEnd) == .captureEnd {
                guard wanted.isEmpty || wanted.contains(facts.id) else { continue }
                self.running.append((facts.id, diagnoser.faults(ofRunning: facts.id)))
            }
            guard wanted.isEmpty else { return }
            self.incomplete += outcome.findings.filter { $0.rule == "capture-incomplete" }.map(\.message)
            self.refusals += outcome.findings.filter { $0.sessionID == nil && $0.severity > .note }
            self.unexplained += witness.refused.unexplained(by: outcome.findings)
            self.refusedRequests += witness.refused.count
        }
    }

    /// Judges a capture, and keeps what was refused in it.
    private struct Witness: CaptureWitness, Sendable {
        var analysis: Analysis
        var refused: RefusedRequests

        mutating func see(_ frame: Frame) { self.analysis.see(frame) }
        mutating func see(_ anomaly: Anomaly) { self.analysis.see(anomaly) }
        mutating func see(_ exchange: ExchangeFacts) {
            self.analysis.see(exchange)
            self.refused.see(exchange)
        }
    }
}
