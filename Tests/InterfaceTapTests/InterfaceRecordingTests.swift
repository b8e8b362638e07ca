import Foundation
import Testing
import Wire

/// Traffic on the loopback interface, recorded by the built program.
@Suite("Recording an interface", .serialized, .enabled(if: Capture.isAllowed, Capture.needed))
struct InterfaceRecordingTests {
    private static let frames = """
        SELECT session_id, at_ns, sender, transport, layer, opcode, eio_type, sio_type, namespace, event, ack_id,
            attachments, close_code, size_bytes, wire_bytes, payload, hex(binary) AS bytes, flags
        FROM frames ORDER BY id
        """
    private static let sessions = """
        SELECT sid, eio_version, sio_version, opened_ns, ended_ns, end_class, ended_by, frames_client, frames_server,
            complete_head, complete_tail
        FROM sessions ORDER BY id
        """
    private static let connections = """
        SELECT client_port, server_port, opened_ns, closed_ns, closed_by, close_kind, bytes_client, bytes_server
        FROM connections ORDER BY id
        """

    /// Records while `play` runs, and ends it by SIGINT.
    private static func record(
        _ arguments: [String], environment: [String: String] = [:], play: (Program) throws -> Void
    ) throws -> Program.Ended {
        let program = try Program(["record", "pcap", "-i", "lo"] + arguments, environment: environment)
        let isReady = program.waits(for: "recording lo, Ethernet (1): ")
        if isReady {
            defer { program.interrupt() }
            try play(program)
        }
        let ended = program.end()
        try #require(isReady, "\(ended.talk)")
        return ended
    }

    @Test("live, the file beside it, and that imported are the same")
    func sameThreeTimes() throws {
        try withFolder { folder in
            let conversation = try Conversation()
            defer { conversation.close() }
            let ended = try Self.record(
                ["-p", "\(conversation.port)", "-o", "\(folder)/live.db", "-w", "\(folder)/file.pcapng"]
            ) { _ in
                try conversation.play(Conversation.session(sid: "one"))
                // Longer than a segment, and than a chunk of what is handed to the decoder.
                try conversation.play(Conversation.session(sid: "two", events: 3, size: 200_000))
            }
            #expect(ended.status == 130, "\(ended.talk)")
            let imported = try Program.run(["import", "\(folder)/file.pcapng", "-o", "\(folder)/import.db"])
            #expect(imported.status == 0, "\(imported.talk)")
            let live = try Program.rows("\(folder)/live.db", Self.frames)
            // Open, CONNECT and its answer, three asked and three answered, two binary, a heartbeat, DISCONNECT, closes.
            #expect(live.count == 2 * 16)
            for sql in [Self.frames, Self.sessions, Self.connections] {
                #expect(
                    try Program.rows("\(folder)/live.db", sql) == Program.rows("\(folder)/import.db", sql))
            }
            let captures = "SELECT kind, source, dropped_packets, complete_tail FROM captures"
            #expect(
                try Program.rows("\(folder)/live.db", captures)
                    == [#"{"kind":"live","source":"lo","dropped_packets":0,"complete_tail":1}"#])
            let sids = try Program.rows("\(folder)/live.db", "SELECT sid FROM sessions")
            #expect(sids == [#"{"sid":"one"}"#, #"{"sid":"two"}"#])
        }
    }

    @Test("-c ends it after so many packets")
    func count() throws {
        try withFolder { folder in
            let conversation = try Conversation()
            defer { conversation.close() }
            let program = try Program([
                "record", "pcap", "-i", "lo", "-p", "\(conversation.port)", "-c", "7", "-o", "\(folder)/live.db", "-w",
                "\(folder)/file.pcapng",
            ])
            try #require(program.waits(for: "recording lo"))
            try conversation.play(Conversation.session(sid: "one"))
            let ended = program.end()
            #expect(ended.status == 0, "\(ended.talk)")
            #expect(try Program.rows("\(folder)/live.db", "SELECT packets FROM captures") == [#"{"packets":7}"#])
            #expect(try Self.packets(in: "\(folder)/file.pcapng") == 7)
        }
    }

    @Test("--duration ends it, and so does SIGINT where nothing comes, at once")
    func ends() throws {
        try withFolder { folder in
            let began = ContinuousClock.now
            let timed = try Program.run(
                ["record", "pcap", "-i", "lo", "-f", "tcp port 1", "-o", "\(folder)/a.db", "--duration", "0.3"])
            #expect(timed.status == 0, "\(timed.talk)")
            #expect(ContinuousClock.now - began >= .milliseconds(300))
            var interrupted = ContinuousClock.now
            let ended = try Self.record(["-f", "tcp port 1", "-o", "\(folder)/b.db"]) { _ in
                interrupted = ContinuousClock.now
            }
            #expect(ended.status == 130, "\(ended.talk)")
            #expect(ContinuousClock.now - interrupted < .seconds(3))
        }
    }

