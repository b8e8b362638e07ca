import Testing
import TimelineModel
import Wire

@Suite("pcapng files")
struct PcapngTests {
    static let packet: [UInt8] = [1, 2, 3, 4, 5]
    static let start = PcapngBytes().section().interface()

    static func record(
        _ ns: Int64, _ bytes: [UInt8] = Self.packet, link: UInt32 = 1, interface: Int = 0, original: Int? = nil
    ) -> CaptureEvent {
        .record(
            CaptureRecord(
                at: Timestamp(nanoseconds: ns), linkType: LinkType(rawValue: link), interface: interface,
                originalLength: original ?? bytes.count), bytes)
    }

    static let whole = CaptureEvent.end(dropped: 0, isComplete: true)
    static let broken = CaptureEvent.end(dropped: 0, isComplete: false)

    static func bytes(of number: Int64, isBig: Bool = false) -> [UInt8] {
        var writer = ByteWriter(isBig: isBig)
        writer.put(number)
        return writer.bytes
    }

    static let packets: [CaptureCase] = [
        .init(
            name: "enhanced packet, microseconds by default",
            bytes: start.enhanced(units: 7_000_005, packet, original: 90).bytes,
            expected: [record(7_000_005_000, original: 90), whole]),
        .init(
            name: "big endian, with a section length that is not looked at",
            bytes: PcapngBytes().section(isBig: true, length: 4).interface(113).enhanced(units: 1, packet).bytes,
            expected: [record(1_000, link: 113), whole]),
        .init(
            name: "sections of both byte orders count interfaces on",
            bytes: start.interface(101).enhanced(1, units: 1, packet)
                .section(isBig: true).interface(276).enhanced(units: 2, packet).bytes,
            expected: [record(1_000, link: 101, interface: 1), record(2_000, link: 276, interface: 2), whole]),
        .init(
            name: "interfaces with clocks of their own",
            bytes: PcapngBytes().section().interface(options: [(9, [9])]).interface(options: [(9, [0x80 | 10])])
                .interface(options: [(14, bytes(of: -3))])
                .enhanced(0, units: 7, packet).enhanced(1, units: 1_536, packet).enhanced(2, units: 4_000_000, packet)
                .bytes,
            expected: [
                record(7), record(1_500_000_000, interface: 1), record(1_000_000_000, interface: 2), whole,
            ]),
        .init(
            name: "simple packets get the time of the one before, and the interface's snap length",
            bytes: PcapngBytes().section().interface(snapLength: 4).enhanced(units: 3, packet)
                .simple([1, 2, 3, 4], original: 60).simple([9, 8], original: 2).bytes,
            expected: [
                record(3_000), record(3_000, [1, 2, 3, 4], original: 60), record(3_000, [9, 8]),
                .note(
                    "capture.no-time",
                    "a simple packet block, which has no time, at offset 88 of the file; "
                        + "expected one that has: such packets get that of the one before"), whole,
            ]),
        .init(
            name: "a simple packet that is longer than its block",
            bytes: start.simple(packet, original: 1_000).bytes,
            expected: [
                // The padding cannot be told from the packet.
                record(0, packet + [0, 0, 0], original: 1_000),
                .note(
                    "capture.no-time",
                    "a simple packet block, which has no time, at offset 48 of the file; "
                        + "expected one that has: such packets get that of the one before"), whole,
            ]),
        .init(
            name: "obsolete packets, with drops and without knowing",
            bytes: start.interface(12).obsolete(1, drops: 3, units: 4, packet).obsolete(
                1, drops: .max, units: 5, packet
            )
            .bytes,
            expected: [
                record(4_000, link: 12, interface: 1), record(5_000, link: 12, interface: 1),
                .note("capture.dropped", "3 dropped packets before the one at offset 68 of the file; expected none"),
                .end(dropped: 3, isComplete: true),
            ]),
        .init(
            name: "unknown blocks are passed over, those above the limit without being held",
            bytes: start.block(0xBAD) { $0.put(UInt32(1)) }.block(10) { $0.put([UInt8](repeating: 7, count: 400)) }
                .enhanced(units: 1, packet).bytes,
            recordLimit: 128, expected: [record(1_000), whole]),
    ]

