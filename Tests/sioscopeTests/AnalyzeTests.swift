import Faults
import Foundation
import Testing
import TimelineModel

@testable import sioscope

/// `analyze` and `rules`, run on bundled captures.
@Suite("Analyze")
struct AnalyzeTests {
    struct Run: CustomTestStringConvertible, Sendable {
        var arguments: [String]
        var status: Int32
        /// Findings that are printed.
        var count: Int
        var testDescription: String { self.arguments.joined(separator: " ") }
    }

    /// On the flap with only the rule that names it, so that other rules may come.
    static let runs: [Run] = [
        Run(arguments: [], status: 1, count: 4),
        Run(arguments: ["--fail-on", "never"], status: 0, count: 4),
        Run(arguments: ["--session", "2"], status: 1, count: 1),
        Run(arguments: ["--session", "2", "--session", "3"], status: 1, count: 2),
        Run(arguments: ["--session", "5"], status: 0, count: 0),
        Run(arguments: ["--since", "+3"], status: 1, count: 3),
        Run(arguments: ["--until", "+3"], status: 1, count: 1),
        Run(arguments: ["--since", "+3", "--until", "+8"], status: 1, count: 1),
        Run(arguments: ["--since", "2026-11-23T02:58:54Z"], status: 1, count: 3),
        Run(arguments: ["--severity", "error"], status: 1, count: 4),
    ]

    @Test("prints what is asked for and stores all there is", arguments: runs)
    func narrow(_ run: Run) throws {
        try BundledCapture.withTimeline("flap") { path in
            let all = try CommandTests.run(["analyze", path, "--format", "jsonl", "--fail-on", "never"])
            let arguments = ["analyze", path, "--format", "json", "--rule", "eio4-client-ping"] + run.arguments
            let outcome = try CommandTests.run(arguments)
            #expect(outcome.status == run.status, "\(outcome.talk)")
            let rows = try Self.objects(outcome.output)
            #expect(rows.count == run.count)
            #expect(rows.allSatisfy { ($0["evidence"] as? [String: Any])?["frames"] is [Int] })
            let stored = try CommandTests.run(["query", path, "--sql", "SELECT id FROM findings", "--format", "jsonl"])
            #expect(stored.output.split(separator: "\n").count == all.output.split(separator: "\n").count)
        }
    }

