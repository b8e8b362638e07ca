import TimelineModel
import Wire

/// Hand-made headers, each around its payload.
enum PacketBytes {
    /// The segment that all packets here carry: 10.0.0.1:4660 or 2001:db8::1:4660 to :80, "hello".
    static let hello = tcp(payload: Array("hello".utf8))

    static func big16(_ value: Int) -> [UInt8] {
        [UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value)]
    }

    static func tcp(
        source: Int = 0x1234, flags: UInt8 = 0x18, options: [UInt8] = [], headerWords: Int? = nil, payload: [UInt8]
    ) -> [UInt8] {
        let words = headerWords ?? 5 + options.count / 4
        return big16(source) + big16(80) + [1, 2, 3, 4, 5, 6, 7, 8, UInt8(words << 4), flags, 0x10, 0x00, 0, 0, 0, 0]
            + options + payload
    }

    static func ipv4(
        _ payload: [UInt8], transport: UInt8 = 6, total: Int? = nil, options: [UInt8] = [], fragment: Int = 0,
        identification: Int = 7, headerWords: Int? = nil
    ) -> [UInt8] {
        let words = headerWords ?? 5 + options.count / 4
        return [UInt8(0x40 | words), 0] + big16(total ?? 20 + options.count + payload.count) + big16(identification)
            + big16(fragment) + [64, transport, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2] + options + payload
    }

    static func ipv6(_ payload: [UInt8], next: UInt8 = 6, length: Int? = nil) -> [UInt8] {
        let prefix: [UInt8] = [0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        return [0x60, 0, 0, 0] + big16(length ?? payload.count) + [next, 64] + prefix + [1] + prefix + [2] + payload
    }

    /// An IPv6 extension header of `body`, which is six bytes or eight more.
    static func header(next: UInt8, _ body: [UInt8] = [1, 4, 0, 0, 0, 0]) -> [UInt8] {
        [next, UInt8(body.count / 8)] + body
    }

    static func fragmentHeader(next: UInt8 = 6, start: Int, more: Bool, identification: UInt8 = 7) -> [UInt8] {
        [next, 0] + big16(start | (more ? 1 : 0)) + [0, 0, 0, identification]
    }

    static func ethernet(_ type: Int, _ payload: [UInt8]) -> [UInt8] {
        [UInt8](repeating: 2, count: 12) + big16(type) + payload
    }

    static func sll(_ type: Int, _ payload: [UInt8]) -> [UInt8] {
        [0, 0, 3, 4, 0, 6] + [UInt8](repeating: 0, count: 8) + big16(type) + payload
    }

    static func sll2(_ type: Int, _ payload: [UInt8]) -> [UInt8] {
        big16(type) + [0, 0, 0, 0, 0, 1, 3, 4, 0, 6] + [UInt8](repeating: 0, count: 8) + payload
    }

    /// A netfilter log of a prefix and a payload, in a byte order.
    static func nflog(isBig: Bool = false, family: UInt8 = 2, _ payload: [UInt8]) -> [UInt8] {
        var writer = ByteWriter(isBig: isBig, bytes: [family, 0, 0, 5])
        writer.put(UInt16(7))
        writer.put(UInt16(10))
        writer.put([0x61, 0x62, 0, 0])
        writer.bytes.removeLast()
        writer.pad()
        writer.put(UInt16(4 + payload.count))
        writer.put(UInt16(9))
        writer.put(payload)
        return writer.bytes
    }
}

/// What a link decoder made of packets.
struct LinkOutcome: Equatable {
    struct Payload: Equatable {
        var segment: Segment
        var bytes: [UInt8]
    }

    var payloads: [Payload] = []
    var counters = LinkCounters()

    var texts: [String] { self.payloads.map { String(decoding: $0.bytes, as: UTF8.self) } }
}

struct LinkPacket {
    var bytes: [UInt8]
    var type = LinkType.raw
    /// Milliseconds.
    var at: Int64 = 0
    var interface = 0
    /// Bytes that a snap length left; all where it is nil.
    var captured: Int?

    static func decode(
        _ packets: [LinkPacket], _ decoder: LinkDecoder = LinkDecoder(), finish: Bool = false
    ) throws(LinkError) -> LinkOutcome {
        var decoder = decoder
        var outcome = LinkOutcome()
        for packet in packets {
            let record = CaptureRecord(
                at: Timestamp(nanoseconds: packet.at * 1_000_000), linkType: packet.type, interface: packet.interface,
                originalLength: packet.bytes.count)
            let bytes = Array(packet.bytes.prefix(packet.captured ?? .max))
            try decoder.decode(record, bytes.span) { segment, payload in
                outcome.payloads.append(
                    .init(segment: segment, bytes: payload.withUnsafeBufferPointer(Array.init)))
            }
        }
        if finish { decoder.finish() }
        outcome.counters = decoder.counters
        return outcome
    }
}

extension LinkCounters {
    /// Every packet is counted once.
    var addsUp: Bool {
        self.packets == self.segments + self.fragments + self.otherPackets + self.malformedPackets
            + self.unreadablePackets
    }
}
