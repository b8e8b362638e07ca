import Recording
import Replay
import Timeline
import TimelineModel

/// A part of a recording as the rows that will be written.
struct ReducedRecording {
    var facts: CaptureFacts
    var batch: TimelineBatch

    /// - Throws: what reading throws; `ToolError` where the capture is gone.
    init(
        _ lineage: RecordedLineage, from timeline: TimelineReader, path: String, redactor: Redactor?
    ) throws {
        var found: (facts: CaptureFacts, batch: TimelineBatch)?
        let sessions = Set(lineage.sessions.map(\.facts.id))
        try timeline.forEachCapture(isWhole: true) { capture in
            KeptRows(capture, of: lineage)
        } seen: { capture, rows in
            if capture.sessions.contains(where: { sessions.contains($0.id) }) { found = rows.finish() }
        }
        guard var found else { throw ToolError("\(path): the session is not there any more; was the file changed?") }
        found.facts.source = "a part of \(path), by sioscope reduce"
        if var redactor {
            redactor.redact(&found.batch)
            redactor.redact(&found.facts)
            found.facts.redacted = redactor.summary
        }
        self.facts = found.facts
        self.batch = found.batch
    }

    /// As it will be read again.
    var lineage: RecordedLineage {
        var collectors = self.batch.sessions.map { SessionCollector($0) }
        let places = Dictionary(
            self.batch.sessions.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
        for frame in self.batch.frames {
            if let place = frame.sessionID.flatMap({ places[$0] }) { collectors[place].see(frame) }
        }
        for anomaly in self.batch.anomalies {
            if let place = anomaly.sessionID.flatMap({ places[$0] }) { collectors[place].see(anomaly) }
        }
        var lives: [RecordedLineage.Life] = []
        for exchange in self.batch.exchanges {
            if let place = exchange.sessionID.flatMap({ places[$0] }) {
                collectors[place].see(exchange)
            } else {
                lives.append(.refused(exchange))
            }
        }
        lives += collectors.map { .session($0.finish()) }
        return RecordedLineage(lives: lives.sorted { $0.began < $1.began })
    }

    /// Makes the timeline, or appends to it.
    func write(to path: String) throws {
        let writer = try TimelineWriter(path: path, mode: .importing)
        do {
            try writer.begin(self.facts, toolVersion: SioscopeCommand.version)
            try writer.write(self.batch)
            try writer.endCapture(self.facts)
            try writer.finish()
        } catch {
            writer.abandon()
            throw error
        }
    }
}
