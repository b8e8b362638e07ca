import Testing
import TimelineModel
import Wire

/// What is written as pcapng: byte for byte, and read back.
@Suite("pcapng encoder")
struct PcapngEncoderTests {
    private static let loopback = PcapngEncoder.Interface(
        name: "lo", linkType: .ethernet, snapLength: 262_144, filter: "tcp port 80")

    private static func packet(_ at: Int64, _ bytes: [UInt8], original: Int? = nil, _ file: inout [UInt8]) {
        bytes.withUnsafeBytes {
            PcapngEncoder.packet(
                at: Timestamp(nanoseconds: at), originalLength: original ?? bytes.count, $0, &file)
        }
    }

    @Test("the head of a file")
    func head() {
        let expected = PcapngBytes()
            .block(0x0A0D_0D0A) {
                $0.put(UInt32(0x1A2B_3C4D))
                $0.put(UInt16(1))
                $0.put(UInt16(0))
                $0.put(Int64(-1))
                $0.put(UInt16(4))
                $0.put(UInt16(3))
                $0.put(Array("s 1".utf8) + [0])
                $0.put(UInt32(0))
            }
            .interface(
                1, snapLength: 262_144,
                options: [(2, Array("lo".utf8)), (9, [9]), (11, [0] + Array("tcp port 80".utf8))])
        #expect(PcapngEncoder.header(Self.loopback, application: "s 1") == expected.bytes)
    }

    @Test("a packet, padded to words", arguments: 0...5)
    func enhancedPacket(length: Int) {
        let data = [UInt8](repeating: 0xAB, count: length)
        var bytes: [UInt8] = []
        Self.packet(0x1_0000_0002, data, original: 9, &bytes)
        let expected = PcapngBytes().enhanced(units: 0x1_0000_0002, data, original: 9)
        #expect(bytes == expected.bytes)
        #expect(bytes.count % 4 == 0)
        #expect(bytes.count <= length + PcapngEncoder.packetOverhead)
    }

    @Test("what fields cannot hold is clamped")
    func clamped() {
        var bytes: [UInt8] = []
        Self.packet(-1, [1], original: .max, &bytes)
        #expect(bytes == PcapngBytes().enhanced(units: 0, [1], original: Int(UInt32.max)).bytes)
        let long = PcapngEncoder.Interface(name: String(repeating: "x", count: 70_000), linkType: .raw)
        var decoder = CaptureFileDecoder()
        #expect(throws: Never.self) {
            try decoder.feed(PcapngEncoder.header(long, application: "").span) { _, _ in }
            try decoder.finish()
        }
        #expect(decoder.notes.isEmpty)
    }

    @Test("read back at any cuts, packets and losses are the same", arguments: [UInt64](1...8))
    func roundTrip(seed: UInt64) throws {
        struct Packet: Equatable {
            var record: CaptureRecord
            var bytes: [UInt8]
        }
        var random = SeededRandom(seed: seed)
        let linkType = [LinkType.ethernet, .linuxSLL2, .raw].randomElement(using: &random)!
        var file = PcapngEncoder.header(
            PcapngEncoder.Interface(name: "any", linkType: linkType), application: "sioscope")
        var written: [Packet] = []
        var at: Int64 = 1_764_000_000_000_000_000
        for _ in 0..<40 {
            at += Int64.random(in: 0...5_000_000_000, using: &random)
            let data = (0..<Int.random(in: 0...90, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            let original = data.count + (Bool.random(using: &random) ? 0 : 700)
            Self.packet(at, data, original: original, &file)
            written.append(
                Packet(
                    record: CaptureRecord(
                        at: Timestamp(nanoseconds: at), linkType: linkType, originalLength: original),
                    bytes: data))
        }
        PcapngEncoder.statistics(
            PcapngEncoder.Statistics(received: 50, droppedByInterface: 3, droppedBySystem: 7),
            at: Timestamp(nanoseconds: at), &file)
        let read = try ChunkVerifier.verify(file, seed: seed) { chunks in
            var decoder = CaptureFileDecoder()
            var packets: [Packet] = []
            for chunk in chunks {
                try decoder.feed(chunk.span) { record, bytes in
                    packets.append(Packet(record: record, bytes: bytes.array(0..<bytes.count)))
                }
            }
            try decoder.finish()
            #expect(decoder.isComplete)
            #expect(decoder.droppedPackets == 10)
            #expect(decoder.notes.map(\.code.text) == ["capture.dropped"])
            return packets
        }
        #expect(read == written)
    }
}
