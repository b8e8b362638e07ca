import Foundation
import JSONText
import Replay
import Testing

@Suite("replay: both sides")
struct ReplayProgramTests {
    @Test(
        "each bundled capture passes in virtual time, in no time and over each transport",
        arguments: [
            "flap", "js-acks", "js-binary-polling", "js-default-upgrade", "js-namespaces", "js-recovery",
            "js-connect-error", "eio3-v2-client", "py-py-aiohttp",
        ])
    func passes(_ capture: String) throws {
        try BundledCapture.withTimeline(capture) { path in
            for options in [[], ["--pace", "fast"], ["--transport", "websocket"]] {
                let outcome = try CommandTests.run(["replay", path, "--session", "1"] + options)
                #expect(outcome.status == 0, "\(options): \(outcome.output)\(outcome.talk)")
                #expect(outcome.output.hasPrefix("pass  "))
            }
        }
    }

    @Test("the bug fails and its fix passes, the same each time")
    func bugAndFix() throws {
        try BundledCapture.withTimeline("flap") { path in
            let bug = try CommandTests.run(["replay", path, "--misbehave", "eio4-client-ping", "--format", "json"])
            #expect(bug.status == 1)
            #expect(bug.talk.contains("the client sends an Engine.IO ping of its own"))
            let json = try JSONValue(bug.output)
            #expect(json["verdict"]?.string == "fail")
            let rules = json["findings"]?.array?.filter { $0["fails"]?.bool == true }.compactMap { $0["rule"]?.string }
            #expect(rules?.filter { $0 == "eio4-client-ping" }.count == 4)
            // The recorded heartbeat interval is 2.5 s, and the first ping comes then.
            #expect(json["findings"]?.array?.first?["at_ns"]?.integer.map { $0 / 100_000_000 } == 25)
            let again = try CommandTests.run(["replay", path, "--misbehave", "eio4-client-ping", "--format", "json"])
            #expect(again.output == bug.output)
            #expect(try CommandTests.run(["replay", path]).status == 0)
        }
    }

    @Test(
        "what breaks a WebSocket fails, and the kept run shows why",
        arguments: [
            ("ws-unmasked-client-frame", 1002), ("ws-rsv-without-extension", 1002), ("ws-control-frame-invalid", 1002),
            ("ws-invalid-utf8", 1007), ("ws-close-code-invalid", 1002),
        ])
    func brokenFrames(_ rule: String, _ code: Int) throws {
        try BundledCapture.withTimeline("js-default-upgrade") { path in
            let output = path + "-run.db"
            defer { try? FileManager.default.removeItem(atPath: output) }
            let replay = try CommandTests.run(["replay", path, "--misbehave", rule, "-o", output, "--format", "json"])
            #expect(replay.status == 1)
            let failed = try JSONValue(replay.output)["findings"]?.array?.filter { $0["fails"]?.bool == true }
            #expect(failed?.compactMap { $0["rule"]?.string } == [rule])
            let analysis = try CommandTests.run(["analyze", output, "--format", "jsonl"])
            #expect(analysis.output.contains("\"\(rule)\""))
            #expect(try CommandTests.run(["why", output]).output.contains("`\(rule)`"))
            let closes = try CommandTests.run([
                "query", output, "--sql", "SELECT close_code FROM frames WHERE sender = 'server' AND close_code > 0",
                "--format", "csv",
            ])
            #expect(closes.output.split(whereSeparator: \.isNewline) == ["close_code", "\(code)"])
        }
    }

    @Test("what can be broken is listed, and a rule's page says how or why not")
    func lists() throws {
        let listed = try CommandTests.run(["rules", "--misbehave", "--format", "csv"])
        #expect(listed.output.split(whereSeparator: \.isNewline).count == Misbehaviour.allCases.count + 1)
        #expect(listed.output.contains("poll-gap,leaves the session without a poll for 2.5 s,"))
        #expect(try CommandTests.run(["rules", "poll-gap"]).output.contains("--misbehave poll-gap"))
        #expect(try CommandTests.run(["rules", "zombie-session"]).output.contains("The bundled client cannot"))
        #expect(try CommandTests.run(["rules", "cors-blocked"]).output.contains("misbehave") == false)
        #expect(try CommandTests.run(["rules", "poll-gap", "--misbehave"]).status == 2)
    }

    @Test("the run in virtual time is kept with -o, and can be asked and replayed")
    func kept() throws {
        try BundledCapture.withTimeline("js-acks") { path in
            let output = path + "-run.db"
            defer { try? FileManager.default.removeItem(atPath: output) }
            #expect(try CommandTests.run(["replay", path, "--session", "1", "-o", output]).status == 0)
            let kind = try CommandTests.run(["query", output, "--sql", "SELECT kind FROM captures", "--format", "csv"])
            #expect(kind.output.split(whereSeparator: \.isNewline) == ["kind", "replay"])
            #expect(try CommandTests.run(["replay", output]).status == 0)
        }
    }

    @Test("the recorded client and the recorded server, as two programs, agree")
    func twoPrograms() throws {
        try BundledCapture.withTimeline("js-default-upgrade") { path in
            let server = try RunningProgram(["replay", path, "--session", "1", "--as", "server", "--pace", "x10"])
            try server.waits(for: "listening on ")
            let line = try #require(server.lines(.talk).first { $0.contains("listening on ") })
            let url = try #require(line.split(separator: " ").first { $0.hasPrefix("http") }).filter { $0 != "," }
            let client = try CommandTests.run([
                "replay", path, "--session", "1", "--as", "client", "--to", String(url), "--pace", "x10",
            ])
            #expect(client.status == 0, "\(client.output)\(client.talk)")
            #expect(try server.end() == 0, "\(server.text(.output))")
            #expect(server.text(.output).hasPrefix("pass  "))
        }
    }