    @Test("only what the ports and the filter both let through")
    func filter() throws {
        try withFolder { folder in
            let conversations = try (0..<3).map { _ in try Conversation() }
            defer { for conversation in conversations { conversation.close() } }
            let ports = conversations.map { "\($0.port)" }
            let ended = try Self.record(
                ["-p", "\(ports[0]),\(ports[1])", "-f", "not port \(ports[0])", "-o", "\(folder)/live.db"]
            ) { _ in
                for (conversation, sid) in zip(conversations, ["a", "b", "c"]) {
                    try conversation.play(Conversation.session(sid: sid))
                }
            }
            #expect(ended.status == 130, "\(ended.talk)")
            #expect(try Program.rows("\(folder)/live.db", "SELECT sid FROM sessions") == [#"{"sid":"b"}"#])
            #expect(
                try Program.rows("\(folder)/live.db", "SELECT DISTINCT server_port AS p FROM connections")
                    == [#"{"p":\#(ports[1])}"#])
        }
    }

    @Test("a ring of files keeps the newest, each whole")
    func ring() throws {
        try withFolder { folder in
            let conversation = try Conversation()
            defer { conversation.close() }
            let ended = try Self.record(
                [
                    "-p", "\(conversation.port)", "-o", "\(folder)/live.db", "-w", "\(folder)/ring.pcapng",
                    "--ring-size", "1", "--ring-files", "2",
                ]
            ) { _ in
                for number in 0..<6 {
                    try conversation.play(Conversation.session(sid: "\(number)", events: 4, size: 60_000))
                }
            }
            #expect(ended.status == 130, "\(ended.talk)")
            let files = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix("ring") }
                .sorted()
            #expect(files.count == 2)
            #expect(
                files.allSatisfy { $0.wholeMatch(of: /ring_[0-9]{5}_20[0-9]{12}\.pcapng/) != nil }, "\(files)")
            // Six conversations of half a MiB take more than two files.
            #expect(!files.contains { $0.hasPrefix("ring_00001_") })
            for file in files {
                let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(file)")
                #expect(try #require(attributes[.size] as? Int) <= 1 << 20)
                #expect(attributes[.posixPermissions] as? Int == 0o600)
                #expect(try Self.packets(in: "\(folder)/\(file)") > 0)
            }
            let sessions = try Program.rows("\(folder)/live.db", "SELECT count(*) AS n FROM sessions")
            #expect(sessions == [#"{"n":6}"#])
        }
    }

    @Test("a capture file that is there is not touched")
    func existingFile() throws {
        try withFolder { folder in
            try "mine".write(toFile: "\(folder)/x.pcapng", atomically: false, encoding: .utf8)
            let ended = try Program.run(
                ["record", "pcap", "-i", "lo", "-p", "1", "-o", "\(folder)/x.db", "-w", "\(folder)/x.pcapng"])
            #expect(ended.status == 2)
            #expect(ended.talk.contains("error: -w \(folder)/x.pcapng exists; give another name"))
            #expect(try String(contentsOfFile: "\(folder)/x.pcapng", encoding: .utf8) == "mine")
        }
    }

    @Test("a disk that is full ends it; the file keeps whole packets and the timeline all")
    func fullDisk() throws {
        try withFolder { folder in
            let conversation = try Conversation()
            defer { conversation.close() }
            // A limit on the size of files stands for the disk's end; it must be wide enough for the timeline.
            let program = try Program(
                [
                    "-c", "trap '' XFSZ; ulimit -f 2048; exec \"$0\" \"$@\"", Program.path, "record", "pcap", "-i",
                    "lo",
                    "-p", "\(conversation.port)", "-o", "\(folder)/live.db", "-w", "\(folder)/file.pcapng",
                ], path: "/bin/bash")
            try #require(program.waits(for: "recording lo"))
            // More packets than 2 MiB hold, most of which the timeline does not keep: no WebSocket follows.
            let bytes = [UInt8](repeating: 0x20, count: 60_000)
            try conversation.play((0..<60).map { _ in .client(bytes) })
            let ended = program.end()
            #expect(ended.status == 2, "\(ended.talk)")
            #expect(ended.talk.contains("cannot go on writing \(folder)/file.pcapng: File too large"))
            #expect(try Self.packets(in: "\(folder)/file.pcapng") > 0)
            #expect(
                try Program.rows("\(folder)/live.db", "SELECT count(*) AS n FROM captures") == [#"{"n":1}"#])
        }
    }

    /// Reads all of a file, which must be whole.
    static func packets(in path: String) throws -> Int {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        var decoder = CaptureFileDecoder()
        var count = 0
        try decoder.feed(bytes.span) { _, _ in count += 1 }
        try decoder.finish()
        #expect(decoder.isComplete)
        #expect(decoder.notes.isEmpty)
        return count
    }
}
