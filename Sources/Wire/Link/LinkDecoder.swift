import TimelineModel

/// Strips link layer and IP from captured packets, puts fragments together, and hands out TCP segments.
///
/// Reads Ethernet (VLAN, QinQ, PPPoE sessions, MPLS), BSD loopback, raw IP, Linux cooked v1 and v2 and NFLOG; IPv4
/// and IPv6 with their options, extension headers and fragments; IP in IP. No checksum is looked at: captures taken
/// on the sending machine have wrong ones.
public struct LinkDecoder: Sendable {
    /// IP headers, authentication headers and reassemblies that are followed in one packet.
    static let tunnelLimit = 8
    /// A longer packet than this many bytes is none: BigTCP's are at most 512 KiB.
    static let packetLimit = 16 << 20

    private var tally = LinkCounters()
    var fragments: FragmentAssembler

    /// - Parameters:
    ///   - fragmentedDatagrams: IP datagrams that may wait for fragments; 1,024 unless told otherwise.
    ///   - fragmentBytes: bytes that all of them may hold; 4 MiB unless told otherwise, at least 64 KiB.
    ///   - fragmentTimeoutNs: capture time after which a datagram is given up; 30 s unless told otherwise.
    public init(
        fragmentedDatagrams: Int = 1_024, fragmentBytes: Int = 4 << 20, fragmentTimeoutNs: Int64 = 30_000_000_000
    ) {
        self.fragments = FragmentAssembler(
            datagramLimit: fragmentedDatagrams, byteLimit: fragmentBytes, timeoutNs: fragmentTimeoutNs)
    }

    /// Whether packets of a link type can be looked into at all.
    public static func reads(_ type: LinkType) -> Bool {
        let none: [UInt8] = []
        return LinkHeader.parse(type, none.span) != nil
    }

    public var counters: LinkCounters {
        var counters = self.tally
        counters.abandonedDatagrams = self.fragments.abandoned
        return counters
    }

    /// Looks into one record: calls `segment` once where it is, or completes, a TCP segment. The span is its
    /// payload as captured, borrowed for the call.
    ///
    /// - Throws: where the link type is none that is read.
    public mutating func decode(
        _ record: CaptureRecord, _ bytes: Span<UInt8>, _ segment: (Segment, Span<UInt8>) -> Void
    ) throws(LinkError) {
        guard let payload = LinkHeader.parse(record.linkType, bytes) else { throw .unsupported(record.linkType) }
        // A writer that gives no original length, or a wrong one, has captured all.
        let wireEnd = max(record.originalLength, bytes.count)
        var packet = PacketContext(at: record.at, interface: record.interface)
        let outcome: PacketOutcome
        switch payload {
        case .internet(let at, let end):
            outcome = self.internet(bytes, at: at, wireEnd: min(wireEnd, end), &packet, segment)
        case .other: outcome = .other
        case .malformed: outcome = .malformed
        case .cut: outcome = packet.cutOff(at: bytes.count, wireEnd: wireEnd)
        }
        self.count(outcome, packet)
    }

    /// The end of the capture: datagrams that still wait for fragments are given up.
    public mutating func finish() {
        self.fragments.finish()
    }

    private mutating func count(_ outcome: PacketOutcome, _ packet: PacketContext) {
        self.tally.packets += 1
        switch outcome {
        case .segment: self.tally.segments += 1
        case .fragment: self.tally.fragments += 1
        case .other: self.tally.otherPackets += 1
        case .malformed: self.tally.malformedPackets += 1
        case .unreadable: self.tally.unreadablePackets += 1
        }
        if packet.isTruncated { self.tally.truncatedPackets += 1 }
        if packet.isReassembled { self.tally.reassembledDatagrams += 1 }
    }
}

/// What a packet turned out to be.
enum PacketOutcome {
    case segment
    case fragment
    case other
    case malformed
    case unreadable
}

/// What is remembered of a packet on the way through its headers.
struct PacketContext {
    let at: Timestamp
    let interface: Int
    var isTruncated = false
    var isReassembled = false
    /// IP headers, authentication headers and reassemblies so far.
    var depth = 0

    /// Where an IP packet ends on the wire. One that says more than the layer below carried is believed only so far:
    /// either its length is wrong, or a tool cut the packet and did not say so, and then the next segment tells.
    mutating func end(told: Int, wireEnd: Int, captured: Int) -> Int {
        if told > captured { self.isTruncated = true }
        return min(told, wireEnd)
    }

    /// A header goes on behind the captured bytes: cut by a snap length if the wire had more, else broken.
    mutating func cutOff(at captured: Int, wireEnd: Int) -> PacketOutcome {
        guard wireEnd > captured else { return .malformed }
        self.isTruncated = true
        return .unreadable
    }
}
