import TimelineModel

/// Collects what the lanes decode: gives out ids, puts frames in time order, keeps the batch for the writer.
///
/// While a connection waits for a retransmission, frames that come later on other connections are held back, for the
/// bytes behind a gap turn out to be older (`hold`). Without loss nothing is held and frames pass straight through.
final class TimelineLog {
    private struct Waiting {
        var frame: Frame
        var anomalies: [Anomaly]
    }

    private let limits: DecodingLimits
    private let batchFrames = 400
    private var batch = TimelineBatch()
    private var nextFrameID: Int64 = 1
    private var nextConnectionID: Int64 = 1
    private var nextExchangeID: Int64 = 1
    private var nextHoldID: Int64 = 1
    private var waiting: [Waiting] = []
    private var waitingBytes = 0
    private var holds: [Int64: Timestamp] = [:]

    init(_ limits: DecodingLimits) {
        self.limits = limits
        self.batch.frames.reserveCapacity(self.batchFrames)
    }

    /// How many frames the batch has ready.
    var readyFrames: Int { self.batch.frames.count }

    func makeConnectionID() -> Int64 {
        defer { self.nextConnectionID += 1 }
        return self.nextConnectionID
    }

    func makeExchangeID() -> Int64 {
        defer { self.nextExchangeID += 1 }
        return self.nextExchangeID
    }

    /// Adds a frame, with what was wrong with it; `anomalies` get its id.
    func add(_ frame: consuming Frame, _ anomalies: [Anomaly] = []) {
        if self.holds.isEmpty {
            self.release(frame, anomalies)
        } else {
            self.waitingBytes += Self.bytes(frame)
            self.waiting.append(Waiting(frame: frame, anomalies: anomalies))
            if self.waiting.count > self.limits.waitingFrames || self.waitingBytes > self.limits.waitingBytes {
                self.releaseAll()
            }
        }
    }

    func add(_ anomaly: Anomaly) {
        self.batch.anomalies.append(anomaly)
    }

    func add(_ connection: ConnectionFacts) {
        self.batch.connections.append(connection)
    }

    func add(_ session: SessionFacts) {
        self.batch.sessions.append(session)
    }

    func add(_ exchange: ExchangeFacts) {
        self.batch.exchanges.append(exchange)
    }

    /// For who may have to call `hold`.
    func makeHoldID() -> Int64 {
        defer { self.nextHoldID += 1 }
        return self.nextHoldID
    }

    /// Whoever has this id may still give frames as old as `since`; nil ends that.
    func hold(_ id: Int64, since: Timestamp?) {
        guard let since else {
            guard self.holds.removeValue(forKey: id) != nil, self.holds.isEmpty else { return }
            self.releaseAll()
            return
        }
        self.holds[id] = since
    }

    /// Ends what holds frames back for longer than `DecodingLimits.holdNs`. What it would still give comes late then.
    func expireHolds(at: Timestamp) {
        guard self.limits.holdNs < .max, !self.holds.isEmpty else { return }
        let before = self.holds.count
        self.holds = self.holds.filter { at.nanoseconds(since: $0.value) <= self.limits.holdNs }
        if self.holds.count < before { self.release(before: self.holds.values.min()) }
    }

    /// Takes what there is; frames that are held back stay.
    func drain() -> TimelineBatch {
        defer {
            self.batch = TimelineBatch()
            self.batch.frames.reserveCapacity(self.batchFrames)
        }
        return self.batch
    }

    func releaseAll() {
        self.release(before: nil)
    }

    /// - Parameter end: frames of this time and later stay; nil for none.
    private func release(before end: Timestamp?) {
        guard !self.waiting.isEmpty else { return }
        let waiting = self.waiting
        self.waiting = end.map { end in waiting.filter { $0.frame.at >= end } } ?? []
        self.waitingBytes = self.waiting.reduce(0) { $0 + Self.bytes($1.frame) }
        // The sort is stable by its second key: frames of one moment stay as they came.
        let order = waiting.indices.sorted { (waiting[$0].frame.at, $0) < (waiting[$1].frame.at, $1) }
        for index in order {
            if let end, waiting[index].frame.at >= end { break }
            self.release(waiting[index].frame, waiting[index].anomalies)
        }
    }

    private static func bytes(_ frame: borrowing Frame) -> Int {
        (frame.payload?.utf8.count ?? 0) + (frame.binary?.count ?? 0)
    }

    private func release(_ frame: consuming Frame, _ anomalies: [Anomaly]) {
        frame.id = self.nextFrameID
        self.nextFrameID += 1
        for var anomaly in anomalies {
            anomaly.frameID = frame.id
            anomaly.sessionID = frame.sessionID
            anomaly.connectionID = frame.connectionID
            self.batch.anomalies.append(anomaly)
        }
        self.batch.frames.append(frame)
    }
}
