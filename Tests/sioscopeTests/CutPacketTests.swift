import Foundation
import Testing

@Suite("Packets that a snap length cut")
struct CutPacketTests {
    /// A pcap of packets with so many bytes each, of IPv4 and TCP, of which 48 are in the file.
    private static func capture(_ count: Int, bytes: Int) -> [UInt8] {
        func little(_ value: Int, _ count: Int) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
        }
        var file = little(0xA1B2_C3D4, 4) + little(2, 2) + little(4, 2) + little(0, 8) + little(48, 4) + little(101, 4)
        for number in 0..<count {
            let address: [UInt8] = [10, 0, 0, 1, 10, 0, 0, 2]
            let ip: [UInt8] = [0x45, 0, UInt8(bytes >> 8), UInt8(bytes & 0xFF), 0, 0, 0x40, 0, 64, 6, 0, 0] + address
            let sequence = UInt8(number + 1)
            let tcp: [UInt8] = [0x10, 0, 0x0B, 0xB8, 0, 0, sequence, 0, 0, 0, 0, 1, 0x50, 0x18, 1, 0, 0, 0, 0, 0]
            file += little(1_700_000_000 + number, 4) + little(0, 4) + little(48, 4) + little(bytes, 4)
            file += ip + tcp + [UInt8](repeating: 0x61, count: 8)
        }
        return file
    }

    @Test("are told as cut, and never as dropped")
    func told() throws {
        try ExportTests.withFolder { folder in
            let (file, timeline) = (folder.appending(path: "cut.pcap"), folder.path + "/t.db")
            try Data(Self.capture(3, bytes: 256)).write(to: file)
            let imported = try CommandTests.run(["import", file.path, "-o", timeline])
            #expect(imported.status == 0, "\(imported.talk)")
            let dropped = try RecordingUnderTest.rows(timeline, "SELECT dropped_packets FROM captures")
            #expect(dropped == ["3"])
            let found = try CommandTests.run(["analyze", timeline, "--format", "json"]).output
            #expect(found.contains("3 packets were cut by a snap length"), "\(found)")
            #expect(!found.contains("dropped while capturing"))
        }
    }
}
