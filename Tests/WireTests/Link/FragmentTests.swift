import Testing
import TimelineModel
import Wire

private typealias Make = PacketBytes

@Suite("IP fragments")
struct FragmentTests {
    /// 20 bytes of header, then "abcdefgh" "ijklmnop" "qrstuvwx" and "yz".
    static let text = "abcdefghijklmnopqrstuvwxyz0123"
    static let segment = Make.tcp(payload: Array(text.utf8))

    enum Version: CaseIterable {
        case four
        case six
    }

    /// The bytes from `start` to `end` of the segment; more follow unless `isLast` or it ends there.
    static func part(
        _ version: Version, _ start: Int, _ end: Int, id: UInt8 = 7, isLast: Bool? = nil, of bytes: [UInt8] = segment
    ) -> [UInt8] {
        let more = !(isLast ?? (end == bytes.count))
        let part = Array(bytes[start..<end])
        return switch version {
        case .four: Make.ipv4(part, fragment: start / 8 | (more ? 0x2000 : 0), identification: Int(id))
        case .six:
            Make.ipv6(
                Make.header(next: 44) + Make.fragmentHeader(start: start, more: more, identification: id) + part,
                next: 0)
        }
    }

    /// Cuts of the segment into (start, end), in the order of coming.
    static let orders: [[(Int, Int)]] = [
        [(0, 24), (24, 50)],
        [(24, 50), (0, 24)],
        [(0, 8), (8, 16), (16, 24), (24, 32), (32, 50)],
        [(32, 50), (8, 16), (24, 32), (0, 8), (16, 24)],
        [(0, 24), (0, 24), (24, 50)],
        [(0, 32), (8, 24), (24, 50)],
    ]

    @Test("come together in any order", arguments: Version.allCases, Array(orders.indices))
    func joins(_ version: Version, _ order: Int) throws {
        let packets = Self.orders[order].enumerated().map { index, cut in
            LinkPacket(bytes: Self.part(version, cut.0, cut.1), at: Int64(index))
        }
        let outcome = try LinkPacket.decode(packets, finish: true)
        #expect(outcome.texts == [Self.text])
        #expect(outcome.payloads.first?.segment.payloadLength == 30)
        // As the fragment that completed it.
        #expect(outcome.payloads.first?.segment.at == Timestamp(nanoseconds: Int64(packets.count - 1) * 1_000_000))
        #expect(outcome.counters.reassembledDatagrams == 1)
        #expect(outcome.counters.abandonedDatagrams == 0)
        #expect(outcome.counters.addsUp)
    }

    @Test("where they overlap, the first bytes stay", arguments: Version.allCases)
    func firstWins(_ version: Version) throws {
        var other = Self.segment
        for index in other.indices.dropFirst(20) { other[index] = UInt8(ascii: "#") }
        let packets = [
            Self.part(version, 24, 40), Self.part(version, 0, 32, of: other), Self.part(version, 32, 50, of: other),
        ]
        let outcome = try LinkPacket.decode(packets.map { LinkPacket(bytes: $0) })
        #expect(outcome.texts == ["####efghijklmnopqrst##########"])
    }

    @Test("of several datagrams at once", arguments: Version.allCases)
    func keepsApart(_ version: Version) throws {
        let packets =
            (0..<50).map { Self.part(version, 0, 24, id: $0) } + (0..<50).map { Self.part(version, 24, 50, id: $0) }
        let outcome = try LinkPacket.decode(packets.map { LinkPacket(bytes: $0) })
        #expect(outcome.texts == Array(repeating: Self.text, count: 50))
    }

    @Test("seen on two interfaces are two datagrams")
    func keepsInterfacesApart() throws {
        let packets = [(0, 24, 0), (0, 24, 1), (24, 50, 1), (24, 50, 0)].map { start, end, interface in
            LinkPacket(bytes: Self.part(.four, start, end), interface: interface)
        }
        #expect(try LinkPacket.decode(packets, finish: true).texts == [Self.text, Self.text])
    }

    @Test(
        "cut by a snap length: the segment has the bytes up to the first that is missing", arguments: Version.allCases)
    func truncates(_ version: Version) throws {
        let first = Self.part(version, 0, 32)
        let outcome = try LinkPacket.decode([
            LinkPacket(bytes: first, captured: first.count - 3), LinkPacket(bytes: Self.part(version, 32, 50)),
        ])
        #expect(outcome.texts == ["abcdefghi"])
        #expect(outcome.payloads.first?.segment.payloadLength == 30)
        #expect(outcome.counters.truncatedPackets == 1)
    }

    @Test(
        "are given up after 30 s of capture time", arguments: [(30_000, 1, 0), (30_001, 0, 2)] as [(Int64, Int, Int64)])
    func timesOut(_ later: Int64, _ segments: Int, _ abandoned: Int64) throws {
        let packets = [
            LinkPacket(bytes: Self.part(.four, 0, 24)), LinkPacket(bytes: Self.part(.four, 24, 50), at: later),
        ]
        let outcome = try LinkPacket.decode(packets, finish: true)
        #expect(outcome.payloads.count == segments)
        #expect(outcome.counters.abandonedDatagrams == abandoned)
    }

