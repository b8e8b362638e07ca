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
    /// What the captures miss.
    private(set) var incomplete: [String] = []

    init(
        of timeline: TimelineReader, sessions wanted: [Int64], server: ServerKind?, _ configuration: Configuration
    ) throws {
        try timeline.forEachCapture { capture in
            Analysis(
                capture.facts, connections: capture.connections, sessions: capture.sessions,
                configuration: configuration)
        } seen: { _, analysis in
            var analysis = analysis
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
        }
    }
}
