public import Faults
internal import Foundation
public import Timeline
public import TimelineModel

/// A timeline that grows while others read it, judged as it grows.
///
/// Taps hand in rows from any thread; a thread of its own writes them and makes them visible twice a second. What
/// waits for it is bounded: `submit` waits for room.
public final class LiveRecording: @unchecked Sendable {
    public struct Settings: Sendable {
        /// Nil where nothing is redacted.
        public var redactor: Redactor?
        /// Of the rules; nil where nothing is judged.
        public var configuration: Configuration? = Configuration()
        /// Nil where everything is kept.
        public var limits: Retention.Limits?
        /// Told of each finding when it is made, or taken back, and of the failure that ends the recording; from other
        /// threads.
        public var told: @Sendable (Alert) -> Void = { _ in }
        public var failed: @Sendable (TimelineError) -> Void = { _ in }

        public init() {}
    }

    /// What is told while it is recorded.
    public enum Alert: Sendable {
        case found(Finding)
        case takenBack(TakenBack)
    }

    /// Bytes of rows that may wait.
    private static let waitingBytes = 32 << 20
    private static let commitInterval = 0.5
    /// Bytes of rows that are committed at once, however little time has passed: a disk that is full takes all of a
    /// transaction with it.
    private static let transactionBytes = 2 << 20
    /// How long a commit may be put off by what is let go.
    private static let tidyingTime = 0.1
    /// Likewise at the end, when nobody waits any more but the user.
    private static let lastTidyingTime = 5.0

    private let queue = RecordingQueue<RecordedRows>(limit: LiveRecording.waitingBytes)
    private let ended = DispatchSemaphore(value: 0)
    private let settings: Settings
    private let path: String

    // All of this is used by the thread alone, from `init` until `finish` has waited for its end.
    private let writer: TimelineWriter
    private let judge: JudgeThread?
    private let findings: LiveFindings
    private let retention: Retention?
    private var redactors: [Redactor?]
    private var facts: [CaptureFacts]
    private var storedFacts: [CaptureFacts]
    private var openSessions: Set<OpenSession> = []
    private var sessionsOf: [Int64]
    /// The rows of the captures themselves are.
    private var isDirty = true
    /// Bytes of rows that were written since the last commit.
    private var uncommittedBytes = 0
    private var failure: TimelineError?

    // Guards all counts, which others look at.
    private let lock = NSLock()
    private var running = RecordingCounts()
    /// As they were when the file was last committed.
    private var committed = RecordingCounts()
    private var handedInFrames: Int64 = 0
    private var storedFindings: [Severity: Int] = [:]

    /// - Parameters:
    ///   - captures: what is recorded side by side.
    ///   - toolVersion: of this program, kept with the captures.
    public init(
        path: String, captures: [CaptureFacts], toolVersion: String, settings: Settings = Settings()
    ) throws(TimelineError) {
        self.path = path
        self.settings = settings
        var captures = captures
        if let redactor = settings.redactor {
            for index in captures.indices { Self.redact(&captures[index], redactor) }
        }
        let writer = try TimelineWriter(path: path, mode: .live, givesBack: settings.limits?.bytes != nil)
        self.writer = writer
        self.facts = captures
        self.storedFacts = captures
        self.sessionsOf = captures.map { _ in 0 }
        self.redactors = captures.map { _ in settings.redactor }
        try self.writer.begin(captures, toolVersion: toolVersion)
        self.findings = try LiveFindings(self.writer)
        self.retention = try settings.limits.map { (limits) throws(TimelineError) in
            try Retention(limits, writer)
        }
        let counted = Counted()
        self.counted = counted
        self.judge = settings.configuration.map { configuration in
            JudgeThread(captures, configuration) { alert in
                counted.count(alert)
                settings.told(alert)
            }
        }
        Thread.detachNewThread { [self] in
            do throws(TimelineError) {
                try self.run()
            } catch {
                self.failure = error
                self.queue.breakOff()
                settings.failed(error)
            }
            self.ended.signal()
        }
    }

    private struct OpenSession: Hashable {
        var capture: Int
        var id: Int64
    }

    /// Findings by severity, counted where they are told.
    private final class Counted: @unchecked Sendable {
        private let lock = NSLock()
        private var counts: [Severity: Int] = [:]

        private var takenBackCount = 0

        func count(_ alert: Alert) {
            self.lock.withLock {
                switch alert {
                case .found(let finding): self.counts[finding.severity, default: 0] += 1
                case .takenBack(let takenBack):
                    self.counts[takenBack.finding.severity, default: 0] -= 1
                    if let now = takenBack.now { self.counts[now, default: 0] += 1 }
                    self.takenBackCount += 1
                }
            }
        }

        var all: [Severity: Int] { self.lock.withLock { self.counts } }
        var takenBack: Int { self.lock.withLock { self.takenBackCount } }
    }
    private let counted: Counted

    /// Hands in new rows of a capture, with the newest facts of it. False once the recording has failed: the tap can
    /// stop then.
    @discardableResult
    public func submit(_ batch: TimelineBatch, _ facts: CaptureFacts, capture: Int = 0) -> Bool {
        let rows = RecordedRows(batch: batch, facts: facts, capture: capture, at: .now())
        self.lock.withLock { self.handedInFrames += Int64(batch.frames.count) }
        return self.queue.push(rows, weight: rows.weight)
    }

