import Foundation
import JSONText
import SampleTimeline
import Testing

@testable import sioscope

@Suite("diff")
struct DiffCommandTests {
    struct Side: Sendable, CustomTestStringConvertible {
        let text: String
        var path = "run.db"
        var session: Int64?
        var isLineage = true
        var testDescription: String { self.text }
    }

    static let sides = [
        Side(text: "run.db"), Side(text: "run.db#2", session: 2, isLineage: false), Side(text: "run.db#2+", session: 2),
        Side(text: "a#b.db#12", path: "a#b.db", session: 12, isLineage: false), Side(text: "there#1", path: "there#1"),
    ]

    @Test("how a recording is named", arguments: Self.sides)
    func naming(_ test: Side) throws {
        let side = try DiffSide(test.text) { $0 == "there#1" }
        #expect(side.path == test.path)
        #expect(side.session == test.session)
        #expect(side.isLineage == test.isLineage)
        #expect(side.text == test.text)
    }

    @Test("what names none", arguments: ["run.db#", "run.db#x", "run.db#0", "run.db#-1", "run.db#+"])
    func bad(_ text: String) {
        #expect(throws: ToolError.self) { try DiffSide(text) { _ in false } }
    }

    @Test("nothing differs from itself", arguments: ["js-acks", "js-binary-polling", "js-recovery", "eio3-v2-client"])
    func itself(_ capture: String) throws {
        try BundledCapture.withTimeline(capture) { path in
            let outcome = try CommandTests.run(["diff", path, path])
            #expect(outcome.status == 0)
            #expect(outcome.output.hasPrefix("equal  "))
            #expect(outcome.talk.isEmpty)
        }
    }

    @Test("sessions of one client differ in what they said, and not where that is masked")
    func masks() throws {
        try BundledCapture.withTimeline("flap") { path in
            let plain = try CommandTests.run(["diff", "\(path)#1", "\(path)#2"])
            #expect(plain.status == 1)
            #expect(plain.output.contains("/0/seq: 1 → 6"))
            #expect(try CommandTests.run(["diff", "\(path)#1", "\(path)#2", "--mask", "/0/seq"]).status == 0)
            #expect(try CommandTests.run(["diff", "\(path)#1", "\(path)#2", "--mask", "say:/0/seq"]).status == 1)
            #expect(try CommandTests.run(["diff", "\(path)#1", "\(path)#2", "--mask-regex", "^[0-9]+$"]).status == 0)
            // The lineage of session 1 has five lives, session 1 alone is one.
            let lives = try CommandTests.run(["diff", "\(path)#1+", "\(path)#1", "--format", "json"])
            #expect(lives.status == 1)
            let json = try JSONValue(lives.output)
            #expect(json["verdict"]?.string == "different")
            #expect(
                json["differences"]?.array?.map { $0["kind"]?.string } == ["missing", "missing", "missing", "missing"])
            #expect(json["differences"]?.array?.allSatisfy { $0["subject"]?.string == "life" } == true)
        }
    }

    @Test("one byte of an attachment makes a difference")
    func attachmentByte() throws {
        try BundledCapture.withTimeline("js-binary-polling") { path in
            let outcome = try CommandTests.run(["diff", path, path, "--format", "json"])
            let packets = try JSONValue(outcome.output)["lives"]?.array?.first?["packets_a"]?.integer ?? 0
            #expect(packets > 10)
            let other = path + "-changed.db"
            defer { try? FileManager.default.removeItem(atPath: other) }
            try FileManager.default.copyItem(atPath: path, toPath: other)
            try SampleDatabase(changing: other).execute(
                """
                UPDATE frames SET binary = CAST(x'00' || substr(binary, 2) AS BLOB)
                WHERE id = (SELECT max(id) FROM frames WHERE sio_type = 'attachment' AND substr(binary, 1, 1) <> x'00');
                """)
            let changed = try CommandTests.run(["diff", path, other])
            #expect(changed.status == 1)
            #expect(changed.output.contains("(attachment "))
        }
    }

    struct Failure: Sendable, CustomTestStringConvertible {
        let arguments: [String]
        let talk: String
        var testDescription: String { self.arguments.joined(separator: " ") }
    }

    static let failures = [
        Failure(
            arguments: ["diff", "DB#99", "DB#1"],
            talk: "DB#99: no such session in DB; 'sioscope sessions DB' lists them"),
        Failure(
            arguments: ["diff", "DB#1", "DB#1", "--mask", "at"],
            talk: "--mask at: expected a JSON pointer such as /0/at, EVENT:/0/at, or one of date, epoch, jwt, uuid"),
        Failure(
            arguments: ["diff", "DB#1", "DB#1", "--mask-regex", "("], talk: "--mask-regex (: not a regular expression"),
        Failure(
            arguments: ["diff", "DB#one", "DB#1"],
            talk: "DB#one: expected a session's number behind #, as in DB#2"),
        Failure(
            arguments: ["reduce", "DB", "-o", "DB-small", "--misbehave", "eio4-client-ping", "--", "true"],
            talk: "--misbehave makes the bundled client break a rule; it does not go with COMMAND"
                + " (see 'sioscope reduce --help')"),
        Failure(
            arguments: ["reduce", "DB", "-o", "DB-small", "--rule", "eio4-client-pin"],
            talk: "--rule: no rule is named 'eio4-client-pin'; did you mean eio4-client-ping, client-no-watchdog,"
                + " client-packet-outside-namespace?"
                + " ('sioscope rules' lists all)"),
        Failure(
            arguments: ["reduce", "DB", "--session", "99", "-o", "DB-small", "--", "true"],
            talk: "--session 99: no such session in DB; 'sioscope sessions DB' lists them"),
        Failure(
            arguments: ["reduce", "DB", "--session", "1", "-o", "DB", "--", "true"],
            talk: "-o DB: is the recording itself, which is left as it is; name another file"),
    ]

    @Test("errors of use", arguments: Self.failures)
    func errors(_ failure: Failure) throws {
        let outcome = try CommandTests.run(failure.arguments)
        #expect(outcome.status == 2)
        #expect(outcome.talk == "sioscope: error: \(failure.talk)\n")
        #expect(outcome.output.isEmpty)
    }
}
