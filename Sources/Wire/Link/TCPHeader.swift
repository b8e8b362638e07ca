/// Reads a TCP header. Source: RFC 9293 section 3.1; RFC 7323 for timestamps.
enum TCPHeader {
    /// The segment at `at`, which IP says ends at `end` on the wire.
    static func read(
        _ bytes: Span<UInt8>, at: Int, end: Int, _ addresses: LinkDecoder.Addresses, _ packet: inout PacketContext,
        _ segment: (Segment, Span<UInt8>) -> Void
    ) -> PacketOutcome {
        guard end - at >= 20 else { return .malformed }
        guard bytes.count - at >= 20 else { return packet.cutOff(at: bytes.count, wireEnd: end) }
        let headerLength = Int(bytes[at + 12] >> 4) * 4
        guard headerLength >= 20, headerLength <= end - at else { return .malformed }
        var source = addresses.source
        source.port = bytes.network16(at: at)
        var destination = addresses.destination
        destination.port = bytes.network16(at: at + 2)
        let payload = at + headerLength
        segment(
            Segment(
                at: packet.at, source: source, destination: destination, sequence: bytes.network32(at: at + 4),
                acknowledgement: bytes.network32(at: at + 8), flags: TCPFlags(rawValue: bytes[at + 13] & 0x3F),
                window: bytes.network16(at: at + 14), payloadLength: end - payload,
                timestampValue: Self.timestampValue(bytes, from: at + 20, to: min(payload, bytes.count))),
            bytes.extracting(bytes.captured(payload, end)))
        return .segment
    }

    /// TSval among the options, which `to` ends; nil also where they make no sense or a snap length cut them.
    private static func timestampValue(_ bytes: Span<UInt8>, from: Int, to: Int) -> UInt32? {
        // As nearly every stack writes it: two fillers, then the option.
        if to - from >= 12, bytes.network32(at: from) == 0x0101_080A { return bytes.network32(at: from + 4) }
        var at = from
        while at < to {
            switch bytes[at] {
            case 0:
                return nil
            case 1:
                at += 1
            case let kind:
                guard to - at >= 2 else { return nil }
                let length = Int(bytes[at + 1])
                guard length >= 2, length <= to - at else { return nil }
                if kind == 8, length == 10 { return bytes.network32(at: at + 2) }
                at += length
            }
        }
        return nil
    }
}
