import TimelineModel
public import Wire

/// The door for link bytes, packet by packet: what an interface gives live, or what a capture file holds.
///
/// Memory is bounded by `DecodingLimits` and grows with the number of open connections and of sessions that are
/// remembered, not with the traffic. Time is linear in its bytes.
public final class PacketDecoder: LiveDoor {
    public private(set) var facts: CaptureFacts
    /// Packets that the capturing tool says it lost. Those that a snap length cut count beside them.
    public var droppedPackets: Int64 = 0 {
        didSet { self.countDropped() }
    }
    private var link = LinkDecoder()
    private let context: DecodingContext
    private let flows: FlowTable
    private var unsupported: (error: LinkError, count: Int64)?
    /// Time of the packet before.
    private var previous: Timestamp?

    /// For live traffic.
    public convenience init(_ facts: CaptureFacts, limits: DecodingLimits = .live) {
        self.init(facts, limits: limits, isLive: true)
    }

    init(_ facts: CaptureFacts, limits: DecodingLimits, isLive: Bool) {
        self.facts = facts
        self.context = DecodingContext(limits, isLive: isLive)
        self.flows = FlowTable(self.context)
    }

    public var readyFrames: Int { self.context.log.readyFrames }

    /// Why nothing at all was decoded: all packets are of a link type that is not known.
    public var failure: LinkError? {
        self.unsupported.flatMap { $0.count == self.facts.packets ? $0.error : nil }
    }

    public func receive(_ record: CaptureRecord, _ packet: Span<UInt8>) {
        self.noteTime(record.at)
        self.facts.packets += 1
        self.facts.bytes += Int64(packet.count)
        do throws(LinkError) {
            try self.link.decode(record, packet) { segment, payload in
                self.flows.receive(segment, payload)
            }
        } catch {
            self.unsupported = (error, (self.unsupported?.count ?? 0) + 1)
        }
    }

    /// Something that the source says of itself.
    public func add(_ note: Anomaly) {
        self.context.log.add(note)
    }

    /// - Parameter at: by the packets' clock; packets that are older have been received.
    public func tick(at: Timestamp, _ deliver: (TimelineBatch) -> Void) {
        self.flows.tick(at: at)
        self.context.tick(at: at, deliver)
        self.countDropped()
        self.facts.otherRequests = self.context.otherRequests
    }

    /// Takes what is ready, between ticks.
    func drain() -> TimelineBatch {
        self.context.drain()
    }

    public func finish(_ deliver: (TimelineBatch) -> Void) {
        let at = self.facts.ended ?? .zero
        self.link.finish()
        self.flows.finish(at: at)
        self.context.log.releaseAll()
        for anomaly in self.link.counters.anomalies(at: at) { self.context.log.add(anomaly) }
        if let unsupported = self.unsupported {
            self.context.log.add(
                Anomaly(
                    "link.unsupported", at: at,
                    detail:
                        "\(unsupported.count) of \(self.facts.packets) packets not read, \(unsupported.error.description)"
                ))
        }
        self.countDropped()
        deliver(self.context.finish(&self.facts))
    }

    private func countDropped() {
        // What a tool claims to have dropped may be any number.
        let (sum, overflow) = self.droppedPackets.addingReportingOverflow(self.link.counters.truncatedPackets)
        self.facts.droppedPackets = overflow ? .max : sum
        self.facts.cutPackets = self.link.counters.truncatedPackets
    }

    private func noteTime(_ at: Timestamp) {
        if self.facts.started == nil { self.facts.started = at }
        self.facts.ended = max(at, self.facts.ended ?? at)
        if let previous = self.previous { self.context.clockSteps.receive(at, after: previous) }
        self.previous = at
    }
}