    @Test(
        "a signal ends it with what came until then, its timeline whole, and nothing left running",
        arguments: [
            SIGINT, SIGTERM,
        ])
    func interrupted(_ signal: Int32) throws {
        try BundledCapture.withTimeline("flap") { path in
            let (output, pids) = (path + "-run.db", path + ".pids")
            defer { for file in [output, pids] { try? FileManager.default.removeItem(atPath: file) } }
            // The client, one that heeds no SIGTERM, and one that has left the group.
            let script = """
                setsid sleep 1000 & echo $! >>\(pids)
                sh -c 'trap "" TERM; echo $$ >>\(pids); while :; do sleep 1; done' &
                exec \(CommandTests.program.path) replay \(path) --as client --to "$0"
                """
            let replay = try RunningProgram([
                "replay", path, "--as", "server", "--format", "json", "-o", output, "--", "/bin/sh", "-c", script,
                "{url}",
            ])
            // Until the client has said something, which may take a while.
            let due = Date(timeIntervalSinceNow: RunningProgram.patience)
            while Date() < due {
                let said = try CommandTests.run([
                    "query", output, "--sql", "SELECT count(*) AS n FROM frames WHERE event = 'say'", "--format", "csv",
                ])
                if said.output.split(whereSeparator: \.isNewline).last.flatMap({ Int($0) }) ?? 0 > 0 { break }
            }
            replay.signal(signal)
            #expect(try replay.end() == 128 + signal, "\(replay.text(.talk))")
            let report = try JSONValue(replay.text(.output))
            #expect(report["verdict"]?.string == "interrupted")
            let matched = try #require(report["matched"]?.integer)
            #expect((1..<19).contains(matched))
            #expect(report["expected"]?.integer == 19)
            #expect(report["waited_for"]?.array?.count == 1)
            #expect(report["client"]?["ended_by_replay"]?.bool == true)
            let kept = try CommandTests.run([
                "query", output, "--sql", "SELECT count(*) FROM captures WHERE ended_ns IS NOT NULL", "--format", "csv",
            ])
            #expect(kept.output.split(whereSeparator: \.isNewline).last == "1")
            for pid in try String(contentsOfFile: pids, encoding: .utf8).split(separator: "\n") {
                let stat = FileManager.default.contents(atPath: "/proc/\(pid)/stat")
                #expect(stat.map { String(decoding: $0, as: UTF8.self).contains(") Z ") } ?? true)
            }
        }
    }

    @Test("a signal while nobody has come is told as such")
    func interruptedEarly() throws {
        try BundledCapture.withTimeline("flap") { path in
            for options in [["--format", "text"], ["--format", "junit"]] {
                let replay = try RunningProgram(["replay", path, "--as", "server"] + options)
                try replay.waits(for: "listening on ")
                replay.signal(2)
                #expect(try replay.end() == 130)
                #expect(replay.text(.output).contains("interrupted"), "\(replay.text(.output))")
            }
        }
    }

    @Test("what a client prints is passed on to stderr, up to a limit")
    func printing() throws {
        try BundledCapture.withTimeline("flap") { path in
            let script = "yes | head -c 3000000"
            let outcome = try RunningProgram(["replay", path, "--as", "server", "--", "/bin/sh", "-c", script])
            #expect(try outcome.end() == 1)
            // The line is as long as the path.
            let words = outcome.text(.output).split(whereSeparator: \.isWhitespace).joined(separator: " ")
            #expect(words.contains("the client ended without connecting"))
            let talk = outcome.text(.talk)
            #expect(talk.utf8.count < 1_100_000)
            #expect(talk.contains("\nthe client printed 3000000 bytes, of which 1951424 are left out here"))
        }
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let options: [String]
        let says: String
        var testDescription: String { self.options.joined(separator: " ") }
    }

    @Test(
        "what cannot be played is said in one line",
        arguments: [
            Refusal(options: ["--to", "http://127.0.0.1:1"], says: "--to http://127.0.0.1:1: the server cannot be"),
            Refusal(options: ["--to", "127.0.0.1:1"], says: "--to 127.0.0.1:1 is no URL"),
            Refusal(options: ["--to", "ftp://a"], says: "the scheme must be"),
            Refusal(options: ["--misbehave", "no-such-rule"], says: "no rule is named 'no-such-rule'"),
            Refusal(options: ["--misbehave", "ws-close-empty"], says: "the bundled client cannot break that rule"),
            Refusal(options: ["--to", "http://127.0.0.1:1", "--auth", "[]"], says: "--auth"),
            Refusal(options: ["--to", "http://127.0.0.1:1", "--copies", "0"], says: "--copies is 0"),
        ])
    func refusals(_ test: Refusal) throws {
        try BundledCapture.withTimeline("js-acks") { path in
            let outcome = try CommandTests.run(["replay", path, "--session", "1"] + test.options)
            #expect(outcome.status == 2)
            #expect(outcome.talk.contains(test.says), "\(outcome.talk)")
        }
    }
}