    private static func objects(_ text: String) throws -> [[String: Any]] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]])
    }

    static let settings: [(toml: String, arguments: [String], status: Int32)] = [
        ("", [], 1),
        ("[rules.eio4-client-ping]\nseverity = 'warning'", [], 0),
        ("[rules.eio4-client-ping]\nseverity = 'warning'", ["--fail-on", "warning"], 1),
        ("[rules.eio4-client-ping]\nenabled = false", [], 0),
        ("[analyze]\nfail_on = 'never'", [], 0),
        ("[analyze]\nfail_on = 'never'", ["--fail-on", "error"], 1),
        ("[nonsense]", [], 2),
    ]

    @Test("a severity or fail_on of the configuration decides on the exit status", arguments: settings)
    func configured(_ c: (toml: String, arguments: [String], status: Int32)) throws {
        try BundledCapture.withTimeline("flap") { path in
            let file = path + ".toml"
            try c.toml.write(toFile: file, atomically: true, encoding: .utf8)
            defer { try? FileManager.default.removeItem(atPath: file) }
            let outcome = try CommandTests.run(
                ["analyze", path, "--rule", "eio4-client-ping", "--config", file] + c.arguments)
            #expect(outcome.status == c.status, "\(outcome.talk)")
        }
    }

    /// Root may write everywhere, so it has to become somebody else.
    private static let canBeReadOnly: Bool =
        getuid() != 0 || FileManager.default.isExecutableFile(atPath: "/usr/bin/setpriv")

    @Test(
        "where findings cannot be stored they are printed, and one line says so",
        .enabled(if: canBeReadOnly, "root may write everywhere, and setpriv is not installed"))
    func readOnly() throws {
        try BundledCapture.withTimeline("flap") { path in
            try FileManager.default.setAttributes([.posixPermissions: 0o444], ofItemAtPath: path)
            let program = CommandTests.program.path
            let plain = [program, "analyze", path, "--rule", "eio4-client-ping"]
            let outcome = try Self.run(
                getuid() == 0
                    ? ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] + plain : plain)
            #expect(outcome.status == 1)
            #expect(outcome.output.contains("eio4-client-ping"))
            #expect(outcome.talk.contains("the findings are not stored: \(path) cannot be written"))
        }
    }

    private static func run(_ arguments: [String]) throws -> CommandTests.Outcome {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: arguments[0])
        process.arguments = Array(arguments.dropFirst())
        process.currentDirectoryURL = FileManager.default.temporaryDirectory
        let (output, talk) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = talk
        try process.run()
        let texts = [output, talk].map {
            String(decoding: $0.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        }
        process.waitUntilExit()
        return CommandTests.Outcome(output: texts[0], talk: texts[1], status: process.terminationStatus)
    }

    @Test("shows the frames around a finding, its own marked")
    func context() throws {
        try BundledCapture.withTimeline("flap") { path in
            let outcome = try CommandTests.run(
                ["analyze", path, "--rule", "eio4-client-ping", "--session", "1", "-C", "1"])
            let lines = outcome.output.split(separator: "\n")
            #expect(lines.first?.hasPrefix("session 1  yPsOemhs…  127.0.0.1:60270 → 127.0.0.1:4201  ws  2.5 s") == true)
            #expect(lines.allSatisfy { $0.count <= 100 })
            let frames = lines.suffix(3)
            #expect(frames.count { $0.hasPrefix("  > ") } == 1)
            #expect(frames.first { $0.hasPrefix("  > ") }?.contains("C → S  ws  ping") == true)
            #expect(outcome.talk.hasPrefix("1 error in 1 of 5 sessions; "))
        }
    }

    static let failures: [CommandTests.Failure] = [
        .init(
            arguments: ["analyze", "DB", "--rule", "xxxxxxxx"],
            talk: "--rule: no rule is named 'xxxxxxxx' ('sioscope rules' lists all)"),
        .init(
            arguments: ["analyze", "DB", "--session", "99"],
            talk: "--session 99: no such session in DB; 'sioscope sessions DB' lists them"),
        .init(
            arguments: ["analyze", "DB", "--since", "yesterday"],
            talk: "--since yesterday: expected a time in UTC such as 2026-11-23T02:58:49Z, or seconds since the first"
                + " frame such as +12.5"),
        .init(
            arguments: ["analyze", "DB", "--config", "nowhere.toml"], talk: "nowhere.toml: No such file or directory"),
        .init(
            arguments: ["analyze", "DB", "-C", "-1"],
            talk: "-C -1: expected 0 to 1000 (see 'sioscope analyze --help')"),
        .init(
            arguments: ["rules", "nothing-like-it"],
            talk: "no rule is named 'nothing-like-it' ('sioscope rules' lists all)"),
    ]

    @Test("what cannot be done is one line, and status 2", arguments: failures)
    func fails(_ c: CommandTests.Failure) throws {
        let outcome = try CommandTests.run(c.arguments)
        #expect(outcome == CommandTests.Outcome(output: "", talk: "sioscope: error: \(c.talk)\n", status: 2))
    }

    @Test("a mistyped rule is told the nearest", arguments: [["analyze", "DB", "--rule"], ["rules"]])
    func nearest(_ arguments: [String]) throws {
        let outcome = try CommandTests.run(arguments + ["eio4-cleint-ping"])
        #expect(outcome.status == 2)
        #expect(outcome.talk.contains("no rule is named 'eio4-cleint-ping'; did you mean eio4-client-ping"))
    }

    @Test("rules lists all, and prints the page of one")
    func rules() throws {
        let list = try CommandTests.run(["rules", "--format", "jsonl"])
        #expect(list.output.split(separator: "\n").count == Catalogue.all.count)
        let page = try CommandTests.run(["rules", "eio4-client-ping"])
        #expect(page.status == 0 && page.output.hasPrefix("eio4-client-ping\nerror · Engine.IO layer · "))
        for title in ["What it finds", "Why it matters", "On the client", "On the server", "Source"] {
            #expect(page.output.contains("\n\(title)\n  "))
        }
        #expect(page.output.split(separator: "\n").allSatisfy { $0.count <= 100 })
        let json = try CommandTests.run(["rules", "eio4-client-ping", "--format", "json"])
        let object = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
        #expect(object?["severity"] as? String == "error" && object?["sides"] as? [String] == ["client"])
    }
}
