extension LinkDecoder {
    /// Both ends of an IP packet; the ports are still 0.
    struct Addresses {
        var source: Endpoint
        var destination: Endpoint
    }

    /// An IP packet at `at`. `wireEnd` is where the layer below ended on the wire; it may lie behind `bytes`.
    mutating func internet(
        _ bytes: Span<UInt8>, at: Int, wireEnd: Int, _ packet: inout PacketContext,
        _ segment: (Segment, Span<UInt8>) -> Void
    ) -> PacketOutcome {
        packet.depth += 1
        guard packet.depth <= Self.tunnelLimit else { return .other }
        guard at < bytes.count else { return packet.cutOff(at: bytes.count, wireEnd: wireEnd) }
        switch bytes[at] >> 4 {
        case 4: return self.internet4(bytes, at: at, wireEnd: wireEnd, &packet, segment)
        case 6: return self.internet6(bytes, at: at, wireEnd: wireEnd, &packet, segment)
        default: return .malformed
        }
    }

    /// Source: RFC 791 section 3.1.
    private mutating func internet4(
        _ bytes: Span<UInt8>, at: Int, wireEnd: Int, _ packet: inout PacketContext,
        _ segment: (Segment, Span<UInt8>) -> Void
    ) -> PacketOutcome {
        guard bytes.count - at >= 20 else { return packet.cutOff(at: bytes.count, wireEnd: min(wireEnd, at + 20)) }
        let headerLength = Int(bytes[at] & 15) * 4
        // 0 stands in packets that segmentation offload had not cut yet, and in BigTCP: all there is belongs to it.
        let totalLength = Int(bytes.network16(at: at + 2))
        let start = at + headerLength
        guard headerLength >= 20, totalLength == 0 || totalLength >= headerLength else { return .malformed }
        let end = packet.end(
            told: totalLength == 0 ? wireEnd : at + totalLength, wireEnd: wireEnd, captured: bytes.count)
        guard start <= end, end - at <= Self.packetLimit else { return .malformed }
        let transport = bytes[at + 9]
        let source = bytes.network32(at: at + 12)
        let destination = bytes.network32(at: at + 16)
        let addresses = Addresses(
            source: Endpoint(ipv4: source, port: 0), destination: Endpoint(ipv4: destination, port: 0))
        let fragment = bytes.network16(at: at + 6)
        guard fragment & 0x3FFF != 0 else {
            return self.transport(transport, bytes, at: start, end: end, addresses, &packet, segment)
        }
        guard totalLength != 0 else { return .malformed }
        let key = FragmentAssembler.Key(
            sourceHigh: 0, sourceLow: UInt64(source), destinationHigh: 0, destinationLow: UInt64(destination),
            identification: UInt32(bytes.network16(at: at + 4)), transport: transport, isIPv4: true,
            interface: packet.interface)
        let answer = self.fragments.add(
            key, at: packet.at, start: Int(fragment & 0x1FFF) * 8, length: end - start,
            isLast: fragment & 0x2000 == 0, transport: transport, bytes.extracting(bytes.captured(start, end)))
        return self.resume(answer, addresses, &packet, segment)
    }

    /// Source: RFC 8200 sections 3 and 4.
    private mutating func internet6(
        _ bytes: Span<UInt8>, at: Int, wireEnd: Int, _ packet: inout PacketContext,
        _ segment: (Segment, Span<UInt8>) -> Void
    ) -> PacketOutcome {
        guard bytes.count - at >= 40 else { return packet.cutOff(at: bytes.count, wireEnd: min(wireEnd, at + 40)) }
        let payloadLength = Int(bytes.network16(at: at + 4))
        let start = at + 40
        var end = start + payloadLength
        if payloadLength == 0, bytes[at + 6] != 59 {
            // BigTCP: the length stands in a jumbo option, or nowhere.
            end = wireEnd
            if bytes[at + 6] == 0, let jumbo = bytes.jumboLength(at: start) { end = start + jumbo }
        }
        end = packet.end(told: end, wireEnd: wireEnd, captured: bytes.count)
        guard start <= end, end - at <= Self.packetLimit else { return .malformed }
        let addresses = Addresses(
            source: Endpoint(
                addressHigh: bytes.network64(at: at + 8), addressLow: bytes.network64(at: at + 16), isIPv4: false,
                port: 0),
            destination: Endpoint(
                addressHigh: bytes.network64(at: at + 24), addressLow: bytes.network64(at: at + 32), isIPv4: false,
                port: 0))
        return self.extensionHeaders(bytes[at + 6], bytes, at: start, end: end, addresses, &packet, segment)
    }

