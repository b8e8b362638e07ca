import Foundation
import Testing

/// Inputs that are larger than a batch of rows, imported by the built program.
@Suite("Importing much")
struct ImportMuchTests {
    /// A capture file of IPv4 over Ethernet, `times` times behind each other, an hour apart, each round between other
    /// hosts: the same connection again would be taken for retransmissions.
    static func repeated(_ file: URL, times: Int) throws -> Data {
        let bytes = try Data(contentsOf: file)
        let head = bytes.prefix(24)
        var out = Data(head)
        for round in 0..<times {
            var offset = bytes.startIndex + 24
            while offset + 16 <= bytes.endIndex {
                var record = bytes[offset..<offset + 16]
                let seconds = Self.word(record, 0) + UInt32(round) * 3_600
                let captured = Int(Self.word(record, 8))
                for byte in 0..<4 {
                    record[record.startIndex + byte] = UInt8(truncatingIfNeeded: seconds >> (8 * byte))
                }
                out += record
                var packet = bytes[offset + 16..<offset + 16 + captured]
                for address in [26, 30] { packet[packet.startIndex + address + 2] = UInt8(round) }
                out += packet
                offset += 16 + captured
            }
        }
        return out
    }

    private static func word(_ bytes: Data, _ offset: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(bytes[bytes.startIndex + offset + $1]) << (8 * $1) }
    }

    static let ways = ["capture.pcap", "capture.pcap.gz", "-"]

    @Test("many batches of one file", arguments: Self.ways)
    func batches(_ way: String) throws {
        let rounds = 40
        let folder = FileManager.default.temporaryDirectory.appending(path: "much-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "capture.pcap")
        let timeline = folder.appending(path: "much.db").path
        try Self.repeated(BundledCapture.root.appending(path: "captures/js-acks/capture.pcap"), times: rounds)
            .write(to: file)
        let program = CommandTests.program.path
        let command =
            switch way {
            case "-": "'\(program)' import - -o '\(timeline)' < '\(file.path)'"
            case "capture.pcap": "'\(program)' import '\(file.path)' -o '\(timeline)'"
            default: "gzip -k '\(file.path)' && '\(program)' import '\(file.path).gz' -o '\(timeline)'"
            }
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments = ["-c", command]
        shell.standardError = FileHandle.nullDevice
        try shell.run()
        shell.waitUntilExit()
        #expect(shell.terminationStatus == 0)

        func count(_ path: String) throws -> [Substring] {
            let sql = "SELECT count(*) AS n, count(DISTINCT session_id) AS s FROM frames"
            let found = try CommandTests.run(["query", path, "--sql", sql, "--format", "csv"])
            return try #require(found.output.split(whereSeparator: \.isNewline).last).split(separator: ",")
        }
        let single = try BundledCapture.withTimeline("js-acks") { try count($0) }.map { Int($0) ?? 0 }
        let much = try count(timeline).map { Int($0) ?? 0 }
        #expect(much == single.map { $0 * rounds })
        // More than one batch, or this shows nothing.
        #expect(much[0] > 1_000)
    }
}
