import Foundation
import HookLog
import Testing

@Suite("Recording: --redact")
struct RecordingRedactionTests {
    private static let secrets = [
        "s3cr3t-auth", "url-t0ken", "pa55-word", "custom-hush", "eyJhbGciOi.eyJzdWIiOiI.c2lnbmF0dXJl",
    ]

    private static func send(_ recording: RecordingUnderTest, _ session: String) throws {
        try recording.begin(session, query: "&access=\(Self.secrets[1])", auth: #"{"token":"\#(Self.secrets[0])"}"#)
        try recording.send(
            [
                RecordingUnderTest.client(#"42["login",{"user":"ann","password":"\#(Self.secrets[2])"}]"#),
                RecordingUnderTest.client(#"42["own",{"hush":"\#(Self.secrets[3])"},"\#(Self.secrets[4])"]"#),
                RecordingUnderTest.server(#"42["kept","plain-text"]"#),
            ], session: session)
    }

    /// The secrets whose bytes stand in the timeline, or in what SQLite keeps beside it.
    private static func found(_ recording: RecordingUnderTest) throws -> Set<String> {
        var found: Set<String> = []
        for end in ["", "-wal"] {
            guard let bytes = FileManager.default.contents(atPath: recording.timeline + end) else { continue }
            for secret in Self.secrets where bytes.range(of: Data(secret.utf8)) != nil { found.insert(secret) }
        }
        return found
    }

    @Test("leaves no secret in the file, at no time; equal ones stay equal, and the capture says so")
    func redacts() throws {
        let recording = try RecordingUnderTest(["--redact", "--redact-json", "hush"])
        for session in ["one", "two"] { try Self.send(recording, session) }
        #expect(try recording.becomes(["12"], "SELECT count(*) FROM frames"))
        #expect(try Self.found(recording) == [])
        recording.program.signal(SIGINT)
        #expect(try recording.program.end() == 130)
        #expect(try Self.found(recording) == [])
        #expect(recording.program.lines(.talk).allSatisfy { line in Self.secrets.allSatisfy { !line.contains($0) } })

        #expect(try recording.rows("SELECT json_type(redacted) FROM captures") == ["array"])
        #expect(
            try recording.rows(
                "SELECT count(*), count(DISTINCT payload) FROM frames "
                    + "WHERE sender = 'client' AND sio_type = 'connect' AND payload LIKE '%redacted:%'") == ["2,1"])
        #expect(
            try recording.rows(
                "SELECT count(*), count(DISTINCT payload) FROM frames "
                    + "WHERE event = 'login' AND payload LIKE '%redacted:%'") == ["2,1"])
        #expect(
            try recording.rows("SELECT DISTINCT json_extract(payload, '$[1].user') FROM frames WHERE event = 'login'")
                == ["ann"])
        #expect(
            try recording.rows("SELECT DISTINCT json_extract(payload, '$[1]') FROM frames WHERE event = 'kept'")
                == ["plain-text"])
    }

    @Test("without it everything is kept, and the capture says nothing")
    func keeps() throws {
        let recording = try RecordingUnderTest()
        try Self.send(recording, "one")
        #expect(try recording.becomes(["6"], "SELECT count(*) FROM frames"))
        recording.program.signal(SIGINT)
        #expect(try recording.program.end() == 130)
        #expect(try Self.found(recording).isSuperset(of: [Self.secrets[0], Self.secrets[2], Self.secrets[3]]))
        #expect(try recording.rows("SELECT redacted IS NULL FROM captures") == ["1"])
    }

    @Test("the hook log beside the timeline hides the same, under the same hashes")
    func hookLog() throws {
        try ExportTests.withFolder { folder in
            let auth = #"{"token":"\#(Self.secrets[0])"}"#
            let server = try RecordedServer(
                in: folder.path, connect: "40\(auth)",
                [RecordingUnderTest.server(#"42["login",{"password":"\#(Self.secrets[2])"},"kept"]"#)])
            let (log, timeline) = (folder.path + "/log.jsonl", folder.path + "/t.db")
            let client = try RunningProgram([
                "record", "client", server.url + "/socket.io/?access=\(Self.secrets[1])", "--no-reconnect", "--redact",
                "--auth", auth, "--hook-log", log, "-o", timeline,
            ])
            // To the user at the terminal what came is shown as it is.
            try client.waits(for: Self.secrets[2], on: .output)
            client.signal(SIGINT)
            #expect(try client.end() == 130)
            // The URL that it says it connects to is no such thing: stderr goes into log files.
            let told = client.lines(.talk)
            #expect(told.contains { $0.hasPrefix("connecting to ") && $0.contains("access=redacted:") }, "\(told)")
            #expect(told.allSatisfy { !$0.contains(Self.secrets[1]) }, "\(told)")
            let text = try String(contentsOfFile: log, encoding: .utf8)
            #expect(Self.secrets.allSatisfy { !text.contains($0) }, "\(text)")
            #expect(text.contains("kept"))
            let again = folder.path + "/again.db"
            #expect(try CommandTests.run(["import", log, "-o", again]).status == 0)
            let sql = "SELECT sender || sio_type || coalesce(payload, '') FROM frames WHERE sio_type IS NOT NULL"
            let rows = try RecordingUnderTest.rows(timeline, sql)
            #expect(rows.count >= 3, "\(rows)")
            #expect(try RecordingUnderTest.rows(again, sql) == rows)
        }
    }

    @Test("the error of a server that cannot be reached hides what is in its URL")
    func unreachable() throws {
        try ExportTests.withFolder { folder in
            let outcome = try CommandTests.run([
                "record", "client", "http://127.0.0.1:1/socket.io/?access=\(Self.secrets[1])", "--no-reconnect",
                "--redact", "-o", folder.path + "/t.db",
            ])
            #expect(outcome.status == 2)
            #expect(outcome.talk.contains("access=redacted:"), "\(outcome.talk)")
            #expect(!outcome.talk.contains(Self.secrets[1]))
        }
    }

    @Test("packets are written as they are, so a capture file and --redact exclude each other")
    func captureFile() throws {
        for flags in [["--redact"], ["--redact-json", "x"], ["--redact-key", "k"]] {
            let outcome = try CommandTests.run(
                ["record", "pcap", "-i", "lo", "-p", "1", "-o", "x.db", "-w", "x.pcapng"] + flags)
            #expect(outcome.status == 2)
            #expect(
                outcome.talk
                    == "sioscope: error: -w writes packets as they are, with the secrets that --redact takes out; "
                    + "leave out -w, or --redact (see 'sioscope record pcap --help')\n")
        }
    }
}
