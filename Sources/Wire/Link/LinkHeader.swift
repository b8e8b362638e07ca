/// Finds what a link-layer header carries.
enum LinkHeader {
    /// What stands behind the header.
    enum Payload: Equatable {
        /// An IP packet of the version in its first four bits, ending at `end` where the layer has a length.
        case internet(at: Int, end: Int = .max)
        case other
        case malformed
        /// The header is longer than `bytes`.
        case cut
    }

    /// Nil for a link type that is not read.
    @inline(__always)
    static func parse(_ type: LinkType, _ bytes: Span<UInt8>) -> Payload? {
        switch type {
        case .ethernet: self.ethernet(bytes)
        case .null, .loop: self.loopback(bytes)
        case .rawBSD, .rawOpenBSD, .raw, .ipv4, .ipv6: bytes.count == 0 ? .cut : .internet(at: 0)
        case .linuxSLL: self.etherType(bytes, field: 14, payload: 16)
        case .linuxSLL2: self.etherType(bytes, field: 0, payload: 20)
        case .nflog: self.nflog(bytes)
        default: nil
        }
    }

    private static func ethernet(_ bytes: Span<UInt8>) -> Payload {
        guard bytes.count >= 14 else { return .cut }
        let type = bytes.network16(at: 12)
        guard type < 0x0600 else { return self.etherType(bytes, field: 12, payload: 14) }
        // IEEE 802.3: a length, then LLC; SNAP of organisation 0 carries an EtherType.
        guard bytes.count >= 22 else { return bytes.count >= 17 && bytes[14] != 0xAA ? .other : .cut }
        let isSNAP = bytes.network32(at: 14) == 0xAAAA_0300 && bytes.network16(at: 18) == 0
        return isSNAP ? self.etherType(bytes, field: 20, payload: 22) : .other
    }

    /// Follows EtherTypes through tags and shims, from the one at `field` whose payload begins at `payload`.
    private static func etherType(_ bytes: Span<UInt8>, field: Int, payload: Int) -> Payload {
        guard bytes.count >= payload else { return .cut }
        var type = bytes.network16(at: field)
        var at = payload
        while true {
            switch type {
            case 0x0800, 0x86DD:
                return .internet(at: at)
            case 0x8100, 0x88A8, 0x9100, 0x9200:
                // VLAN tags: two bytes of tag, then the next type. Any number of them; each is four bytes.
                guard bytes.count >= at + 4 else { return .cut }
                type = bytes.network16(at: at + 2)
                at += 4
            case 0x8864:
                return self.pppoe(bytes, at: at)
            case 0x8847, 0x8848:
                return self.mpls(bytes, at: at)
            default:
                return .other
            }
        }
    }

    /// A PPPoE session: six bytes, then the PPP protocol. Source: RFC 2516 section 4.
    private static func pppoe(_ bytes: Span<UInt8>, at: Int) -> Payload {
        guard bytes.count >= at + 8 else { return .cut }
        guard bytes[at] == 0x11, bytes[at + 1] == 0 else { return .malformed }
        switch bytes.network16(at: at + 6) {
        case 0x0021, 0x0057:
            // Counts the protocol; what is behind it pads the frame, whatever IP says.
            let length = Int(bytes.network16(at: at + 4))
            return length == 0 ? .internet(at: at + 8) : .internet(at: at + 8, end: at + 6 + length)
        default:
            return .other
        }
    }

    /// A stack of labels, of which the last has the bottom bit. What follows is not named; IP is known by its version.
    private static func mpls(_ bytes: Span<UInt8>, at: Int) -> Payload {
        var at = at
        while bytes.count > at + 4 {
            let isBottom = bytes[at + 2] & 1 != 0
            at += 4
            guard isBottom else { continue }
            return bytes[at] >> 4 == 4 || bytes[at] >> 4 == 6 ? .internet(at: at) : .other
        }
        return .cut
    }

    /// The address family is in the order of the capturing machine, or in network order; small numbers tell which.
    private static func loopback(_ bytes: Span<UInt8>) -> Payload {
        guard bytes.count >= 4 else { return .cut }
        let value = bytes.network32(at: 0)
        switch value > 0xFFFF ? value.byteSwapped : value {
        // AF_INET is 2 everywhere; AF_INET6 is another number on Linux, Windows, NetBSD and OpenBSD, FreeBSD, Darwin.
        case 2, 10, 23, 24, 28, 30: return .internet(at: 4)
        default: return .other
        }
    }

    /// Family, version, resource; then attributes in the order of the capturing machine, of which 9 is the packet.
    private static func nflog(_ bytes: Span<UInt8>) -> Payload {
        guard bytes.count >= 8 else { return .cut }
        guard bytes[1] == 0 else { return .malformed }
        guard bytes[0] == 2 || bytes[0] == 10 else { return .other }
        // The type of the first attribute is small, so its upper byte is zero.
        let order = bytes[6] == 0 ? ByteOrder.big : ByteOrder.little
        var at = 4
        while bytes.count >= at + 4 {
            let length = Int(order.uint16(bytes, at: at))
            guard length >= 4 else { return .malformed }
            if order.uint16(bytes, at: at + 2) & 0x3FFF == 9 { return .internet(at: at + 4, end: at + length) }
            at += (length + 3) / 4 * 4
        }
        return .cut
    }
}
