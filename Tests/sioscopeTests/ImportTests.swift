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

    @Test("what stands behind the data of a gzip file is passed over, and told of")
    func gzipTrailer() throws {
        try ExportTests.withFolder { folder in
            let capture = BundledCapture.root.appending(path: "captures/js-acks/capture.pcap").path
            let shell = Process()
            shell.executableURL = URL(fileURLWithPath: "/bin/sh")
            shell.arguments = [
                "-c",
                "gzip -c '\(capture)' > whole.gz && { cat whole.gz; head -c 600 /dev/zero; } > padded.gz"
                    + " && { cat whole.gz; printf 'junk'; } > junk.gz",
            ]
            shell.currentDirectoryURL = folder
            try shell.run()
            shell.waitUntilExit()
            #expect(shell.terminationStatus == 0)
            let counts = "1 session, 58 frames on 4 connections"
            for (file, more) in [
                ("whole", ""), ("padded", ""), ("junk", "; 4 bytes behind the gzip data passed over"),
            ] {
                let imported = try ExportTests.sioscope("import", "\(file).gz", "-o", "\(file).db", in: folder)
                #expect(imported.status == 0)
                #expect(imported.talk == "\(file).db: \(counts)\(more)\n")
            }
        }
    }

    @Test(
        "a signal ends it while its pipe is silent, and leaves no file",
        arguments: [
            (SIGINT, "-", 130), (SIGTERM, "-", 143), (SIGHUP, "-", 129), (SIGINT, "pipe", 130), (SIGTERM, "pipe", 143),
            (SIGHUP, "pipe", 129),
        ] as [(Int32, String, Int32)])
    func silentPipe(_ signal: Int32, _ input: String, _ status: Int32) throws {
        try Self.withSilentPipe(input) { (program, folder) throws in
            program.signal(signal)
            #expect(try program.end() == status)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["pipe"])
        }
    }

    @Test("started by nohup it lives on when its terminal is closed")
    func hungUp() throws {
        try Self.withSilentPipe("-", "trap '' HUP; ") { (program, folder) throws in
            program.signal(SIGHUP)
            program.signal(SIGTERM)
            #expect(try program.end() == 143)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["pipe"])
        }
    }

    /// An import of a pipe that is open, and silent once the program has taken the signals over and read all there was.
    private static func withSilentPipe(
        _ input: String, _ before: String = "", _ body: (RunningProgram, URL) throws -> Void
    ) throws {
        try ExportTests.withFolder { folder in
            let pipe = folder.appending(path: "pipe").path
            #expect(mkfifo(pipe, 0o600) == 0)
            // For reading too, so that it opens at once; held open, so that no end comes.
            let ends = FileHandle(fileDescriptor: open(pipe, O_RDWR | O_CLOEXEC), closeOnDealloc: true)
            let program = try RunningProgram(
                ["import", input == "-" ? "-" : pipe, "-o", folder.appending(path: "x.db").path],
                through: ["/bin/sh", "-c", before + "exec \"$@\" < \"$0\"", pipe])
            // Much more than a pipe holds: once it is written, the program has taken the signals over and reads.
            let capture = BundledCapture.root.appending(path: "captures/js-acks/capture.pcap")
            try ends.write(contentsOf: Self.repeated(capture, times: 40))
            var left: Int32 = 1
            while left > 0, program.isRunning, ioctl(ends.fileDescriptor, UInt(FIONREAD), &left) == 0 { sched_yield() }
            #expect(program.isRunning)
            try body(program, folder)
        }
    }

    @Test(
        "what cannot be read leaves the bytes of a timeline as they were",
        arguments: [
            ["empty"], ["text"], ["cut.gz"], ["/dev/null"], ["broken.har"], ["whole", "empty"], ["whole", "text"],
        ])
    func unchanged(_ inputs: [String]) throws {
        try ExportTests.withFolder { folder in
            let capture = BundledCapture.root.appending(path: "captures/js-acks/capture.pcap")
            try FileManager.default.copyItem(at: capture, to: folder.appending(path: "whole"))
            for (name, text) in [
                ("empty", ""), ("text", "no capture\n"), ("broken.har", #"{"log":{"entries":[]"#),
            ] { try Data(text.utf8).write(to: folder.appending(path: name)) }
            try Data([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3]).write(to: folder.appending(path: "cut.gz"))
            #expect(try ExportTests.sioscope("import", "whole", "-o", "t.db", in: folder).status == 0)
            let timeline = folder.appending(path: "t.db")
            func state() throws -> (Data, Int, Int) {
                var status = stat()
                #expect(stat(timeline.path, &status) == 0)
                return (try Data(contentsOf: timeline), status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
            }
            let before = try state()
            let arguments = ["import"] + inputs.map { $0.hasPrefix("/") ? $0 : folder.appending(path: $0).path }
            let refused = try CommandTests.run(arguments + ["-o", timeline.path])
            #expect(refused.status == 2)
            #expect(try state() == before)
            #expect(try ExportTests.sioscope("import", "whole", "-o", "t.db", in: folder).status == 0)
            #expect(try state() != before)
        }
    }

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

    // MARK: A recording in several files

    /// Two files of one recording: the records of a capture file up to a place, and those from there on.
    static func halves(_ file: URL) throws -> [Data] {
        let bytes = try Data(contentsOf: file)
        var places: [Int] = []
        var offset = bytes.startIndex + 24
        while offset + 16 <= bytes.endIndex {
            places.append(offset)
            offset += 16 + Int(Self.word(bytes[offset..<offset + 16], 8))
        }
        let middle = places[places.count / 2]
        return [bytes[..<middle], bytes.prefix(24) + bytes[middle...]].map { Data($0) }
    }

    @Test(
        "files of one recording that are imported one by one are told",
        arguments: [
            (["first", "second"], 1), (["second", "first"], 1), (["first"], 0), (["second"], 0), (["whole"], 0),
            (["whole", "second"], 0), (["first", "first"], 0),
        ])
    func continued(_ names: [String], _ hints: Int) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "halves-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let whole = BundledCapture.root.appending(path: "captures/js-acks/capture.pcap")
        let halves = try Self.halves(whole)
        try halves[0].write(to: folder.appending(path: "first"))
        try halves[1].write(to: folder.appending(path: "second"))
        try Data(contentsOf: whole).write(to: folder.appending(path: "whole"))
        let files = names.map { folder.appending(path: $0).path }

        // In one go, and one after the other into the same timeline.
        let together = try CommandTests.run(["import"] + files + ["-o", folder.appending(path: "a.db").path])
        #expect(together.status == 0)
        let apart = try files.map { try CommandTests.run(["import", $0, "-o", folder.appending(path: "b.db").path]) }
        #expect(apart.allSatisfy { $0.status == 0 })
        for told in [together.talk, apart.map(\.talk).joined()] {
            #expect(told.split(separator: "\n").count { $0.contains("mergecap") } == hints, "\(told)")
            if hints > 0 {
                #expect(
                    told.contains("/second begins with 1 connection that \(folder.path)/first left open;"), "\(told)")
            }
        }
    }
}
