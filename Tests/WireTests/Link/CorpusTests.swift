import Foundation
import Testing
import TimelineModel
import Wire

/// Captures of other projects, and of Socket.IO sessions, that lie beside the repository where it is developed.
enum SharedCaptures {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appending(path: "shared")

    static let corpus = Self.files(in: "corpus")
    static let captures = Self.files(in: "captures")

    /// Paths under `root` of all pcap and pcapng files in a folder; none where it is absent.
    private static func files(in folder: String) -> [String] {
        let names =
            FileManager.default.enumerator(atPath: Self.root.appending(path: folder).path)?
            .compactMap { $0 as? String } ?? []
        return names.filter { $0.hasSuffix(".pcap") || $0.hasSuffix(".pcapng") }.sorted().map { "\(folder)/\($0)" }
    }

    static func bytes(of file: String) throws -> [UInt8] {
        Array(try Data(contentsOf: Self.root.appending(path: file)))
    }

    /// `make oracle` sets this.
    static let asksTshark = tshark != nil && ProcessInfo.processInfo.environment["SIOSCOPE_ORACLE"] != nil

    static let tshark = ["/usr/bin/tshark", "/usr/local/bin/tshark", "/opt/homebrew/bin/tshark"]
        .first { FileManager.default.isExecutableFile(atPath: $0) }
}

/// What came of a file.
struct FileOutcome: Equatable {
    /// What tshark tells of a segment too.
    struct Line: Equatable {
        var at: Timestamp
        var port: UInt16
        var sequence: UInt32
        var payloadLength: Int
    }

    var packets = 0
    var segments: [Line] = []
    var error: String?
    var capture: [CaptureEvent] = []
    var counters = LinkCounters()

    static func decode(_ chunks: [[UInt8]]) -> FileOutcome {
        var decoder = CaptureFileDecoder()
        var link = LinkDecoder()
        var outcome = FileOutcome()
        do {
            for chunk in chunks {
                try decoder.feed(chunk.span) { record, bytes in
                    outcome.packets += 1
                    do throws(LinkError) {
                        try link.decode(record, bytes) { segment, _ in
                            outcome.segments.append(
                                Line(
                                    at: segment.at, port: segment.source.port, sequence: segment.sequence,
                                    payloadLength: segment.payloadLength))
                        }
                    } catch {
                        outcome.error = error.description
                    }
                }
            }
            try decoder.finish()
        } catch {
            outcome.error = "\(error)"
        }
        outcome.capture = decoder.notes.map { .note($0.code.text, $0.detail) }
        link.finish()
        outcome.counters = link.counters
        return outcome
    }
}

@Suite(
    "Captures beside the repository",
    .enabled(if: !SharedCaptures.corpus.isEmpty, "../shared/corpus is not there: it is no part of the repository"))
struct CorpusTests {
    @Test("decode equally at any cuts", arguments: SharedCaptures.corpus + SharedCaptures.captures)
    func decodesAtAnyCuts(_ file: String) throws {
        let bytes = try SharedCaptures.bytes(of: file)
        let outcome = ChunkVerifier.verify(bytes, rounds: 5) { [FileOutcome.decode($0)] }[0]
        #expect(outcome.counters.segments == outcome.segments.count)
        #expect(outcome.counters.addsUp)
    }

    @Test(
        "agree with tshark on packets, and on every TCP segment's time, port, sequence number and length",
        .enabled(
            if: SharedCaptures.asksTshark,
            "a program run for each of 285 files: minutes; `make oracle` installs tshark and asks it"),
        arguments: SharedCaptures.corpus + SharedCaptures.captures)
    func agreesWithTshark(_ file: String) throws {
        let outcome = FileOutcome.decode([try SharedCaptures.bytes(of: file)])
        let expected = try Self.tshark(file)
        #expect(outcome.packets == expected.packets)
        #expect(outcome.segments.count == expected.segments.count)
        if let (ours, theirs) = zip(outcome.segments, expected.segments).first(where: { $0 != $1 }) {
            #expect(ours == theirs)
        }
    }

    private static func tshark(_ file: String) throws -> (packets: Int, segments: [FileOutcome.Line]) {
        let process = Process()
        process.executableURL = URL(filePath: try #require(SharedCaptures.tshark))
        process.arguments = [
            "-n", "-r", SharedCaptures.root.appending(path: file).path, "-T", "fields", "-E", "occurrence=f",
            "-e", "frame.protocols", "-e", "frame.time_epoch", "-e", "tcp.srcport", "-e", "tcp.seq_raw",
            "-e", "tcp.len", "-e", "tcp.urgent_pointer",
        ]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            .map { $0.split(separator: "\t", omittingEmptySubsequences: false) }
            .filter { Self.isPacket($0[0]) }
        return (lines.count, lines.compactMap(Self.segment))
    }

    /// tshark also lists custom blocks of pcapng, as data on no layer.
    private static func isPacket(_ layers: Substring) -> Bool {
        layers != "data"
    }

    /// Layers that may stand below TCP here. tshark also looks into ICMP errors, GRE, GTP and others.
    private static let below: Set<Substring> = [
        "eth", "ethertype", "vlan", "ieee8021ad", "pppoes", "ppp", "mpls", "llc", "null", "raw", "sll", "nflog", "ip",
        "ipv6", "ipv6.hopopts", "ipv6.dstopts", "ipv6.routing", "ipv6.fraghdr", "ah",
    ]

    /// Nil unless the columns are of TCP, with the last field of its header, which a snap length may have cut off, and
    /// a length, which tshark gives where the header makes sense.
    private static func segment(_ columns: [Substring]) -> FileOutcome.Line? {
        guard columns.count == 6, !columns[5].isEmpty, let port = UInt16(columns[2]), let sequence = UInt32(columns[3]),
            let length = Int(columns[4])
        else { return nil }
        let layers = columns[0].split(separator: ":")
        guard let tcp = layers.firstIndex(of: "tcp"), layers[..<tcp].allSatisfy(Self.below.contains) else { return nil }
        return FileOutcome.Line(
            at: Self.timestamp(columns[1]), port: port, sequence: sequence, payloadLength: length)
    }

    /// Seconds and nine digits behind the point.
    private static func timestamp(_ text: Substring) -> Timestamp {
        Timestamp(nanoseconds: Int64(text.filter { $0 != "." }) ?? -1)
    }
}