    /// What was recorded so far, whether or not it is stored by now.
    public var counts: RecordingCounts {
        var counts = self.lock.withLock { self.running }
        counts.findings = self.counted.all
        return counts
    }

    /// What the file holds of the recording, and what came and is not in it. After `finish`, also where that has thrown.
    public var stored: RecordingCounts {
        self.lock.withLock {
            var counts = self.committed
            counts.lostFrames = max(0, self.handedInFrames - counts.frames)
            counts.sessions -= Int64(counts.released)
            counts.frames -= counts.releasedFrames
            counts.findings = self.storedFindings
            counts.takenBack = self.counted.takenBack
            return counts
        }
    }

    /// Writes what is left and closes the file. What was committed before a failure is kept.
    ///
    /// - Returns: the final findings of this recording; nil where nothing is judged.
    @discardableResult
    public func finish() throws(TimelineError) -> [Finding]? {
        do throws(TimelineError) {
            let final = try self.finishAll()
            self.keep((final ?? []).reduce(into: [:]) { $0[$1.severity, default: 0] += 1 })
            return final
        } catch {
            // Where not even that can be read, none are told of.
            self.keep((try? self.findings.counts(in: self.path)) ?? [:])
            throw error
        }
    }

    private func keep(_ findings: [Severity: Int]) {
        self.lock.withLock { self.storedFindings = findings }
    }

    private func finishAll() throws(TimelineError) -> [Finding]? {
        self.queue.close()
        self.ended.wait()
        self.judge?.stop()
        if let failure { throw failure }
        try self.storeNews()
        // What was told to be missing is still missing for who looks at the file later.
        for (index, until) in (self.judge?.judgedUntil ?? []).enumerated() {
            guard let until else { continue }
            self.facts[index].ended = max(until, self.facts[index].ended ?? until)
        }
        try self.writer.endCaptures(self.facts)
        try self.commitRows()
        let final = try self.finalFindings()
        if let final { try self.findings.replaceAll(final) }
        try self.writer.finish()
        return final
    }

    /// Who sent these frames of the recording, by their ids in the file. After `finish`.
    public func senders(of frames: Set<Int64>) throws -> [Int64: Sender] {
        guard !frames.isEmpty else { return [:] }
        var found: [Int64: Sender] = [:]
        try TimelineReader(path: self.path).forEachCapture(of: Set(self.writer.captureIDs)) { _ in
            SenderWitness(wanted: frames)
        } seen: { _, witness in
            found.merge(witness.found) { first, _ in first }
        }
        return found
    }

    private struct SenderWitness: CaptureWitness, Sendable {
        let wanted: Set<Int64>
        private(set) var found: [Int64: Sender] = [:]

        init(wanted: Set<Int64>) { self.wanted = wanted }

        mutating func see(_ frame: Frame) {
            if self.wanted.contains(frame.id) { self.found[frame.id] = frame.sender }
        }
        mutating func see(_ exchange: ExchangeFacts) {}
        mutating func see(_ anomaly: Anomaly) {}
    }

    /// Gives up a recording that could not begin: its tap has failed before anything came. A timeline that was made for
    /// it is removed.
    public func cancel(isNew: Bool) {
        self.queue.close()
        self.ended.wait()
        self.judge?.stop()
        self.writer.abandon()
        if isNew { unlink(self.path) }
    }

    // MARK: The thread

    private func run() throws(TimelineError) {
        var due = Date(timeIntervalSinceNow: Self.commitInterval)
        while let items = self.queue.popAll(until: due) {
            for rows in items { try self.take(rows) }
            guard Date() >= due else { continue }
            try self.commit()
            due = Date(timeIntervalSinceNow: Self.commitInterval)
        }
        try self.commit(isLast: true)
    }

    private func take(_ rows: RecordedRows) throws(TimelineError) {
        var rows = rows
        let capture = rows.capture
        guard self.facts.indices.contains(capture) else { return }
        if self.redactors[capture] != nil {
            self.redactors[capture]?.redact(&rows.batch)
            if let redactor = self.redactors[capture] { Self.redact(&rows.facts, redactor) }
        }
        self.facts[capture] = rows.facts
        self.countSessions(rows.batch, capture: capture)
        if !rows.batch.isEmpty {
            self.writer.place(&rows.batch, capture: capture)
            try self.write(rows.batch, capture: capture)
            self.retention?.note(rows.batch)
        }
        self.judge?.see(rows)
    }

    private var transactionLimit: Int { self.retention?.transactionBytes ?? Self.transactionBytes }

