import Foundation
import SampleTimeline
import Testing

@Suite("Recording: how it begins and ends")
struct RecordingEndTests {
    @Test(
        "a signal ends it with the shell's status, all written, and a summary",
        arguments: [([SIGINT], 130), ([SIGTERM], 143), ([SIGHUP], 129), ([SIGHUP, SIGHUP], 129)] as [([Int32], Int32)])
    func signals(_ signals: [Int32], _ status: Int32) throws {
        let recording = try RecordingUnderTest()
        try recording.begin()
        try recording.send([RecordingUnderTest.server(#"42["a"]"#), RecordingUnderTest.client(#"42["b"]"#)])
        // It has come in: what was not yet read when the signal comes, a recording may leave.
        #expect(try recording.becomes(["5"], "SELECT count(*) FROM frames"))
        for signal in signals { recording.program.signal(signal) }
        #expect(try recording.program.end() == status)
        #expect(recording.program.lines(.talk).count == 2)
        #expect(recording.lastLine == "\(recording.timeline): 1 session, 5 frames, no findings")
        #expect(recording.program.text(.output).isEmpty)
        #expect(try recording.rows("SELECT integrity_check FROM pragma_integrity_check") == ["ok"])
        #expect(try recording.rows("SELECT complete_tail FROM captures") == ["1"])
        // One file, and the socket is gone.
        #expect(try FileManager.default.contentsOfDirectory(atPath: recording.folder.path) == ["t.db"])
    }

    @Test("--duration ends it with 0; none at all is refused")
    func duration() throws {
        let recording = try RecordingUnderTest(["--duration", "0.5"])
        #expect(try recording.program.end() == 0)
        #expect(recording.lastLine == "\(recording.timeline): 0 sessions, 0 frames, no findings")
        let refused = try CommandTests.run(["record", "hook", "--listen", "unix:/s", "-o", "/t.db", "--duration", "0"])
        #expect(refused.status == 2)
        #expect(
            refused.talk.hasPrefix(
                "sioscope: error: --duration is 0.0; give more than 0 seconds, and 1000000000 at most (see "))
    }

    @Test("cut off is what a killed recorder leaves, and not what is still being recorded")
    func killed() throws {
        let recording = try RecordingUnderTest()
        try recording.begin()
        #expect(try recording.becomes(["3"], "SELECT count(*) FROM frames"))
        #expect(try recording.rows("SELECT complete_tail FROM captures") == ["0"])
        func why() throws -> String {
            try CommandTests.run(["why", recording.timeline]).output.replacing("\n", with: " ")
        }
        let goesOn = "1 session had not ended when the capture did: 1. "
        #expect(try why() == goesOn)
        recording.program.signal(SIGKILL)
        _ = try recording.program.end()
        #expect(try recording.rows("SELECT complete_tail FROM captures") == ["0"])
        #expect(
            try why() == goesOn + " The capture is incomplete: the file is cut off. ")
    }

    /// F_SETPIPE_SZ of Linux, which Swift does not import.
    private static let setPipeSize: Int32 = 1_031

    @Test("a second SIGINT ends it at once, whatever it waits for")
    func twice() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("r-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let timeline = folder.appendingPathComponent("t.db").path
        // A full pipe that nobody reads: the summary at the end waits for ever.
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        let size = fcntl(ends[1], Self.setPipeSize, 4_096)
        try #require(size > 0)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "--default-signal=INT", CommandTests.program.path, "record", "hook", "--listen", "unix:\(folder.path)/s",
            "-o", timeline,
        ]
        process.standardInput = FileHandle.nullDevice
        process.standardError = FileHandle(fileDescriptor: ends[1])
        try process.run()
        defer {
            if process.isRunning { kill(process.processIdentifier, SIGKILL) }
            for end in ends { close(end) }
        }
        var buffer = [UInt8](repeating: 0, count: 4_096)
        var said = ""
        while !said.contains("\n") {
            let count = read(ends[0], &buffer, buffer.count)
            try #require(count > 0)
            said += String(decoding: buffer[..<count], as: UTF8.self)
        }
        #expect(said.hasPrefix("listening"))
        let filler = [UInt8](repeating: 0x2E, count: Int(size))
        try #require(write(ends[1], filler, filler.count) == filler.count)

        kill(process.processIdentifier, SIGINT)
        // Once the file is settled, only the summary is left.
        let limit = Date(timeIntervalSinceNow: RunningProgram.patience)
        while try !Self.isSettled(timeline) {
            try #require(Date() < limit)
            usleep(5_000)
        }
        #expect(process.isRunning)
        kill(process.processIdentifier, SIGINT)
        while process.isRunning {
            try #require(Date() < limit)
            usleep(5_000)
        }
        #expect(process.terminationStatus == 130)
        #expect(try RecordingUnderTest.rows(timeline, "SELECT count(*) FROM captures") == ["1"])
    }