    @Test("of many datagrams: the oldest goes first")
    func boundsDatagrams() throws {
        let ids = [1, 2, 3, 4] as [UInt8]
        let packets =
            ids.map { Self.part(.four, 0, 24, id: $0) } + ids.reversed().map { Self.part(.four, 24, 50, id: $0) }
        let outcome = try LinkPacket.decode(
            packets.map { LinkPacket(bytes: $0) }, LinkDecoder(fragmentedDatagrams: 3), finish: true)
        // The first one was let go when the fourth came; its second half then waits in vain.
        #expect(outcome.payloads.count == 3)
        #expect(outcome.counters.abandonedDatagrams == 2)
        #expect(outcome.counters.anomalies(at: .zero).map(\.code.text) == ["ip.fragments-missing"])
    }

    @Test("of many bytes: the oldest goes first")
    func boundsBytes() throws {
        let big = [UInt8](repeating: 1, count: 40_000)
        let packets = (0..<100).map { LinkPacket(bytes: Self.part(.four, 0, 40_000, id: $0, isLast: false, of: big)) }
        let outcome = try LinkPacket.decode(packets, LinkDecoder(fragmentBytes: 100_000))
        #expect(outcome.counters.fragments == 100)
        #expect(outcome.counters.abandonedDatagrams == 98)
    }

    @Test("seen twice are none that are missing", arguments: Version.allCases)
    func seenTwice(_ version: Version) throws {
        let parts = [Self.part(version, 0, 24), Self.part(version, 24, 50)]
        let twice = [parts[0], parts[0], parts[1], parts[1]].map { LinkPacket(bytes: $0) }
        let outcome = try LinkPacket.decode(twice, finish: true)
        #expect(outcome.texts == [Self.text])
        #expect(outcome.counters.abandonedDatagrams == 0)
        // Another datagram with the same number is none that was seen before.
        var other = Self.segment
        for index in other.indices.dropFirst(20) { other[index] = UInt8(ascii: "#") }
        let half = LinkPacket(bytes: Self.part(version, 24, 50, of: other))
        #expect(try LinkPacket.decode(twice + [half], finish: true).counters.abandonedDatagrams == 1)
        let whole = [Self.part(version, 0, 24, of: other), Self.part(version, 24, 50, of: other)]
        let both = try LinkPacket.decode(twice + whole.map { LinkPacket(bytes: $0) }, finish: true)
        #expect(both.texts == [Self.text, String(repeating: "#", count: 30)])
        #expect(both.counters.abandonedDatagrams == 0)
    }

    @Test("that reach into the next ones: the last may be none that is needed", arguments: Version.allCases)
    func overlapping(_ version: Version) throws {
        let cuts = [(0, 24), (16, 40), (32, 50), (40, 50)]
        let packets = cuts.map { LinkPacket(bytes: Self.part(version, $0.0, $0.1)) }
        let outcome = try LinkPacket.decode(packets, finish: true)
        #expect(outcome.texts == [Self.text])
        #expect(outcome.counters.abandonedDatagrams == 0)
        #expect(outcome.counters.anomalies(at: .zero).isEmpty)
        // One that holds something else, or ends elsewhere, is of another datagram.
        var other = Self.segment
        other[45] = UInt8(ascii: "#")
        for bytes in [Self.part(version, 40, 50, of: other), Self.part(version, 40, 48, isLast: true)] {
            let outcome = try LinkPacket.decode(packets + [LinkPacket(bytes: bytes)], finish: true)
            #expect(outcome.counters.abandonedDatagrams == 1)
            #expect(
                outcome.counters.anomalies(at: .zero).map(\.detail) == [
                    "1 fragmented datagram was given up; expected all its fragments"
                ])
        }
    }

    @Test("that contradict each other", arguments: Version.allCases)
    func refusesContradiction(_ version: Version) throws {
        // Behind the end that another named; an end before what is there.
        let outcome = try LinkPacket.decode(
            [
                Self.part(version, 24, 32, isLast: true), Self.part(version, 32, 40),
                Self.part(version, 8, 16, isLast: true),
            ].map { LinkPacket(bytes: $0) }, finish: true)
        #expect(outcome.counters.malformedPackets == 2)
        #expect(outcome.counters.fragments == 1)
        #expect(outcome.payloads.isEmpty)
    }

    @Test("inside a tunnel, themselves in fragments")
    func joinsNested() throws {
        let inner = [Self.part(.six, 0, 24), Self.part(.six, 24, 50)]
        var packets: [LinkPacket] = []
        for (index, packet) in inner.enumerated() {
            packets += [(0, 32), (32, packet.count)].map { start, end in
                LinkPacket(
                    bytes: Make.ipv4(
                        Array(packet[start..<end]), transport: 41,
                        fragment: start / 8 | (end == packet.count ? 0 : 0x2000), identification: index))
            }
        }
        let outcome = try LinkPacket.decode(packets)
        #expect(outcome.texts == [Self.text])
        #expect(outcome.counters.addsUp)
    }
}
