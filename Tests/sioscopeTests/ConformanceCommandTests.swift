import Foundation
import JSONText
import Testing

/// `sioscope conformance` as a program, against the bundled client and against programs that are none.
@Suite("Conformance command")
struct ConformanceCommandTests {
    private static let few = "handshake-websocket,ack-crosswise,binary-event-nested,closed-empty"

    @Test("the bundled client passes")
    func bundled() throws {
        let outcome = try CommandTests.run(["conformance", "--only", Self.few])
        #expect(outcome.status == 0, "\(outcome)")
        let lines = outcome.output.split(separator: "\n")
        #expect(lines.count == 5)
        #expect(lines.dropLast().allSatisfy { $0.hasPrefix("pass  ") })
        #expect(lines.last == "4 scenarios: 4 passed, 0 failed, 0 skipped")
    }

    struct Program: CustomTestStringConvertible, Sendable {
        let name: String
        let script: String
        let status: Int32
        let line: String
        var testDescription: String { self.name }
    }

    @Test(
        "a program that is no client has a clear end",
        arguments: [
            Program(
                name: "ends at once", script: "exit 0", status: 1, line: "      its program ended without a connection"),
            Program(
                name: "ends with an error", script: "exit 3", status: 1,
                line: "      its program ended without a connection (status 3)"),
            Program(
                name: "crashes", script: "kill -SEGV $$", status: 1, line: "      its program was ended by signal 11"),
            Program(
                name: "cannot do it", script: "exit 77", status: 0,
                line: "      the client cannot do it: it ended with status 77"),
        ])
    func programs(_ program: Program) throws {
        let outcome = try CommandTests.run(
            ["conformance", "--only", "handshake-websocket", "--", "/bin/sh", "-c", program.script])
        #expect(outcome.status == program.status)
        #expect(outcome.output.split(separator: "\n").contains(program.line[...]), "\(outcome)")
    }

    @Test("a program is told what it is to do")
    func environment() throws {
        let script = "echo \"$SIOSCOPE_SCENARIO $SIOSCOPE_TRANSPORT $SIOSCOPE_NAMESPACES $0 $SIOSCOPE_URL\"; exit 77"
        let outcome = try CommandTests.run(
            ["conformance", "--only", "namespace-joined", "--", "/bin/sh", "-c", script, "{url}"])
        let words = outcome.talk.split(whereSeparator: \.isWhitespace).map(String.init)
        #expect(words.prefix(4) == ["namespace-joined", "websocket", "/", "/chat"], "\(outcome.talk)")
        #expect(words.count == 6 && words[4] == words[5] && words[4].hasPrefix("http://127.0.0.1:"))
    }

    @Test("a script of one's own is played, and a client that breaks it fails")
    func own() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).scenario").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try "title a\nsource b\n\njoin\n> 42[\"message\",1]\n< 42[\"message-back\",2]\n".write(
            toFile: path, atomically: true, encoding: .utf8)
        let outcome = try CommandTests.run(["conformance", "--scenario", path, "--format", "json"])
        #expect(outcome.status == 1)
        let report = try JSONValue(outcome.output.trimmingCharacters(in: .newlines))
        let result = try #require(report["results"]?.array?.first)
        #expect(report["failed"]?.integer == 1)
        #expect(result["verdict"]?.string == "fail")
        #expect(result["line"]?.integer == 6)
        #expect(result["reason"]?.string?.hasSuffix("/1 of its payload is 1, not 2") == true, "\(result)")

        try "title a\nsource b\n\ndance\n".write(toFile: path, atomically: true, encoding: .utf8)
        let broken = try CommandTests.run(["conformance", "--scenario", path])
        #expect(broken.status == 2)
        #expect(broken.talk.contains("line 4: no step begins with 'dance'"), "\(broken.talk)")
    }

    @Test("JUnit has a case for each, with its failure or why it was skipped")
    func junit() throws {
        let outcome = try CommandTests.run(
            ["conformance", "--only", "handshake-websocket,handshake-polling", "--format", "junit"])
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("tests=\"2\" failures=\"0\" errors=\"0\" skipped=\"1\""))
        #expect(outcome.output.contains("<skipped message=\"the bundled client speaks WebSocket alone\"/>"))
    }

    @Test(
        "what cannot be done is said in one line",
        arguments: [
            (["--only", "watchdgo"], "--only watchdgo: no such scenario; did you mean watchdog"),
            (["--only", "watchdog", "--", "/nonexistent/client"], "/nonexistent/client: cannot be started"),
            (["--listen", "here"], "--listen here is no HOST:PORT"),
            (["--jobs", "0"], "--jobs is 0; give 1 to 64"),
            (["--scenario", "/nonexistent.scenario"], "/nonexistent.scenario: "),
        ])
    func refusals(_ arguments: [String], _ text: String) throws {
        let outcome = try CommandTests.run(["conformance"] + arguments)
        #expect(outcome.status == 2)
        #expect(outcome.talk.split(separator: "\n").count == 1 && outcome.talk.contains(text), "\(outcome.talk)")
    }

    @Test("--list names all")
    func list() throws {
        let outcome = try CommandTests.run(["conformance", "--list"])
        #expect(outcome.status == 0)
        #expect(outcome.output.split(separator: "\n").count >= 40)
    }
}
