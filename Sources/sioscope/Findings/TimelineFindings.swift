import Faults
import Recording
import Timeline
import TimelineModel

/// A finding with its id in the table `findings`.
struct NumberedFinding: Equatable {
    var id: Int64
    var finding: Finding
}

/// What the rules find in a timeline, capture by capture.
struct TimelineFindings {
    /// In the order of the captures, then of time; numbered from 1.
    private(set) var all: [NumberedFinding] = []
    /// Sessions that were judged.
    private(set) var sessions = 0
    private(set) var frames: Int64 = 0

    init(of timeline: TimelineReader, _ configuration: Configuration) throws {
        try timeline.forEachCapture { capture in
            Analysis(
                capture.facts, connections: capture.connections, sessions: capture.sessions,
                configuration: configuration)
        } seen: { capture, analysis in
            var analysis = analysis
            let outcome = analysis.finish()
            self.sessions += outcome.sessions.count
            self.frames += capture.sessions.reduce(0) { $0 &+ $1.framesClient &+ $1.framesServer }
            for finding in outcome.findings {
                self.all.append(NumberedFinding(id: Int64(self.all.count) + 1, finding: finding))
            }
        }
    }
}
