import TimelineModel
import Wire

/// The TCP connections under way, by their endpoints.
///
/// A connection that is over is remembered until its ports are used again or the table is swept, so that late segments
/// do not look like a new one. Idle ones are let go; the number is bounded (`DecodingLimits`).
final class FlowTable {
    /// What is left of a connection that is finished: thousands may be so within the time they are remembered.
    private struct Finished {
        let serial: Int
        let initialSequence: UInt32?
        var lastSegment: Timestamp

        init(_ lane: ConnectionLane) {
            self.serial = lane.serial
            self.initialSequence = lane.connection.initialSequence
            self.lastSegment = lane.lastSegment
        }

        /// Takes a late segment; false for a SYN that begins another connection.
        mutating func receive(_ segment: Segment) -> Bool {
            guard !segment.beginsConnection || segment.sequence == self.initialSequence else { return false }
            self.lastSegment = max(self.lastSegment, segment.at)
            return true
        }
    }

    /// A connection that is over is kept so long for late segments.
    private static let lingerNs: Int64 = 60_000_000_000
    /// Segments between two sweeps of the table.
    private static let sweepInterval = 65_536

    private let context: DecodingContext
    private let servers: KnownServers
    private var lanes: [FlowKey: ConnectionLane] = [:]
    /// Of the segment before, while it is in `lanes`: segments come in runs, and to compare keys costs less than to hash
    /// one.
    private var latest: (key: FlowKey, lane: ConnectionLane)?
    private var finished: [FlowKey: Finished] = [:]
    /// Live, those that wait for bytes: for them time alone makes a difference. Some may be finished meanwhile.
    private var waiting: [FlowKey: ConnectionLane] = [:]
    private var nextSerial = 1
    private var untilSweep = FlowTable.sweepInterval

    init(_ context: DecodingContext) {
        self.context = context
        self.servers = KnownServers(limit: context.limits.connections)
    }

    func receive(_ segment: Segment, _ payload: Span<UInt8>) {
        let key = FlowKey(segment)
        if let lane = self.lane(key, segment) {
            lane.receive(segment, payload)
            self.keepFinished(key, lane)
            if self.context.changes != nil, lane.isWaiting { self.waiting[key] = lane }
        }
        self.untilSweep -= 1
        if self.untilSweep == 0 { self.sweep(at: segment.at) }
    }

    /// Live: all packets until then have been given.
    func tick(at: Timestamp) {
        for (key, lane) in self.waiting.sorted(by: { $0.value.serial < $1.value.serial }) {
            lane.tick(at: at)
            if self.lanes[key] === lane { self.keepFinished(key, lane) }
            if lane.isFinished || !lane.isWaiting { self.waiting.removeValue(forKey: key) }
        }
    }

    private func keepFinished(_ key: FlowKey, _ lane: ConnectionLane) {
        guard lane.isFinished else { return }
        self.finished[key] = Finished(lane)
        self.remove(key)
    }

    /// The connection that the segment belongs to, a new one where it begins one; nil where that is finished.
    private func lane(_ key: FlowKey, _ segment: Segment) -> ConnectionLane? {
        if let latest = self.latest, latest.key == key, !segment.beginsConnection { return latest.lane }
        if let lane = self.lanes[key] {
            guard lane.connection.isReplaced(by: segment) else {
                self.latest = (key, lane)
                return lane
            }
            lane.finish(at: segment.at)
        } else if self.finished[key]?.receive(segment) == true {
            return nil
        } else {
            self.finished.removeValue(forKey: key)
        }
        return self.makeLane(key, segment)
    }

    /// End of the input.
    func finish(at: Timestamp) {
        self.finish(self.lanes, at: at)
        self.finished.removeAll()
        self.waiting.removeAll()
    }

    private func makeLane(_ key: FlowKey, _ segment: Segment) -> ConnectionLane {
        if self.lanes.count + self.finished.count >= self.context.limits.connections {
            self.sweep(at: segment.at, makingRoom: true)
        }
        let connection = TCPConnection(key, limitBytes: self.context.limits.heldBytes)
        let lane = ConnectionLane(connection, serial: self.nextSerial, self.context, self.servers, at: segment.at)
        self.nextSerial += 1
        self.lanes[key] = lane
        self.latest = (key, lane)
        return lane
    }

    private func sweep(at: Timestamp, makingRoom: Bool = false) {
        self.untilSweep = Self.sweepInterval
        let before = self.lanes.count + self.finished.count
        let linger = min(Self.lingerNs, self.context.limits.idleConnectionNs)
        self.finished = self.finished.filter { at.nanoseconds(since: $1.lastSegment) <= linger }
        self.finish(
            self.lanes.filter { _, lane in
                let idle = at.nanoseconds(since: lane.lastSegment)
                return idle > self.context.limits.idleConnectionNs || (lane.isOver && idle > Self.lingerNs)
            }, at: at)
        if makingRoom, self.lanes.count + self.finished.count == before { self.makeRoom(at: at) }
    }

    /// Lets a tenth go at a time, longest idle first: so room is made in amortised constant time.
    private func makeRoom(at: Timestamp) {
        let all =
            self.lanes.map { (key: $0, idleSince: $1.lastSegment, serial: $1.serial) }
            + self.finished.map { (key: $0, idleSince: $1.lastSegment, serial: $1.serial) }
        let idlest = all.sorted { ($0.idleSince, $0.serial) < ($1.idleSince, $1.serial) }
        var gone: [FlowKey: ConnectionLane] = [:]
        for (key, _, _) in idlest.prefix(max(1, idlest.count / 10)) {
            self.finished.removeValue(forKey: key)
            gone[key] = self.lanes[key]
        }
        self.finish(gone, at: at)
    }

    /// In the order in which they began, so that ids and rows do not depend on hashing.
    private func finish(_ lanes: [FlowKey: ConnectionLane], at: Timestamp) {
        for (key, lane) in lanes.sorted(by: { $0.value.serial < $1.value.serial }) {
            lane.finish(at: at)
            self.remove(key)
        }
    }

    private func remove(_ key: FlowKey) {
        self.lanes.removeValue(forKey: key)
        if self.latest?.key == key { self.latest = nil }
    }
}