    /// Follows IPv6 extension headers to the transport; each is at least eight bytes, so the packet's end bounds them.
    private mutating func extensionHeaders(
        _ first: UInt8, _ bytes: Span<UInt8>, at start: Int, end: Int, _ addresses: Addresses,
        _ packet: inout PacketContext, _ segment: (Segment, Span<UInt8>) -> Void
    ) -> PacketOutcome {
        var next = first
        var at = start
        while true {
            let length: Int
            switch next {
            case 0, 43, 44, 60, 135, 139, 140:
                guard end - at >= 8 else { return .malformed }
                guard bytes.count - at >= 8 else { return packet.cutOff(at: bytes.count, wireEnd: end) }
                length = next == 44 ? 8 : (Int(bytes[at + 1]) + 1) * 8
            default:
                return self.transport(next, bytes, at: at, end: end, addresses, &packet, segment)
            }
            guard length <= end - at else { return .malformed }
            let isFragment = next == 44
            next = bytes[at]
            let field = isFragment ? bytes.network16(at: at + 2) : 0
            // Offset 0 and no more to come is an atomic fragment (RFC 6946): a whole packet.
            if isFragment, field & 0xFFF9 != 0 {
                let answer = self.fragments.add(
                    FragmentAssembler.Key(
                        sourceHigh: addresses.source.addressHigh, sourceLow: addresses.source.addressLow,
                        destinationHigh: addresses.destination.addressHigh,
                        destinationLow: addresses.destination.addressLow,
                        identification: bytes.network32(at: at + 4), transport: 0, isIPv4: false,
                        interface: packet.interface),
                    at: packet.at, start: Int(field & 0xFFF8), length: end - at - 8, isLast: field & 1 == 0,
                    transport: next, bytes.extracting(bytes.captured(at + 8, end)))
                return self.resume(answer, addresses, &packet, segment)
            }
            at += length
        }
    }

    /// Goes on behind the headers of what fragments gave.
    private mutating func resume(
        _ answer: FragmentAssembler.Answer, _ addresses: Addresses, _ packet: inout PacketContext,
        _ segment: (Segment, Span<UInt8>) -> Void
    ) -> PacketOutcome {
        switch answer {
        case .kept: return .fragment
        case .malformed: return .malformed
        case .whole(let datagram):
            packet.isReassembled = true
            packet.depth += 1
            guard packet.depth <= Self.tunnelLimit else { return .other }
            let (bytes, end) = (datagram.bytes.span, datagram.length)
            return addresses.source.isIPv4
                ? self.transport(datagram.transport, bytes, at: 0, end: end, addresses, &packet, segment)
                : self.extensionHeaders(datagram.transport, bytes, at: 0, end: end, addresses, &packet, segment)
        }
    }

    /// What IP carries, between `at` and `end` on the wire.
    private mutating func transport(
        _ number: UInt8, _ bytes: Span<UInt8>, at: Int, end: Int, _ addresses: Addresses,
        _ packet: inout PacketContext, _ segment: (Segment, Span<UInt8>) -> Void
    ) -> PacketOutcome {
        switch number {
        case 6:
            return TCPHeader.read(bytes, at: at, end: end, addresses, &packet, segment)
        case 4, 41:
            return self.internet(bytes, at: at, wireEnd: end, &packet, segment)
        case 51:
            // Authentication header: next header, length in words less 2. Source: RFC 4302 section 2. It counts as a
            // level, for a packet can be made of nothing else.
            packet.depth += 1
            guard packet.depth <= Self.tunnelLimit else { return .other }
            guard end - at >= 12 else { return .malformed }
            guard bytes.count - at >= 12 else { return packet.cutOff(at: bytes.count, wireEnd: end) }
            let length = (Int(bytes[at + 1]) + 2) * 4
            guard length >= 12, length <= end - at else { return .malformed }
            let next = bytes[at]
            return addresses.source.isIPv4
                ? self.transport(next, bytes, at: at + length, end: end, addresses, &packet, segment)
                : self.extensionHeaders(next, bytes, at: at + length, end: end, addresses, &packet, segment)
        default:
            return .other
        }
    }
}

extension Span<UInt8> {
    /// What was captured of the bytes from `start` to `end` on the wire.
    func captured(_ start: Int, _ end: Int) -> Range<Int> {
        let from = Swift.min(start, self.count)
        return from..<Swift.max(from, Swift.min(end, self.count))
    }

    /// The jumbo payload option of a hop-by-hop header at `at`: bytes behind the IPv6 header. Source: RFC 2675.
    func jumboLength(at: Int) -> Int? {
        guard self.count - at >= 8 else { return nil }
        let end = Swift.min(at + (Int(self[at + 1]) + 1) * 8, self.count)
        var option = at + 2
        while option < end {
            if self[option] == 0 {
                option += 1
                continue
            }
            guard end - option >= 2 else { return nil }
            let length = Int(self[option + 1])
            if self[option] == 0xC2, length == 4, end - option >= 6 { return Int(self.network32(at: option + 2)) }
            option += 2 + length
        }
        return nil
    }
}
