import Testing
import TimelineModel
import Wire

struct CaptureCase: CustomTestStringConvertible, Sendable {
    let name: String
    let bytes: [UInt8]
    var recordLimit = CaptureFileDecoder.defaultRecordLimit
    let expected: [CaptureEvent]
    var testDescription: String { self.name }

    /// Decodes at all cuts.
    func events() -> [CaptureEvent] {
        ChunkVerifier.verify(self.bytes) { CaptureFileDecoder.events($0, recordLimit: self.recordLimit) }
    }
}

@Suite("pcap files")
struct PcapTests {
    static let packet: [UInt8] = [1, 2, 3, 4, 5]

    static func record(_ ns: Int64, _ bytes: [UInt8] = Self.packet, link: UInt32 = 1, original: Int? = nil)
        -> CaptureEvent
    {
        .record(
            CaptureRecord(
                at: Timestamp(nanoseconds: ns), linkType: LinkType(rawValue: link),
                originalLength: original ?? bytes.count), bytes)
    }

    static let whole = CaptureEvent.end(dropped: 0, isComplete: true)
    static let broken = CaptureEvent.end(dropped: 0, isComplete: false)

    static let cases: [CaptureCase] = [
        .init(
            name: "microseconds, little endian", bytes: PcapBytes().record(7, 5, packet).bytes,
            expected: [record(7_000_005_000), whole]),
        .init(
            name: "microseconds, big endian", bytes: PcapBytes(isBig: true).record(7, 5, packet).bytes,
            expected: [record(7_000_005_000), whole]),
        .init(
            name: "nanoseconds, little endian", bytes: PcapBytes(magic: 0xA1B2_3C4D).record(7, 5, packet).bytes,
            expected: [record(7_000_000_005), whole]),
        .init(
            name: "nanoseconds, big endian",
            bytes: PcapBytes(isBig: true, magic: 0xA1B2_3C4D).record(7, 5, packet).bytes,
            expected: [record(7_000_000_005), whole]),
        .init(
            name: "Kuznetsov's long record headers",
            bytes: PcapBytes(magic: 0xA1B2_CD34).record(7, 5, packet).record(8, 0, [9]).bytes,
            expected: [record(7_000_005_000), record(8_000_000_000, [9]), whole]),
        .init(
            name: "the last moment of 32 bits, and a fraction of more than a second",
            bytes: PcapBytes().record(.max, .max, packet).bytes,
            expected: [record(4_294_967_295_000_000_000 + 4_294_967_295_000), whole]),
        .init(
            name: "frame check sequence bits above the link type",
            bytes: PcapBytes(linkType: 0x5400_0071).record(0, 0, packet).bytes,
            expected: [record(0, link: 113), whole]),
        .init(
            name: "cut by a snap length", bytes: PcapBytes().record(0, 0, packet, second: 900).bytes,
            expected: [record(0, original: 900), whole]),
        .init(
            name: "an empty record", bytes: PcapBytes().record(0, 0, []).record(1, 0, packet).bytes,
            expected: [record(0, []), record(1_000_000_000), whole]),
        .init(
            name: "version 2.2 has the lengths swapped",
            bytes: PcapBytes(minor: 2).record(0, 0, packet, first: 60).bytes,
            expected: [record(0, original: 60), whole]),
        .init(
            name: "version 2.3, either order",
            bytes: PcapBytes(minor: 3).record(0, 0, packet, first: 60).record(0, 0, packet, second: 60).bytes,
            expected: [record(0, original: 60), record(0, original: 60), whole]),
        .init(name: "no records", bytes: PcapBytes().bytes, expected: [whole]),
        .init(
            name: "cut off in a record", bytes: PcapBytes().record(0, 0, packet).record(1, 0, packet).bytes.dropLast(3),
            expected: [
                record(0), .note("capture.cut-off", "18 bytes of a record at offset 45 of the file; expected 21"),
                broken,
            ]),
        .init(
            name: "cut off in a record header", bytes: PcapBytes().record(0, 0, packet).bytes + [1, 2, 3],
            expected: [
                record(0),
                .note("capture.cut-off", "3 bytes of a record at offset 45 of the file; expected at least 16"), broken,
            ]),
        .init(
            name: "a garbage length",
            bytes: PcapBytes().record(0, 0, packet).record(0, 0, packet, first: 1 << 31).bytes,
            expected: [
                record(0),
                .note(
                    "capture.record-too-long",
                    "a record of 2147483648 bytes at offset 45 of the file; expected at most 16777216, reading stopped there"
                ), broken,
            ]),
        .init(
            name: "a record of the limit, then one longer",
            bytes: PcapBytes().record(0, 0, [UInt8](repeating: 1, count: 64))
                .record(0, 0, [UInt8](repeating: 1, count: 65)).record(0, 0, packet).bytes,
            recordLimit: 64,
            expected: [
                record(0, [UInt8](repeating: 1, count: 64)),
                .note(
                    "capture.record-too-long",
                    "a record of 65 bytes at offset 104 of the file; expected at most 64, reading stopped there"),
                broken,
            ]),
        .init(name: "nothing", bytes: [], expected: [.failure(.empty), broken]),
        .init(
            name: "version 3", bytes: PcapBytes(major: 3, minor: 1).record(0, 0, packet).bytes,
            expected: [.failure(.version(.pcap, major: 3, minor: 1)), broken]),
        .init(
            name: "header cut off", bytes: PcapBytes().bytes.dropLast(),
            expected: [.failure(.headerCutOff(.pcap, bytes: 23, expected: 24)), broken]),
        .init(
            name: "only the magic", bytes: Array(PcapBytes().bytes.prefix(4)),
            expected: [.failure(.headerCutOff(.pcap, bytes: 4, expected: 24)), broken]),
        .init(
            name: "text", bytes: Array("GET / HTTP/1.1\r\n\r\n".utf8),
            expected: [.failure(.notACapture(first: Array("GET / HTTP/1.1\r\n".utf8))), broken]),
        .init(
            name: "three bytes", bytes: [0xD4, 0xC3, 0xB2],
            expected: [.failure(.notACapture(first: [0xD4, 0xC3, 0xB2])), broken]),
    ]

    @Test("records, notes and errors, at any cuts", arguments: cases)
    func decodes(_ test: CaptureCase) {
        #expect(test.events() == test.expected)
    }

    @Test("an error stays")
    func failsAgain() {
        var decoder = CaptureFileDecoder()
        let text = Array("no capture, only text".utf8)
        #expect(throws: CaptureFileError.self) { try decoder.feed(text.span) { _, _ in } }
        #expect(throws: CaptureFileError.notACapture(first: Array(text.prefix(16)))) {
            try decoder.feed([1].span) { _, _ in }
        }
        #expect(throws: CaptureFileError.self) { try decoder.finish() }
    }

    @Test("records that lie whole in the bytes fed are not copied")
    func handsOutTheBytesFed() throws {
        let file = PcapBytes().record(0, 0, Self.packet).record(1, 0, Self.packet).bytes
        var decoder = CaptureFileDecoder()
        var addresses: [UInt] = []
        let base = try file.withUnsafeBufferPointer { buffer in
            try decoder.feed(buffer.span) { _, bytes in
                bytes.withUnsafeBufferPointer { addresses.append(UInt(bitPattern: $0.baseAddress)) }
            }
            return UInt(bitPattern: buffer.baseAddress)
        }
        #expect(addresses == [base + 40, base + 61])
    }
}
