import Testing
import TimelineModel
import Wire

private typealias Make = PacketBytes

@Suite("Link layers")
struct LinkHeaderTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let type: LinkType
        let bytes: [UInt8]
        var testDescription: String { self.name }
    }

    private static let four = Make.ipv4(Make.hello)
    private static let six = Make.ipv6(Make.hello)
    private static let padding = [UInt8](repeating: 0x55, count: 9)

    static let carrying: [Case] = [
        .init(name: "Ethernet, IPv4, padded", type: .ethernet, bytes: Make.ethernet(0x0800, four + padding)),
        .init(name: "Ethernet, IPv6, padded", type: .ethernet, bytes: Make.ethernet(0x86DD, six + padding)),
        .init(name: "VLAN", type: .ethernet, bytes: Make.ethernet(0x8100, [0, 5, 0x08, 0] + four)),
        .init(name: "QinQ", type: .ethernet, bytes: Make.ethernet(0x88A8, [0, 5, 0x81, 0, 0, 6, 0x86, 0xDD] + six)),
        .init(
            name: "four tags", type: .ethernet,
            bytes: Make.ethernet(0x9100, [0, 1, 0x81, 0, 0, 2, 0x91, 0, 0, 3, 0x88, 0xA8, 0, 4, 8, 0] + four)),
        .init(
            name: "PPPoE, IPv4", type: .ethernet,
            bytes: Make.ethernet(0x8864, [0x11, 0, 0, 9] + Make.big16(four.count + 2) + [0, 0x21] + four)),
        .init(
            name: "PPPoE in a VLAN, IPv6", type: .ethernet,
            bytes: Make.ethernet(
                0x8100, [0, 1, 0x88, 0x64, 0x11, 0, 0, 9] + Make.big16(six.count + 2) + [0, 0x57] + six)),
        .init(
            name: "PPPoE, padded; IP counts the padding in, PPPoE does not", type: .ethernet,
            bytes: Make.ethernet(
                0x8864,
                [0x11, 0, 0, 9] + Make.big16(four.count + 2) + [0, 0x21]
                    + Make.ipv4(Make.hello, total: four.count + padding.count) + padding)),
        .init(
            name: "MPLS, two labels", type: .ethernet,
            bytes: Make.ethernet(0x8847, [0, 0x10, 0, 64, 0, 0x20, 1, 64] + four)),
        .init(
            name: "MPLS in a VLAN, IPv6", type: .ethernet,
            bytes: Make.ethernet(0x8100, [0, 1, 0x88, 0x47, 0, 0, 1, 9] + six)),
        .init(
            name: "802.3 with SNAP", type: .ethernet,
            bytes: Make.ethernet(four.count + 8, [0xAA, 0xAA, 3, 0, 0, 0, 8, 0] + four)),
        .init(name: "NULL, little endian", type: .null, bytes: [2, 0, 0, 0] + four),
        .init(name: "NULL, big endian", type: .null, bytes: [0, 0, 0, 2] + four),
        .init(name: "NULL, IPv6 of Linux", type: .null, bytes: [10, 0, 0, 0] + six),
        .init(name: "NULL, IPv6 of OpenBSD", type: .null, bytes: [24, 0, 0, 0] + six),
        .init(name: "NULL, IPv6 of FreeBSD", type: .null, bytes: [28, 0, 0, 0] + six),
        .init(name: "NULL, IPv6 of Darwin", type: .null, bytes: [30, 0, 0, 0] + six),
        .init(name: "LOOP", type: .loop, bytes: [0, 0, 0, 2] + four),
        .init(name: "RAW 12", type: .rawBSD, bytes: four),
        .init(name: "RAW 14", type: .rawOpenBSD, bytes: six),
        .init(name: "RAW 101, IPv4", type: .raw, bytes: four),
        .init(name: "RAW 101, IPv6", type: .raw, bytes: six),
        .init(name: "IPv4", type: .ipv4, bytes: four),
        .init(name: "IPv6", type: .ipv6, bytes: six),
        .init(name: "Linux cooked v1", type: .linuxSLL, bytes: Make.sll(0x0800, four)),
        .init(name: "Linux cooked v1, VLAN", type: .linuxSLL, bytes: Make.sll(0x8100, [0, 4, 0x86, 0xDD] + six)),
        .init(name: "Linux cooked v2", type: .linuxSLL2, bytes: Make.sll2(0x86DD, six)),
        .init(name: "Linux cooked v2, VLAN", type: .linuxSLL2, bytes: Make.sll2(0x8100, [0, 4, 8, 0] + four)),
        .init(name: "NFLOG, little endian", type: .nflog, bytes: Make.nflog(four)),
        .init(name: "NFLOG, big endian", type: .nflog, bytes: Make.nflog(isBig: true, four)),
        .init(name: "NFLOG, IPv6", type: .nflog, bytes: Make.nflog(family: 10, six)),
    ]

    @Test("carry a segment", arguments: carrying)
    func carries(_ test: Case) throws {
        let outcome = try LinkPacket.decode([LinkPacket(bytes: test.bytes, type: test.type)])
        #expect(outcome.texts == ["hello"])
        let segment = try #require(outcome.payloads.first?.segment)
        #expect(segment.payloadLength == 5)
        #expect(segment.source.port == 0x1234)
        #expect(segment.source.addressText == (segment.source.isIPv4 ? "10.0.0.1" : "2001:db8::1"))
        #expect(segment.destination.addressText == (segment.source.isIPv4 ? "10.0.0.2" : "2001:db8::2"))
        #expect(outcome.counters.segments == 1)
        #expect(outcome.counters.truncatedPackets == 0)
    }

    /// Cut by a snap length anywhere before the payload ends, and cut off without the record knowing.
    @Test("cut anywhere", arguments: carrying)
    func cutAnywhere(_ test: Case) throws {
        let unpadded = test.bytes.count - (test.name.contains("padded") ? Self.padding.count : 0)
        for count in 0..<unpadded {
            let outcome = try LinkPacket.decode([LinkPacket(bytes: test.bytes, type: test.type, captured: count)])
            #expect(outcome.counters.truncatedPackets == 1, "\(count) bytes")
            #expect(outcome.counters.addsUp)
            let isReadable = count >= unpadded - 5
            #expect(outcome.counters.segments == (isReadable ? 1 : 0), "\(count) bytes")
            #expect(outcome.counters.unreadablePackets == (isReadable ? 0 : 1), "\(count) bytes")
            #expect(outcome.texts == (isReadable ? [String("hello".prefix(count - unpadded + 5))] : []))
            #expect(outcome.payloads.allSatisfy { $0.segment.payloadLength == 5 })

            let broken = try LinkPacket.decode([LinkPacket(bytes: Array(test.bytes.prefix(count)), type: test.type)])
            #expect(broken.counters.addsUp)
            #expect(broken.counters.packets == 1)
        }
    }

    static let other: [Case] = [
        .init(name: "ARP", type: .ethernet, bytes: Make.ethernet(0x0806, padding)),
        .init(name: "PPPoE discovery", type: .ethernet, bytes: Make.ethernet(0x8863, padding)),
        .init(
            name: "PPP link control", type: .ethernet, bytes: Make.ethernet(0x8864, [0x11, 0, 0, 9, 0, 9, 0xC0, 0x21])),
        .init(name: "MPLS without IP", type: .ethernet, bytes: Make.ethernet(0x8847, [0, 0, 1, 9, 0, 0, 0, 0])),
        .init(name: "802.3 spanning tree", type: .ethernet, bytes: Make.ethernet(38, [0x42, 0x42, 3] + padding)),
        .init(
            name: "SNAP of an organisation", type: .ethernet,
            bytes: Make.ethernet(40, [0xAA, 0xAA, 3, 0, 0, 12, 8, 0] + four)),
        .init(name: "NULL, AppleTalk", type: .null, bytes: [16, 0, 0, 0] + padding),
        .init(name: "NFLOG, bridge", type: .nflog, bytes: Make.nflog(family: 7, four)),
        .init(name: "UDP", type: .raw, bytes: Make.ipv4(padding, transport: 17)),
        .init(name: "ICMPv6", type: .raw, bytes: Make.ipv6(padding, next: 58)),
        .init(name: "ESP", type: .raw, bytes: Make.ipv6(padding, next: 50)),
        .init(name: "no next header", type: .raw, bytes: Make.ipv6([], next: 59)),
    ]

    @Test("carry something else", arguments: other)
    func carriesOther(_ test: Case) throws {
        let outcome = try LinkPacket.decode([LinkPacket(bytes: test.bytes, type: test.type)])
        #expect(outcome.payloads.isEmpty)
        #expect(outcome.counters.otherPackets == 1)
    }

    @Test("an unknown link type is refused by its name", arguments: [105, 127, 147, 1_000] as [UInt32])
    func refuses(_ number: UInt32) {
        let type = LinkType(rawValue: number)
        #expect(throws: LinkError.unsupported(type)) {
            try LinkPacket.decode([LinkPacket(bytes: Self.four, type: type)])
        }
    }
}