    /// In pieces, each of which is committed. Under a limit of bytes the log must not outgrow its share.
    private func write(_ batch: TimelineBatch, capture: Int) throws(TimelineError) {
        let limit = self.transactionLimit
        guard batch.weight > limit else {
            return try self.writePiece(batch, capture: capture)
        }
        // What frames refer to goes before them, and what refers to frames behind.
        var (piece, notes) = (batch, TimelineBatch())
        (piece.frames, piece.anomalies, notes.anomalies) = ([], [], batch.anomalies)
        var weight = piece.weight
        for frame in batch.frames {
            if weight > limit {
                try self.writePiece(piece, capture: capture)
                (piece, weight) = (TimelineBatch(), 0)
            }
            piece.frames.append(frame)
            weight += frame.weight
        }
        try self.writePiece(piece, capture: capture)
        if !notes.isEmpty { try self.writePiece(notes, capture: capture) }
    }

    private func writePiece(_ batch: TimelineBatch, capture: Int) throws(TimelineError) {
        try self.writer.write(batch, capture: capture, hasFileIDs: true)
        self.isDirty = true
        self.lock.withLock { self.running.frames += Int64(batch.frames.count) }
        self.uncommittedBytes += batch.weight
        if self.uncommittedBytes >= self.transactionLimit { try self.commit() }
    }

    private static func redact(_ facts: inout CaptureFacts, _ redactor: Redactor) {
        redactor.redact(&facts)
        facts.redacted = redactor.summary
    }

    /// - Parameter batch: with the ids of the capture.
    private func countSessions(_ batch: TimelineBatch, capture: Int) {
        for session in batch.sessions {
            // Ids count from 1 in each capture.
            self.sessionsOf[capture] = max(self.sessionsOf[capture], session.id)
            if session.endClass == nil {
                self.openSessions.insert(OpenSession(capture: capture, id: session.id))
            } else {
                self.openSessions.remove(OpenSession(capture: capture, id: session.id))
            }
        }
        let sessions = self.sessionsOf.reduce(0, +)
        let dropped = self.facts.reduce(0) { $0 &+ $1.lostPackets }
        let cut = self.facts.reduce(0) { $0 &+ $1.cutPackets }
        self.lock.withLock {
            self.running.sessions = sessions
            self.running.openSessions = Int64(self.openSessions.count)
            (self.running.dropped, self.running.cut) = (dropped, cut)
        }
    }

    /// Makes visible what is new; nothing is written where nothing is.
    private func commit(isLast: Bool = false) throws(TimelineError) {
        try self.storeNews()
        for (index, facts) in self.facts.enumerated() where facts != self.storedFacts[index] {
            try self.writer.update(facts, capture: index)
            self.storedFacts[index] = facts
            self.isDirty = true
        }
        let until = Date(timeIntervalSinceNow: isLast ? Self.lastTidyingTime : Self.tidyingTime)
        repeat {
            if let retention, try retention.tidy(now: .now(), while: { Date() < until }) {
                self.isDirty = true
                self.lock.withLock {
                    (self.running.released, self.running.releasedFrames) = (retention.count, retention.frames)
                }
            }
            guard self.isDirty else { return }
            try self.commitRows()
            self.isDirty = false
        } while isLast && Date() < until
    }

    private func commitRows() throws(TimelineError) {
        try self.writer.commit()
        self.uncommittedBytes = 0
        self.lock.withLock { self.committed = self.running }
    }

    private func storeNews() throws(TimelineError) {
        for news in self.judge?.takeNews() ?? [] {
            self.isDirty = true
            switch news {
            case .finding(let finding, let isOpen): try self.findings.insert(finding, isOpen: isOpen)
            case .settled(let session, let findings): try self.findings.settle(session, findings)
            case .released(let session): self.findings.close(session)
            case .takenBack: break
            }
        }
    }

    // MARK: The end

    /// - Parameter told: what stood until now.
    private func tellTakenBack(_ told: [Finding], final: [Finding], lineage: (Int64) -> Int64) {
        // What shows in several sessions may have gone with one of them that was let go: that it was wrong is not known.
        let isWhole = self.retention.map { $0.count == 0 } ?? true
        for takenBack in TakenBack.all(of: told, final: final, lineage: lineage)
        where isWhole || takenBack.finding.sessionID != nil {
            self.counted.count(.takenBack(takenBack))
            self.settings.told(.takenBack(takenBack))
        }
    }

    /// Judges all of the recording as `analyze` does: what is found at the end is what will be found in the file.
    private func finalFindings() throws(TimelineError) -> [Finding]? {
        guard let configuration = self.settings.configuration else { return nil }
        do {
            let reader = try TimelineReader(path: self.path)
            var findings: [Finding] = []
            var lineages: [Int64: Int64] = [:]
            try reader.forEachCapture(of: Set(self.writer.captureIDs)) { capture in
                for session in capture.sessions { lineages[session.id] = session.lineage }
                return Analysis(
                    capture.facts, connections: capture.connections, sessions: capture.sessions,
                    configuration: configuration)
            } seen: { _, analysis in
                var analysis = analysis
                findings += analysis.finish().findings
            }
            self.tellTakenBack(try self.findings.all(in: reader), final: findings) { lineages[$0] ?? $0 }
            return findings
        } catch let error as TimelineError {
            throw error
        } catch {
            throw TimelineError.inputOutput(path: self.path, message: String(describing: error))
        }
    }
}

extension Analysis: CaptureWitness {}