    static let drops: [CaptureCase] = [
        .init(
            name: "statistics are totals: the newest counts",
            bytes: start.interface().statistics(0, [(4, 100), (5, 7)]).statistics(0, [(5, 7)])
                .statistics(0, [(5, 8), (7, 1)]).statistics(1, [(5, 10)]).bytes,
            expected: [
                .note(
                    "capture.dropped",
                    "7 dropped packets, reported of interface 0 at offset 68 of the file; expected none"),
                .note(
                    "capture.dropped",
                    "9 dropped packets, reported of interface 0 at offset 160 of the file; expected none"),
                .note(
                    "capture.dropped",
                    "10 dropped packets, reported of interface 1 at offset 212 of the file; expected none"),
                .end(dropped: 19, isComplete: true),
            ]),
        .init(
            name: "a packet's drop count, and statistics that tell of the same packets",
            bytes: start.enhanced(units: 1, packet, options: [(2, [0, 0, 0, 0]), (4, bytes(of: 5))])
                .statistics(0, [(5, 5)]).section().interface().statistics(0, [(5, 1)]).bytes,
            expected: [
                record(1_000),
                .note("capture.dropped", "5 dropped packets before the one at offset 48 of the file; expected none"),
                .note(
                    "capture.dropped",
                    "5 dropped packets, reported of interface 0 at offset 112 of the file; expected none"),
                .note(
                    "capture.dropped",
                    "1 dropped packets, reported of interface 1 at offset 200 of the file; expected none"),
                .end(dropped: 6, isComplete: true),
            ]),
        .init(
            name: "absurd counts saturate",
            bytes: start.interface().statistics(0, [(5, .max)]).statistics(1, [(5, .max)]).bytes,
            expected: [
                .note(
                    "capture.dropped",
                    "9223372036854775807 dropped packets, reported of interface 0 at offset 68 of the file; expected none"
                ),
                .note(
                    "capture.dropped",
                    "9223372036854775807 dropped packets, reported of interface 1 at offset 108 of the file; expected none"
                ),
                .end(dropped: .max, isComplete: true),
            ]),
    ]

    static let bad: [CaptureCase] = [
        .init(
            name: "cut off in a packet",
            bytes: start.enhanced(units: 1, packet).enhanced(units: 2, packet).bytes.dropLast(8),
            expected: [
                record(1_000), .note("capture.cut-off", "32 bytes of a block at offset 88 of the file; expected 40"),
                broken,
            ]),
        .init(
            name: "cut off in a block that is passed over",
            bytes: start.block(77) { $0.put([UInt8](repeating: 0, count: 400)) }.bytes.dropLast(100), recordLimit: 64,
            expected: [
                .note(
                    "capture.cut-off",
                    "a block without its last 100 bytes at offset 460 of the file; expected all of it"), broken,
            ]),
        .init(
            name: "one wrong trailer is passed over",
            bytes: start.block(77, trailer: 5) { _ in }.enhanced(units: 1, packet).bytes,
            expected: [
                record(1_000),
                .note(
                    "capture.malformed",
                    "5 as the length behind the block at offset 48 of the file; expected 12, as before it"), whole,
            ]),
        .init(
            name: "two wrong trailers in a row end it",
            bytes: start.block(77, trailer: 5) { _ in }.block(77, trailer: 0) { _ in }.enhanced(units: 1, packet).bytes,
            expected: [
                .note(
                    "capture.malformed",
                    "5 as the length behind the block at offset 48 of the file; expected 12, as before it"),
                .note(
                    "capture.malformed",
                    "0 as the length behind the block at offset 60 of the file; expected 12, as before it, the second in a row: "
                        + "reading stopped there"), broken,
            ]),
        .init(
            name: "a length that is no multiple of four",
            bytes: start.enhanced(units: 1, packet).raw([9, 0, 0, 0, 13, 0, 0, 0]).raw(.init(repeating: 0, count: 9))
                .bytes,
            expected: [
                record(1_000),
                .note(
                    "capture.malformed",
                    "block length 13 at offset 88 of the file; expected 12 or more by fours, reading stopped there"),
                broken,
            ]),
        .init(
            name: "a packet block shorter than its fields",
            bytes: start.block(6) { $0.put(UInt32(0)) }.bytes,
            expected: [
                .note(
                    "capture.malformed",
                    "block length 16 at offset 48 of the file; expected 32 or more by fours, reading stopped there"),
                broken,
            ]),
        .init(
            name: "a block longer than the limit",
            bytes: start.enhanced(units: 1, [UInt8](repeating: 1, count: 200)).bytes, recordLimit: 64,
            expected: [
                .note(
                    "capture.record-too-long",
                    "a block of 232 bytes at offset 48 of the file; expected at most 64, reading stopped there"),
                broken,
            ]),
        .init(
            name: "a packet longer than its block",
            bytes: start.enhanced(units: 1, packet, captured: 9).enhanced(units: 2, packet).bytes,
            expected: [
                record(2_000),
                .note(
                    "capture.malformed",
                    "a packet of 9 bytes in the block at offset 48 of the file; expected at most 8, for which it has room"
                ), whole,
            ]),
        .init(
            name: "packets and statistics of no interface",
            bytes: start.enhanced(4, units: 1, packet).statistics(9, [(5, 1)]).enhanced(units: 2, packet)
                .section().simple(packet).bytes,
            expected: [
                record(2_000),
                .note(
                    "capture.malformed",
                    "a packet of interface 4 at offset 48 of the file; expected one of the 1 that the section describes"
                ),
                .note(
                    "capture.malformed",
                    "statistics of interface 9 at offset 88 of the file; expected one of the 1 that the section describes"
                ),
                .note(
                    "capture.malformed",
                    "a packet of interface 0 at offset 196 of the file; expected one of the 0 that the section describes"
                ), whole,
            ]),
        .init(
            name: "options that overrun their block",
            bytes: PcapngBytes().section().block(1) {
                $0.put(UInt64(1))
                $0.put(UInt16(9))
                $0.put(UInt16(400))
            }.enhanced(units: 1, packet).bytes,
            expected: [record(1_000), whole]),
        .init(
            name: "a later section of another version", bytes: start.enhanced(units: 1, packet).section(major: 2).bytes,
            expected: [
                record(1_000),
                .note(
                    "capture.malformed",
                    "a section of version 2.0 at offset 88 of the file; expected 1.x, reading stopped there"), broken,
            ]),
        .init(
            name: "a later section without byte-order magic",
            bytes: start.raw([0x0A, 0x0D, 0x0D, 0x0A, 28, 0, 0, 0, 1, 2, 3, 4]).bytes,
            expected: [
                .note(
                    "capture.malformed",
                    "a section header without byte-order magic at offset 48 of the file; expected it, reading stopped there"
                ), broken,
            ]),
        .init(
            name: "version 2", bytes: PcapngBytes().section(major: 2).bytes,
            expected: [.failure(.version(.pcapng, major: 2, minor: 0)), broken]),
        .init(
            name: "section header cut off", bytes: start.bytes.prefix(20).map { $0 },
            expected: [.failure(.headerCutOff(.pcapng, bytes: 20, expected: 28)), broken]),
        .init(
            name: "no byte-order magic", bytes: Array("\n\r\r\nhello, hello, hello".utf8),
            expected: [.failure(.notACapture(first: Array("\n\r\r\nhello, hello".utf8))), broken]),
    ]

