import Foundation
import JSONText
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
