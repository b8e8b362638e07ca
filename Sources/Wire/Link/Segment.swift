import TimelineModel

/// The control bits of a TCP header that reassembly needs. Source: RFC 9293 section 3.1.
public struct TCPFlags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    @inlinable
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    public static let fin = TCPFlags(rawValue: 0x01)
    public static let syn = TCPFlags(rawValue: 0x02)
    public static let rst = TCPFlags(rawValue: 0x04)
    public static let psh = TCPFlags(rawValue: 0x08)
    public static let ack = TCPFlags(rawValue: 0x10)
    public static let urg = TCPFlags(rawValue: 0x20)
}

/// One TCP segment without its payload, which comes beside it as a span.
public struct Segment: Hashable, Sendable {
    /// When the record that carried it (or its last fragment) was captured.
    public var at: Timestamp
    public var source: Endpoint
    public var destination: Endpoint
    public var sequence: UInt32
    /// Means something where `flags` has `ack`.
    public var acknowledgement: UInt32
    public var flags: TCPFlags
    /// As it stands in the header, not scaled.
    public var window: UInt16
    /// Bytes of payload on the wire, as IP told; the span is shorter where a snap length cut the packet.
    public var payloadLength: Int
    /// TSval of the timestamps option (RFC 7323), which rises by the sender's own clock.
    public var timestampValue: UInt32?

    public init(
        at: Timestamp, source: Endpoint, destination: Endpoint, sequence: UInt32, acknowledgement: UInt32 = 0,
        flags: TCPFlags = [], window: UInt16 = 0, payloadLength: Int = 0, timestampValue: UInt32? = nil
    ) {
        self.at = at
        self.source = source
        self.destination = destination
        self.sequence = sequence
        self.acknowledgement = acknowledgement
        self.flags = flags
        self.window = window
        self.payloadLength = payloadLength
        self.timestampValue = timestampValue
    }

    /// The SYN of who asks for a connection: without an ACK.
    public var beginsConnection: Bool { self.flags.contains(.syn) && !self.flags.contains(.ack) }
}
