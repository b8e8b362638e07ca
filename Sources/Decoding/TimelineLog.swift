import TimelineModel

/// Collects what the lanes decode: gives out ids, puts frames in time order, keeps the batch for the writer.
///
/// While a connection waits for a retransmission, frames that come later on other connections are held back, for the
/// bytes behind a gap turn out to be older (`hold`). Without loss nothing is held and frames pass straight through.
///
/// Where the input is not in the order of time, by a little, a frame takes its place among those that are not handed
/// over yet. Frames of one connection stay in the order in which they were decoded, which is that of its bytes; where
/// time goes back for that, or by more, an anomaly says so.
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
    /// Of the last frame that has an id.
    private var latest: Timestamp?
    /// The same of those that are handed over.
    private var handedOver: Timestamp?
    /// Packets of several interfaces may be that much out of order; a larger step back is the clock's.
    private static let disorderNs: Int64 = 100_000_000
    /// A frame passes so many others at most.
    private static let passedLimit = 256
    /// So many steps back are told at most.
    private static let toldLimit = 100
    private static let clockStep: Anomaly.Code = "capture.clock-step"
    private var told = 0
    /// It was told that the clock was set back; no frame shows it yet.
    private var knowsClockStep = false

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
        if anomaly.code == Self.clockStep { self.knowsClockStep = true }
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
            self.handedOver = self.latest
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
        var place = self.batch.frames.count
        if let latest = self.latest, frame.at < latest { place = self.place(of: frame) }
        frame.id = self.nextFrameID - Int64(self.batch.frames.count - place)
        self.nextFrameID += 1
        for var anomaly in anomalies {
            anomaly.frameID = frame.id
            anomaly.sessionID = frame.sessionID
            anomaly.connectionID = frame.connectionID
            self.batch.anomalies.append(anomaly)
        }
        if place == self.batch.frames.count {
            self.latest = frame.at
            self.batch.frames.append(frame)
        } else {
            self.batch.frames.insert(frame, at: place)
        }
    }

    /// Where among those of the batch a frame belongs that is older than the last one; those behind it move on.
    private func place(of frame: borrowing Frame) -> Int {
        let end = self.batch.frames.count
        var place = end
        if let latest = self.latest, !self.knowsClockStep, latest.nanoseconds(since: frame.at) < Self.disorderNs {
            while place > 0, end - place < Self.passedLimit, self.batch.frames[place - 1].at > frame.at,
                self.batch.frames[place - 1].connectionID != frame.connectionID
            {
                place -= 1
            }
        }
        let before = place > 0 ? self.batch.frames[place - 1].at : self.handedOver
        if place < end {
            let first = self.batch.frames[place].id
            for index in place..<end { self.batch.frames[index].id += 1 }
            for index in self.batch.anomalies.indices where self.batch.anomalies[index].frameID ?? 0 >= first {
                self.batch.anomalies[index].frameID? += 1
            }
        }
        if let before, before > frame.at { self.tellStep(before.nanoseconds(since: frame.at), frame) }
        return place
    }

    private func tellStep(_ back: Int64, _ frame: borrowing Frame) {
        if self.knowsClockStep {
            self.knowsClockStep = false
            return
        }
        guard self.told < Self.toldLimit else { return }
        self.told += 1
        var anomaly = Anomaly(
            "capture.time-order", at: frame.at,
            detail: "a frame \(back) ns older than the one before it; expected the order of time")
        anomaly.connectionID = frame.connectionID
        anomaly.sessionID = frame.sessionID
        self.batch.anomalies.append(anomaly)
    }
}
