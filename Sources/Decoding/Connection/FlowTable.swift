import TimelineModel
import Wire

/// The TCP connections under way, by their endpoints.
///
/// A connection that is over stays until its ports are used again or the table is swept, so that late segments do not
/// look like a new one. Idle ones are let go; the number is bounded (`DecodingLimits`).
final class FlowTable {
    /// A connection that is over is kept so long for late segments.
    private static let lingerNs: Int64 = 60_000_000_000
    /// Segments between two sweeps of the table.
    private static let sweepInterval = 65_536

    private let context: DecodingContext
    private let servers = KnownServers()
    private var lanes: [FlowKey: ConnectionLane] = [:]
    private var nextSerial = 1
    private var untilSweep = FlowTable.sweepInterval

    init(_ context: DecodingContext) {
        self.context = context
    }

    func receive(_ segment: Segment, _ payload: Span<UInt8>) {
        let key = FlowKey(segment)
        var lane = self.lanes[key]
        if let old = lane, old.connection.isReplaced(by: segment) {
            old.finish(at: segment.at)
            lane = nil
        }
        let current = lane ?? self.makeLane(key, segment)
        current.receive(segment, payload)
        self.untilSweep -= 1
        if self.untilSweep == 0 { self.sweep(at: segment.at) }
    }

    /// End of the input.
    func finish(at: Timestamp) {
        // In the order in which they began, so that ids and rows do not depend on hashing.
        for lane in self.lanes.values.sorted(by: { $0.serial < $1.serial }) { lane.finish(at: at) }
        self.lanes.removeAll()
    }

    /// Facts of the connections that are not finished.
    func openFacts() -> [ConnectionFacts] {
        self.lanes.values.compactMap { $0.currentFacts() }.sorted { $0.id < $1.id }
    }

    private func makeLane(_ key: FlowKey, _ segment: Segment) -> ConnectionLane {
        if self.lanes.count >= self.context.limits.connections { self.sweep(at: segment.at, makingRoom: true) }
        let connection = TCPConnection(key, limitBytes: self.context.limits.heldBytes)
        let lane = ConnectionLane(connection, serial: self.nextSerial, self.context, self.servers, at: segment.at)
        self.nextSerial += 1
        self.lanes[key] = lane
        return lane
    }

    private func sweep(at: Timestamp, makingRoom: Bool = false) {
        self.untilSweep = Self.sweepInterval
        var gone: [(FlowKey, ConnectionLane)] = self.lanes.filter { _, lane in
            let idle = at.nanoseconds(since: lane.lastSegment)
            return idle > self.context.limits.idleConnectionNs || (lane.isOver && idle > Self.lingerNs)
        }.map { ($0.key, $0.value) }
        if makingRoom, gone.isEmpty {
            // A tenth at a time, longest idle first: so room is made in amortised constant time.
            let idlest = self.lanes.sorted {
                ($0.value.lastSegment, $0.value.serial) < ($1.value.lastSegment, $1.value.serial)
            }
            gone = idlest.prefix(max(1, idlest.count / 10)).map { ($0.key, $0.value) }
        }
        for (key, lane) in gone.sorted(by: { $0.1.serial < $1.1.serial }) {
            lane.finish(at: at)
            self.lanes.removeValue(forKey: key)
        }
    }
}
