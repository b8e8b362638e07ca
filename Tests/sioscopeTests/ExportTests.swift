import Foundation
import Testing

/// Import, export, import: by the program, over bundled captures.
@Suite("Export")
struct ExportTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static let captures: [String] = {
        let folder = Self.root.appendingPathComponent("captures")
        let files =
            FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)?.compactMap { $0 as? URL } ?? []
        return files.filter { ["pcap", "pcapng"].contains($0.pathExtension) }.map(\.path).sorted()
    }()

    /// Runs the program in `folder`; what it printed on both streams, and its status.
    @discardableResult
    static func sioscope(_ arguments: String..., in folder: URL) throws -> (output: String, talk: String, status: Int32)
    {
        let process = Process()
        process.executableURL = CommandTests.program
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.environment = ["LANG": "C.UTF-8"]
        // Into files: more than a pipe holds may come.
        let files = ["output", "talk"].map { folder.appendingPathComponent($0) }
        for file in files { _ = FileManager.default.createFile(atPath: file.path, contents: nil) }
        let handles = try files.map { try FileHandle(forWritingTo: $0) }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = handles[0]
        process.standardError = handles[1]
        try process.run()
        process.waitUntilExit()
        let texts = try files.map { try String(contentsOf: $0, encoding: .utf8) }
        return (texts[0], texts[1], process.terminationStatus)
    }

    static func withFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("export-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder)
    }

    static let frames = """
        SELECT at_ns, sender, transport, layer, opcode, eio_type, sio_type, namespace, event, ack_id, attachments, close_code,
          size_bytes, wire_bytes, payload, hex(binary) AS bytes, flags
        FROM frames ORDER BY id
        """

    @Test("gives the same frames", .enabled(if: !captures.isEmpty, "there are no captures"), arguments: captures)
    func roundTrip(_ capture: String) throws {
        try Self.withFolder { folder in
            #expect(try Self.sioscope("import", capture, "-o", "a.db", in: folder).status == 0)
            let exported = try Self.sioscope("export", "a.db", "--format", "jsonl", "-o", "a.jsonl", in: folder)
            #expect(exported.output.isEmpty)
            let expected = try Self.sioscope("query", "a.db", "--sql", Self.frames, "--format", "jsonl", in: folder)
                .output
            guard !expected.isEmpty else {
                // An empty log could not be imported again: it is not made, and that is said.
                #expect(exported.status == 2)
                #expect(
                    exported.talk
                        == "sioscope: error: a.db has no frame in capture 1; there is nothing to export, and no file was made\n"
                )
                #expect(!FileManager.default.fileExists(atPath: folder.appendingPathComponent("a.jsonl").path))
                return
            }
            #expect(exported.status == 0)
            #expect(try Self.sioscope("import", "a.jsonl", "-o", "b.db", in: folder).status == 0)
            let frames = try Self.sioscope("query", "b.db", "--sql", Self.frames, "--format", "jsonl", in: folder)
                .output
            #expect(frames == expected)
            let bad = try Self.sioscope(
                "query", "b.db", "--sql", "SELECT detail FROM anomalies WHERE code = 'hook.bad-line'", "--format",
                "jsonl", in: folder)
            #expect(bad.output.isEmpty)
        }
    }

    @Test(
        "refuses what it must, in one line, and leaves nothing behind",
        .enabled(if: !captures.isEmpty, "there are no captures"))
    func refusals() throws {
        try Self.withFolder { folder in
            let capture = Self.captures[0]
            func refused(_ arguments: [String], _ talk: String) throws {
                let process = try Self.sioscope(
                    "export", arguments[0], "--format", arguments[1], "-o", arguments[2], in: folder)
                #expect(process.status == 2)
                #expect(process.output.isEmpty)
                #expect(process.talk == "sioscope: error: \(talk)\n")
            }
            try Self.sioscope("import", capture, "-o", "a.db", in: folder)
            let there = folder.appendingPathComponent("there.jsonl")
            try Data("mine".utf8).write(to: there)
            try refused(
                ["a.db", "jsonl", "there.jsonl"],
                "there.jsonl is there already; -o never overwrites: name a new file, or remove it first")
            #expect(try String(contentsOf: there, encoding: .utf8) == "mine")
            try refused(["a.db", "jsonl", "no/x.jsonl"], "no/x.jsonl: No such file or directory")
            try refused(
                ["b.db", "jsonl", "x.jsonl"], "b.db: no such file; `sioscope import FILE -o b.db` would make one")
            try Self.sioscope("import", capture, "-o", "a.db", in: folder)
            try refused(
                ["a.db", "jsonl", "x.jsonl"],
                "a.db has 2 captures; choose one with --capture: 1 (\(capture)), 2 (\(capture))")
            #expect(!FileManager.default.fileExists(atPath: folder.appendingPathComponent("x.jsonl").path))
            let second = try Self.sioscope(
                "export", "a.db", "--format", "jsonl", "--capture", "2", "-o", "-", in: folder)
            #expect(second.status == 0)
            #expect(second.talk.isEmpty)
            #expect(second.output.hasPrefix("{\"v\":1,\"at_ns\":"))
        }
    }
}
