import Foundation
import SocketIO
import Testing

@testable import sioscope

@Suite("record client: lines in and out")
struct ClientCommandTests {
    struct Line: CustomTestStringConvertible, Sendable {
        let text: String
        var namespace = "/"
        let event: String
        var arguments: [SocketIOValue] = []
        var ackTimeoutMs: Int64?
        var testDescription: String { self.text }
    }

    @Test(
        "a line asks for an event",
        arguments: [
            Line(text: #"["a"]"#, event: "a"),
            Line(text: #" ["a",1,{"b":[null]}] "#, event: "a", arguments: [1, ["b": [nil]]]),
            Line(
                text: #"["a",{"_base64":"AQID"},[{"_base64":""}]]"#, event: "a",
                arguments: [.binary([1, 2, 3]), [.binary([])]]),
            Line(text: #"["a",{"_base64":"AQID","x":1}]"#, event: "a", arguments: [["_base64": "AQID", "x": 1]]),
            Line(text: #"{"event":"a"}"#, event: "a"),
            Line(
                text: #"{"event":"a","args":["x"],"namespace":"chat"}"#, namespace: "/chat", event: "a",
                arguments: ["x"]),
            Line(text: #"{"event":"a","ack":true}"#, event: "a", ackTimeoutMs: 10_000),
            Line(text: #"{"event":"a","ack":250}"#, event: "a", ackTimeoutMs: 250),
            Line(text: #"{"event":"a","ack":false}"#, event: "a"),
        ])
    func reads(_ line: Line) throws {
        let read = try EmitLine(line.text)
        #expect(read.namespace == line.namespace)
        #expect(read.event == line.event)
        #expect(read.arguments == line.arguments)
        #expect(read.ackTimeoutMs == line.ackTimeoutMs)
    }

    @Test(
        "what is no such line says what is wrong",
        arguments: [
            ("", "no JSON"), ("7", "expected an array or an object"), ("[]", "must begin with the event's name"),
            ("[1]", "must begin with the event's name"), ("{}", "\"event\" must be"),
            (#"{"event":"a","args":{}}"#, "\"args\" must be"), (#"{"event":"a","arg":[]}"#, "\"arg\" is no key"),
            (#"{"event":"a","namespace":"a,b"}"#, "without a comma"), (#"{"event":"a","ack":0}"#, "\"ack\" must be"),
            (#"["a",{"_base64":"!"}]"#, "must be base64"),
        ])
    func refuses(_ text: String, _ part: String) {
        let error = #expect(throws: ToolError.self) { try EmitLine(text) }
        #expect(error?.description.contains(part) == true, "\(String(describing: error))")
    }

    @Test("events and answers are lines; what could move a cursor is shown")
    func prints() {
        let items: [(EventPrinter.Item, text: String, json: String)] = [
            (
                .event(name: "e\u{1B}", arguments: ["x", .binary([1])], ackID: 7),
                "00:00:01.000000  /n  e\\x1b #7  [\"x\",{\"_base64\":\"AQ==\"}]\n",
                #"{"at_ns":1000000000,"namespace":"/n","event":"e\u001b","args":["x",{"_base64":"AQ=="}],"ack_id":7}"#
                    + "\n"
            ),
            (
                .ack(event: "e", arguments: [1]), "00:00:01.000000  /n  ack of e  [1]\n",
                #"{"at_ns":1000000000,"namespace":"/n","ack_of":"e","args":[1]}"# + "\n"
            ),
            (
                .noAck(event: "e", reason: "late"), "00:00:01.000000  /n  ack of e  late\n",
                #"{"at_ns":1000000000,"namespace":"/n","ack_of":"e","error":"late"}"# + "\n"
            ),
        ]
        for (item, text, json) in items {
            #expect(
                EventPrinter(format: .text, unicode: false).line(item, namespace: "/n", atNs: 1_000_000_000) == text)
            #expect(
                EventPrinter(format: .jsonl, unicode: false).line(item, namespace: "/n", atNs: 1_000_000_000) == json)
        }
    }

    @Test("auth is a text, a file or a command; the latter two are asked each time")
    func auth() async throws {
        #expect(try await AuthSource(#"{"t":1}"#).payload() == ["t": 1])
        let file = FileManager.default.temporaryDirectory.appending(path: "auth-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        let fromFile = try AuthSource("@\(file.path)")
        await #expect(throws: ToolError("--auth @\(file.path): the file cannot be read")) {
            try await fromFile.payload()
        }
        for number in 1...2 {
            try Data("{\"t\":\(number)}\n".utf8).write(to: file)
            #expect(try await fromFile.payload() == ["t": SocketIOValue(number)])
            #expect(try await AuthSource("exec:cat '\(file.path)'").payload() == ["t": SocketIOValue(number)])
        }
    }

    @Test("a file that cannot be used to begin with is an error of one line, and nothing is made")
    func unusableFile() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "auth-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        let list = folder.appending(path: "list").path
        try Data("[1]".utf8).write(to: URL(filePath: list))
        for (path, what) in [
            ("\(folder.path)/none", "the file cannot be read"), (list, "an auth payload must be a JSON object"),
        ] {
            let outcome = try CommandTests.run([
                "record", "client", "ws://127.0.0.1:1", "--auth", "@\(path)", "-o", "\(folder.path)/t.db", "--hook-log",
                "\(folder.path)/log",
            ])
            #expect(outcome.status == 2)
            #expect(outcome.talk == "sioscope: error: --auth @\(path): \(what)\n")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["list"])
    }

    @Test(
        "auth that is no object is refused",
        arguments: [
            ("[1]", "--auth: an auth payload must be a JSON object"), ("x", "--auth: no JSON"),
            ("exec:exit 3", "--auth exec:exit 3: it ended with status 3"),
            ("exec:kill -9 $$", "--auth exec:kill -9 $$: it ended with signal 9"),
            ("exec:echo 1", "--auth exec:echo 1: an auth payload must be a JSON object"),
        ])
    func badAuth(_ text: String, _ part: String) async {
        let error = await #expect(throws: ToolError.self) { try await AuthSource(text).payload() }
        #expect(error?.description.contains(part) == true, "\(String(describing: error))")
    }

    @Test(
        "arguments that cannot be are refused before anything is opened",
        arguments: [
            (["ftp://a"], "the scheme must be"), (["ws://a", "--header", "x"], "--header x"),
            (["ws://a", "--header", "a b: c"], "--header a b: c"),
            (["ws://a", "--namespace", "a,b"], "--namespace a,b"),
            (["ws://a", "--read-limit", "0"], "--read-limit is 0"), (["ws://a", "--auth", "1"], "--auth"),
            (["ws://a", "--ack", "{}"], "--ack {}"),
        ])
    func badArguments(_ arguments: [String], _ part: String) {
        let error = #expect(throws: (any Error).self) {
            try SioscopeCommand.parseAsRoot(["record", "client"] + arguments + ["-o", "x.db"])
        }
        #expect(error.map { SioscopeCommand.message(for: $0).contains(part) } == true)
    }
}
