import Foundation
import JSONText
import SampleTimeline
import Testing

@testable import sioscope

/// The built program, run on the sample: what it prints, where, and its exit status.
@Suite("Commands")
struct CommandTests {
    struct Outcome: Equatable {
        var output: String
        var talk: String
        var status: Int32
    }

    /// The program lies beside the test bundle in the build folder.
    static let program: URL = {
        let bundle = Bundle.allBundles.map(\.bundleURL).first { $0.pathExtension == "xctest" }
        let folder = (bundle ?? URL(fileURLWithPath: CommandLine.arguments[0])).deletingLastPathComponent()
        return folder.appendingPathComponent("sioscope")
    }()

    /// Runs it with `DB` at the start of an argument standing for a fresh sample.
    static func run(_ arguments: [String], prepare: (String) throws -> Void = { _ in }) throws -> Outcome {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sioscope-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let timeline = folder.appendingPathComponent("sample.db").path
        // Closed before the program opens it.
        do { _ = try SampleDatabase(path: timeline) }
        try prepare(timeline)

        let process = Process()
        process.executableURL = self.program
        process.arguments = arguments.map { $0.hasPrefix("DB") ? timeline + $0.dropFirst(2) : $0 }
        // What would only be grumbled at, an event loop used after its end, ends it.
        process.environment = ["LANG": "C.UTF-8", "SWIFTNIO_STRICT": "1"]
        let (output, talk) = (Pipe(), Pipe())
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = talk
        try process.run()
        // What a test prints fits into a pipe's buffer, so one may be read after the other.
        let texts = [output, talk].map {
            String(decoding: $0.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        }
        process.waitUntilExit()
        return Outcome(
            output: texts[0].replacingOccurrences(of: timeline, with: "DB"),
            talk: texts[1].replacingOccurrences(of: timeline, with: "DB"), status: process.terminationStatus)
    }

    struct Failure: CustomTestStringConvertible, Sendable {
        let arguments: [String]
        let talk: String
        var testDescription: String { self.arguments.joined(separator: " ") }
    }

    static let failures: [Failure] = [
        .init(arguments: ["fames"], talk: "no command is named 'fames'; did you mean frames? (see 'sioscope --help')"),
        .init(
            arguments: ["nonsense", "--help"], talk: "no command is named 'nonsense' (see 'sioscope --help')"),
        .init(arguments: ["--nonsense"], talk: "unknown option '--nonsense' (see 'sioscope --help')"),
        .init(
            arguments: ["record", "hook"],
            talk: "missing expected argument '--listen <unix:PATH|HOST:PORT>' (see 'sioscope record hook --help')"),
        .init(
            arguments: ["record", "proxy", "--listen", "1"],
            talk: "missing expected argument '--to <URL>' (see 'sioscope record proxy --help')"),
        .init(
            arguments: ["record", "client", "--nonsense", "ws://h"],
            talk: "unknown option '--nonsense' (see 'sioscope record client --help')"),
        .init(
            arguments: ["record", "pcap", "-i", "lo"],
            talk: "name the timeline to record into: -o OUT.db (see 'sioscope record pcap --help')"),
        .init(
            arguments: ["record", "nonsense"],
            talk: "unexpected argument 'nonsense' (see 'sioscope record --help')"),
        .init(
            arguments: ["record", "hook", "--listen", "unix:/s", "-o", "t.db", "--duration", "1e30"],
            talk: "--duration is 1e+30; give more than 0 seconds, and 1000000000 at most "
                + "(see 'sioscope record hook --help')"),
        .init(
            arguments: ["record", "hook", "--listen", "unix:/s", "-o", "t.db", "--keep", "5y"],
            talk: "the value '5y' is invalid for '--keep <duration>': give a whole number above 0 with s, m, h or d, "
                + "such as 90s, 15m, 12h or 7d (see 'sioscope record hook --help')"),
        .init(
            arguments: ["record", "hook", "--listen", "unix:/s", "-o", "t.db", "--keep", "99999999999d"],
            talk: "the value '99999999999d' is invalid for '--keep <duration>': give 106751d at most "
                + "(see 'sioscope record hook --help')"),
        .init(
            arguments: ["record", "hook", "--listen", "unix:/s", "-o", "t.db", "--keep", "0s"],
            talk: "the value '0s' is invalid for '--keep <duration>': give a whole number above 0 with s, m, h or d, "
                + "such as 90s, 15m, 12h or 7d (see 'sioscope record hook --help')"),
        .init(arguments: ["sessions"], talk: "missing expected argument '<timeline>' (see 'sioscope sessions --help')"),
        .init(
            arguments: ["sessions", "DBX"],
            talk: "DBX: no such file; `sioscope import FILE -o DBX` would make one"),
        .init(
            arguments: ["frames", "DB", "--session", "9"],
            talk: "--session 9: no such session in DB; 'sioscope sessions DB' lists them"),
        .init(
            arguments: ["frames", "DB", "--where", "evnt = 1"],
            talk: "--where: no such column: evnt; expected an SQL condition on the columns of the table 'frames'"),
        .init(
            arguments: ["frames", "DB", "--where", "event = :e"],
            talk: "--where: parameter 'e' has no value here; write the value itself"),
        .init(
            arguments: ["frames", "DB", "--where", "1) OR (1", "--session", "1"],
            talk: "--where: near \")\": syntax error; expected an SQL condition on the columns of the table 'frames'"),
        .init(
            arguments: ["frames", "DB", "--where", "1 ORDER BY id DESC"],
            talk:
                "--where: near \"ORDER\": syntax error; expected an SQL condition on the columns of the table 'frames'"),
        .init(
            arguments: ["frames", "DB", "--session", "-1"],
            talk: "--session -1: no such session in DB; 'sioscope sessions DB' lists them"),
        .init(
            arguments: ["frames", "DB", "--limit", "-3"],
            talk: "--limit -3: expected 0 or more (see 'sioscope frames --help')"),
        .init(
            arguments: ["import", "x.pcap", "-o", "x.db", "--max-held", "-1"],
            talk: "--max-held is -1; give 1 to 1024 (see 'sioscope import --help')"),
        .init(
            arguments: ["frames", "DB", "--where", "1", "--session", "1", "--where=0"],
            talk: "--where is given twice; give it once (see 'sioscope frames --help')"),
        .init(
            arguments: ["frames", "DB", "-t", "delta", "--time", "delta"],
            talk: "-t and --time are the same; give one of them (see 'sioscope frames --help')"),
        .init(
            arguments: ["query", "DB", "slowest-acks", "-p", "limit=1", "-p", ":limit=2"],
            talk: "-p limit is given twice; give it once"),
        .init(
            arguments: ["query", "--list", "foo"],
            talk: "no query is named 'foo' ('sioscope query --list' lists all; a file ends in .sql)"),
        .init(arguments: ["frames", ""], talk: "the name of the timeline is empty; name a file, such as run.db"),
        .init(
            arguments: ["import", "DB", "-o", "-"],
            talk: "a timeline is a file with a name, and - is none; name one, such as run.db"),
        .init(arguments: ["import", "", "-o", "x.db"], talk: "the name of an input is empty; name a capture file"),
        .init(
            arguments: ["import", "DB", "-o", "DB-new"],
            talk: "DB is a timeline already; read it with `sioscope sessions DB`, or export it and import that"),
        .init(
            arguments: ["export", "DB", "--format", "jsonl", "-o", ""],
            talk: "-o: the name is empty; name a new file, or - for standard output"),
        .init(
            arguments: ["frames", "DB", "--limit=-1"],
            talk: "--limit -1: expected 0 or more (see 'sioscope frames --help')"),
        .init(
            arguments: ["query", "DB", "slow-acks"],
            talk: "no query is named 'slow-acks'; did you mean slowest-acks, slow-requests, unanswered-acks?"
                + " ('sioscope query --list' lists all; a file ends in .sql)"),
        .init(
            arguments: ["query", "DB", "nowhere.sql"], talk: "nowhere.sql: No such file or directory"),
        .init(
            arguments: ["query", "DB", "--sql", "DELETE FROM frames"],
            talk: "--sql: DELETE: a timeline is only read here; use SELECT, WITH, VALUES or EXPLAIN"),
        .init(
            arguments: ["query", "DB", "--sql", "-- only a comment"],
            talk: "--sql: SQL: there is no query in it; begin with SELECT, WITH or VALUES"),
        .init(
            arguments: ["query", "DB", "--sql", "--comment"],
            talk: "missing value for '--sql <select>'; one that begins with - is given as --sql=... "
                + "(see 'sioscope query --help')"),
        .init(
            arguments: ["query", "DB", "--sql"],
            talk: "missing value for '--sql <select>' (see 'sioscope query --help')"),
        .init(
            arguments: ["frames", "DB", "--where", " -- nothing"],
            talk: "--where is empty; give an SQL condition on the columns of the table 'frames', or leave it out"),
        .init(
            arguments: ["frames", "DB", "--where", ""],
            talk: "--where is empty; give an SQL condition on the columns of the table 'frames', or leave it out"),
        .init(
            arguments: ["frames", "DB", "--session", "x"],
            talk: "the value 'x' is invalid for '--session <n>': give a whole number, such as 3 "
                + "(see 'sioscope frames --help')"),
        .init(
            arguments: ["frames", "DB", "--limit", "99999999999999999999"],
            talk: "the value '99999999999999999999' is invalid for '--limit <n>': give a whole number from "
                + "-9223372036854775808 to 9223372036854775807 (see 'sioscope frames --help')"),
        .init(
            arguments: ["replay", "DB", "--pace", "10"],
            talk: "the value '10' is invalid for '--pace <pace>': give recorded, fast, or x and a number above 0, "
                + "1000000 at most, such as x10 (see 'sioscope replay --help')"),
        .init(
            arguments: ["query", "DB", "a", "--sql", "SELECT 1"],
            talk: "give either a name or file, or --sql, not both (see 'sioscope query --help')"),
    ]

    @Test("what cannot be done is one line, and status 2", arguments: failures)
    func fails(_ c: Failure) throws {
        #expect(try Self.run(c.arguments) == Outcome(output: "", talk: "sioscope: error: \(c.talk)\n", status: 2))
    }

    @Test("help and version are output, and no failure")
    func help() throws {
        let alone = try Self.run([])
        #expect(alone.status == 0 && alone.output.contains("EXIT STATUS") && alone.talk.isEmpty)
        for command in ["sessions", "frames", "query"] {
            let page = try Self.run([command, "--help"])
            #expect(page.status == 0 && page.output.contains("EXAMPLES") && page.output.contains("EXIT STATUS"))
        }
        #expect(try Self.run(["--version"]).output.split(separator: ".").count == 3)
    }

    @Test("sessions")
    func sessions() throws {
        let table = try Self.run(["sessions", "DB"])
        #expect(table.status == 0)
        #expect(
            table.output.split(separator: "\n").prefix(3).map { String($0.prefix(82)) }
                == [
                    "#  2026-11-23 UTC  life      ended               via    frames  eio/sio  lineage  sid",
                    "1  02:14:00.000    2.0 s     client close 1001   lp→ws  10/10   4/5            1  sid-",
                    "2  02:14:03.000    405 ms    server empty close  ws     2/3     4/5            1  sid-",
                ].map { String($0.prefix(82)) })
        #expect(
            table.talk
                == "5 sessions of 3 clients in 1 capture; 1 plain WebSocket without Engine.IO (query plain-websockets); "
                + "1 TLS connection, not decrypted; 1 refused request (query refused-handshakes); "
                + "3 anomalies (query anomalies)\n")