    @Test("packets of every kind", arguments: packets)
    func decodes(_ test: CaptureCase) {
        #expect(test.events() == test.expected)
    }

    @Test("dropped packets", arguments: drops)
    func countsDrops(_ test: CaptureCase) {
        #expect(test.events() == test.expected)
    }

    @Test("broken files", arguments: bad)
    func reports(_ test: CaptureCase) {
        #expect(test.events() == test.expected)
    }

    @Test("notes are bounded, and say how many were left out")
    func boundsNotes() throws {
        var file = Self.start
        for _ in 0..<1_500 { file = file.raw(PcapngBytes().enhanced(5, units: 0, []).bytes) }
        var decoder = CaptureFileDecoder()
        try decoder.feed(file.bytes.span) { _, _ in }
        #expect(decoder.notes.count == 1_000)
        try decoder.finish()
        #expect(decoder.notes.last?.detail == "500 further notes on this file were not kept")
    }

    /// Units, resolution byte, offset in seconds, nanoseconds.
    static let clocks: [(UInt64, UInt8?, Int64?, Int64)] = [
        (1, nil, nil, 1_000),
        (1, 0, nil, 1_000_000_000),
        (1, 3, nil, 1_000_000),
        (123, 9, nil, 123),
        (1_234_567_890_123, 12, nil, 1_234_567_890),
        (.max, 19, nil, 1_844_674_407),
        (.max, 20, nil, 184_467_440),
        (.max, 28, nil, 1),
        (.max, 127, nil, 0),
        (3, 0x80, nil, 3_000_000_000),
        (3 << 31, 0x80 | 32, nil, 1_500_000_000),
        (1 << 63, 0x80 | 63, nil, 1_000_000_000),
        (.max, 0x80 | 64, nil, 999_999_999),
        (.max, 0x80 | 127, nil, 0),
        (.max, nil, nil, .max),
        (.max, 0, nil, .max),
        (.max, 0, .max, .max),
        (1_500_000, nil, 2, 3_500_000_000),
        (500_000, nil, -1, -500_000_000),
        (0, nil, .min, .min),
        (0, nil, .max, .max),
    ]

    @Test("clocks to the nanosecond, without overflow", arguments: clocks)
    func readsClock(_ units: UInt64, _ resolution: UInt8?, _ offset: Int64?, _ expected: Int64) throws {
        let options =
            (resolution.map { [(UInt16(9), [$0])] } ?? []) + (offset.map { [(UInt16(14), Self.bytes(of: $0))] } ?? [])
        let file = PcapngBytes().section().interface(options: options).enhanced(units: units, Self.packet)
        #expect(CaptureFileDecoder.events([file.bytes]) == [Self.record(expected), Self.whole])
    }
}