    /// One file, out of WAL mode, and no change of it under way. Source: SQLite's file format, section 1.3.3.
    private static func isSettled(_ timeline: String) throws -> Bool {
        let file = try #require(FileHandle(forReadingAtPath: timeline))
        defer { try? file.close() }
        let version = try #require(try file.read(upToCount: 19)?.last)
        return version == 1
            && ["-wal", "-journal"].allSatisfy { !FileManager.default.fileExists(atPath: timeline + $0) }
    }

    @Test("an existing timeline is appended to: another capture, and nothing else changes")
    func append() throws {
        let recording = try RecordingUnderTest { folder in
            _ = try SampleDatabase(path: folder.appendingPathComponent("t.db").path)
        }
        try recording.begin()
        try recording.send([RecordingUnderTest.client("2")])
        try recording.program.waits(for: "eio4-client-ping, session 6: ")
        recording.program.signal(SIGINT)
        #expect(try recording.program.end() == 130)
        #expect(try recording.rows("SELECT id, kind FROM captures ORDER BY id") == ["1,pcap", "2,hook"])
        #expect(
            try recording.rows("SELECT capture_id, count(*) FROM sessions GROUP BY 1 ORDER BY 1") == ["1,5", "2,1"])
        #expect(try recording.rows("SELECT count(*), max(id) FROM frames WHERE session_id = 6") == ["4,51"])
        #expect(recording.lastLine.contains(": 1 session, 4 frames, 1 error"))
    }

    struct Foreign: CustomTestStringConvertible, Sendable {
        let bytes: [UInt8]
        let kind: String
        var testDescription: String { self.kind }
    }

    @Test(
        "another kind of file is refused, and left as it was",
        arguments: [
            Foreign(
                bytes: [0xD4, 0xC3, 0xB2, 0xA1, 2, 0, 4, 0] + [UInt8](repeating: 0, count: 16), kind: "a pcap capture"),
            Foreign(bytes: Array("{\"v\":1}\n".utf8), kind: "a JSON file"),
            Foreign(bytes: Array("notes\n".utf8), kind: "a text file"),
        ])
    func foreign(_ file: Foreign) throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("r-\(UUID().uuidString.prefix(8))")
        try Data(file.bytes).write(to: url)
        defer { try? FileManager.default.removeItem(at: url) }
        let outcome = try CommandTests.run(["record", "hook", "--listen", "unix:\(url.path).s", "-o", url.path])
        #expect(outcome.status == 2 && outcome.output.isEmpty)
        #expect(outcome.talk.hasPrefix("sioscope: error: \(url.path) is \(file.kind), "))
        #expect(outcome.talk.split(separator: "\n").count == 1, "\(outcome.talk)")
        #expect(try Data(contentsOf: url) == Data(file.bytes))
    }

    @Test("a new timeline, and what SQLite keeps beside it, is its owner's alone")
    func mode() throws {
        let recording = try RecordingUnderTest(through: ["sh", "-c", "umask 022; exec \"$@\"", "sh"])
        try recording.begin()
        #expect(try recording.becomes(["3"], "SELECT count(*) FROM frames"))
        let names = try FileManager.default.contentsOfDirectory(atPath: recording.folder.path)
        #expect(names.contains("t.db") && names.contains("t.db-wal"))
        for name in names where name != "s" {
            let path = recording.folder.appendingPathComponent(name).path
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600, "\(name)")
        }
        recording.program.signal(SIGINT)
        #expect(try recording.program.end() == 130)
    }

    private static let canMount: Bool = {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"]
        (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()

    @Test(
        "a full disk ends it with 2 and one line; what was committed is kept",
        .enabled(if: canMount, "a small file system of its own needs root"))
    func fullDisk() throws {
        // The file system goes with its last process, so the file is copied before.
        let script = """
            mount -t tmpfs -o size=2m none FOLDER/disk && "$@"; status=$?
            cp FOLDER/disk/t.db* FOLDER/; exit $status
            """
        let recording = try RecordingUnderTest(
            through: ["unshare", "-m", "sh", "-c", script, "sh"], place: "FOLDER/disk/t.db"
        ) { folder in
            try FileManager.default.createDirectory(
                at: folder.appendingPathComponent("disk"), withIntermediateDirectories: false)
        }
        try recording.begin()
        let payload = String(repeating: "x", count: 10_000)
        var sent = 0
        func sendNext() throws {
            try recording.send([RecordingUnderTest.server(#"42["n",\#(sent),"\#(payload)"]"#)])
            sent += 1
        }
        for _ in 0..<10 { try sendNext() }
        // Asked where the recording sees its file system.
        let question = [
            "query", "\(recording.folder.path)/disk/t.db", "--format", "csv",
            "--sql", "SELECT count(*) = 10 AS \"is it\" FROM frames WHERE event = 'n'",
        ]
        let limit = Date(timeIntervalSinceNow: RunningProgram.patience)
        var answer = ""
        while !answer.hasPrefix("is it\r\n1") {
            try #require(Date() < limit, "\(answer)")
            let asked = try RunningProgram(question, through: ["nsenter", "-t", "\(recording.program.id)", "-m"])
            _ = try asked.end()
            answer = asked.text(.output) + asked.text(.talk)
        }
        while recording.program.isRunning {
            do {
                try sendNext()
            } catch {
                break
            }
        }
        #expect(try recording.program.end() == 2)
        let talk = recording.program.lines(.talk)
        #expect(talk.filter { $0.hasPrefix("sioscope: error: ") }.count == 1, "\(talk)")
        #expect(talk.contains { $0.contains("what was stored before the failure is kept") }, "\(talk)")
        #expect(talk.count == 3, "\(talk)")
        // The summary tells what is in the file, and what is not.
        let summary = try #require(
            talk.first { $0.contains(" could not be stored") }?
                .firstMatch(of: #/: 1 session, (\d+) frames, no findings; (\d+) frames? more could not be stored/#))
        #expect(try recording.rows("SELECT count(*) FROM frames") == [String(summary.1)])
        #expect(Int(summary.2).map { $0 > 0 && $0 <= sent } == true)
        #expect(try recording.rows("SELECT complete_tail FROM captures") == ["0"])
        #expect(try recording.rows("SELECT integrity_check FROM pragma_integrity_check") == ["ok"])
        // What is kept has no hole.
        let numbers = try recording.rows(
            "SELECT count(*), max(json_extract(payload, '$[1]')) + 1 FROM frames WHERE event = 'n'")
        let parts = numbers.first?.split(separator: ",").compactMap { Int($0) } ?? []
        #expect(parts.count == 2 && parts[0] == parts[1] && parts[0] >= 10, "\(numbers)")
    }
}