        let json = try Self.run(["sessions", "DB", "--format", "json"])
        let rows = try #require(JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]])
        #expect(rows.map { $0["sid"] as? String } == ["sid-one", "sid-two", "sid-three", "sid-four", "sid-five"])
        #expect(rows[0].count == 27)
    }

    @Test("frames fold what is healthy, and nothing else")
    func frames() throws {
        let folded = try Self.run(["frames", "DB", "--session", "1"])
        let lines = folded.output.split(separator: "\n")
        // The titles, and 20 frames less two healthy heartbeats, which make a line.
        #expect(lines.count == 1 + 20 - 4 + 1)
        #expect(lines.count { $0.contains("♥ 2 heartbeats in 504 ms, pong after 2.0–4.0 ms") } == 1)
        // The third one's pong came too late: both are there.
        #expect(lines.count { $0.contains("ping") || $0.contains("pong  ") } == 4)

        #expect(
            try Self.run(["frames", "DB", "--session", "1", "--heartbeats"]).output.split(separator: "\n").count == 21)
        let all = try Self.run(["frames", "DB", "--format", "jsonl"]).output.split(separator: "\n")
        #expect(all.count == 47)
        let some = try Self.run([
            "frames", "DB", "--where", "close_code > 1000 -- as the client sent", "--format", "csv",
        ])
        #expect(some.output.split(separator: "\r\n").count == 2)
        let none = try Self.run(["frames", "DB", "--limit", "0"])
        #expect(none == Outcome(output: "", talk: "no frames\n", status: 0))
    }

    @Test("a payload is whole in every format, also behind a NUL")
    func zero() throws {
        for format in ["table", "jsonl", "csv"] {
            let frames = try Self.run(["frames", "DB", "--where", "id = 1", "--format", format]) { path in
                try SampleDatabase(changing: path)
                    .execute("UPDATE frames SET payload = 'before' || char(0) || 'after' WHERE id = 1")
            }
            #expect(frames.status == 0)
            #expect(frames.output.contains("before") && frames.output.contains("after"))
        }
    }

    @Test("options that take several values may be repeated, and what follows -- is another's")
    func repeated() throws {
        let both = try Self.run(["analyze", "DB", "--session", "1", "--session", "2"])
        #expect(!both.talk.contains("twice"))
        #expect(
            CommandArguments.joined(["a", "--limit", "-3", "-t", "-1", "-", "-2"]) == [
                "a", "--limit=-3", "-t=-1", "-", "-2",
            ])
        #expect(
            CommandArguments.joined(["--sql", "--a b", "--where", "--format", "x", "-- c"]) == [
                "--sql=--a b", "--where", "--format", "x", "-- c",
            ])
        #expect(
            CommandArguments.joined(["--limit=1", "-3", "--", "--n", "-1"]) == ["--limit=1", "-3", "--", "--n", "-1"])
    }

    /// Whatever the option: what its value should look like must stand in the error.
    @Test("each option that refuses a value says what it expects")
    func expectations() throws {
        var refused = 0
        for (command, name) in try Self.options() {
            do {
                _ = try SioscopeCommand.parseAsRoot(command + ["\(name)=?"])
            } catch {
                let message = SioscopeCommand.message(for: error)
                guard message.contains("is invalid for '\(name)") else { continue }
                refused += 1
                #expect(
                    message.contains("': give ") || message.contains("Please provide one of"),
                    "\(command.joined(separator: " ")): \(message)")
            }
        }
        #expect(refused > 30)
    }

    /// The words of each command, and the name of each of its options that take a value.
    static func options() throws -> [(command: [String], name: String)] {
        var found: [(command: [String], name: String)] = []
        func walk(_ command: JSONValue, _ words: [String]) {
            for argument in command["arguments"]?.array ?? [] where argument["kind"]?.string == "option" {
                let name = argument["preferredName"]
                guard let text = name?["name"]?.string else { continue }
                found.append((words, (name?["kind"]?.string == "long" ? "--" : "-") + text))
            }
            for inner in command["subcommands"]?.array ?? [] {
                if let name = inner["commandName"]?.string, name != "help" { walk(inner, words + [name]) }
            }
        }
        let root = try JSONValue(SioscopeCommand._dumpHelp())
        walk(try #require(root["command"]), [])
        return found
    }

    @Test("query: by name, by file, by itself")
    func query() throws {
        let named = try Self.run(["query", "DB", "slowest_acks", "-p", "limit=1", "--format", "jsonl"])
        #expect(
            named.output
                == #"{"session_id":1,"namespace":"/","event":"chat","ack_id":1,"asked_by":"client","waited_ms":30.0,"#
                + #""asked_frame_id":10,"answered_frame_id":11}"# + "\n")

        let file = FileManager.default.temporaryDirectory.appendingPathComponent("q-\(UUID().uuidString).sql")
        defer { try? FileManager.default.removeItem(at: file) }
        try "-- param: :n INTEGER = 2 one\nSELECT :n * 2 AS twice, x'00ff' AS bytes".write(
            to: file, atomically: true, encoding: .utf8)
        #expect(
            try Self.run(["query", "DB", file.path, "--format", "json"]).output
                == "[{\"twice\":4,\"bytes\":\"AP8=\"}]\n")

        let commented = try Self.run(["query", "DB", "--sql", "-- what is one?\nSELECT 1 AS one", "--format", "csv"])
        #expect(commented == Outcome(output: "one\r\n1\r\n", talk: "", status: 0))

        let none = try Self.run(["query", "DB", "--sql", "SELECT 1 WHERE 0"])
        #expect(none == Outcome(output: "", talk: "no rows\n", status: 0))
        let broken = try Self.run([
            "query", "DB", "--sql", "SELECT abs(-9223372036854775807 - n) FROM (VALUES (0),(1)) v(n)",
        ])
        #expect(broken.status == 2)
    }

    @Test("query --list needs no timeline")
    func list() throws {
        let list = try Self.run(["query", "--list"])
        #expect(list.status == 0 && list.output.contains("slowest-acks\n    Slowest acknowledgements\n"))
        let rows = try Self.run(["query", "--list", "--format", "jsonl"]).output.split(separator: "\n")
        #expect(rows.count >= 18)
        #expect(try Self.run(["query", "DB", "--list"]).output == list.output)
        for arguments in [["slowest-acks", "--list"], ["DB", "slowest-acks", "--list"]] {
            let one = try Self.run(["query"] + arguments)
            #expect(one.output.hasPrefix("slowest-acks\n"))
            #expect(list.output.contains(one.output) && one.output.split(separator: "\n").count < 8)
        }
    }

    @Test("a reader that goes away is no failure; a full disk is")
    func sinks() throws {
        func status(_ script: String) throws -> Outcome {
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sioscope-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            let timeline = folder.appendingPathComponent("sample.db").path
            do { _ = try SampleDatabase(path: timeline) }
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/bin/bash")
            process.arguments = ["-c", script, "bash", Self.program.path, timeline]
            let talk = Pipe()
            process.standardError = talk
            process.standardOutput = FileHandle.nullDevice
            try process.run()
            let text = String(decoding: talk.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            return Outcome(output: "", talk: text, status: process.terminationStatus)
        }
        let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000000) SELECT i FROM n"
        #expect(
            try status("\"$1\" query \"$2\" --sql '\(many)' | head -n 1; exit ${PIPESTATUS[0]}")
                == Outcome(output: "", talk: "", status: 0))
        try #require(FileManager.default.fileExists(atPath: "/dev/full"))
        let full = try status("\"$1\" frames \"$2\" > /dev/full")
        #expect(full.status == 2)
        #expect(full.talk.hasPrefix("sioscope: error: standard output: "))
        // SIGINT ends it with 130 and whole lines.
        let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
        // A test run in the background has SIGINT ignored, and so would all it starts; a run that does not end is killed.
        let interrupted = try status(
            """
            env --default-signal=INT "$1" query "$2" --sql '\(endless)' & pid=$!
            sleep 1; kill -INT $pid
            { sleep 20; kill -KILL $pid; } 2>/dev/null >/dev/null & killer=$!
            wait $pid; status=$?
            kill -KILL $killer; exit $status
            """)
        #expect(interrupted.status == 130)
    }
}
