import TimelineModel

/// What became of the packets. Each is one of `segments`, `fragments`, `otherPackets`, `malformedPackets`,
/// `unreadablePackets`; the sum is `packets`.
public struct LinkCounters: Hashable, Sendable {
    public var packets: Int64 = 0
    /// Packets that gave a TCP segment, with those that completed a fragmented one.
    public var segments: Int64 = 0
    /// IP fragments that were kept for the rest of their datagram.
    public var fragments: Int64 = 0
    /// Other than TCP: UDP, ICMP, ARP, and what TCP may be inside of but is encrypted or unknown.
    public var otherPackets: Int64 = 0
    /// Headers that contradict themselves.
    public var malformedPackets: Int64 = 0
    /// Cut by a snap length inside the headers, so that nothing can be told.
    public var unreadablePackets: Int64 = 0

    /// Packets that the capture holds less of than IP says, with the unreadable ones.
    public var truncatedPackets: Int64 = 0
    /// Datagrams put together from fragments.
    public var reassembledDatagrams: Int64 = 0
    /// Datagrams of which fragments were missing for too long, for lack of room, or at the end.
    public var abandonedDatagrams: Int64 = 0

    public init() {}

    /// One anomaly for each kind of loss that there was; for the end of a capture.
    public func anomalies(at: Timestamp) -> [Anomaly] {
        var list: [Anomaly] = []
        if self.truncatedPackets > 0 {
            list.append(
                Anomaly(
                    .captureTruncated, at: at,
                    detail: "a snap length cut \(self.truncatedPackets) of \(self.packets) packets, "
                        + "\(self.unreadablePackets) of them inside the headers; expected whole packets"))
        }
        if self.malformedPackets > 0 {
            list.append(
                Anomaly(
                    .ipMalformed, at: at,
                    detail:
                        "\(self.malformedPackets) of \(self.packets) packets contradict themselves in their headers; "
                        + "expected lengths that fit"))
        }
        if self.abandonedDatagrams > 0 {
            list.append(
                Anomaly(
                    .ipFragmentsMissing, at: at,
                    detail:
                        self.abandonedDatagrams == 1
                        ? "1 fragmented datagram was given up; expected all its fragments"
                        : "\(self.abandonedDatagrams) fragmented datagrams were given up; expected all their fragments")
            )
        }
        return list
    }
}

extension Anomaly.Code {
    /// Packets that a snap length cut.
    static let captureTruncated = Anomaly.Code("capture.truncated")
    static let ipMalformed = Anomaly.Code("ip.malformed")
    static let ipFragmentsMissing = Anomaly.Code("ip.fragments-missing")
}
