import Testing
import TimelineModel

@testable import Decoding

@Suite("Hook log, read")
struct HookLogDecoderTests {
    struct LogCase: CustomTestStringConvertible, Sendable {
        let name: String
        let lines: [String]
        let frames: [String]
        /// end class, who, code, transports, Engine.IO version of each session.
        let sessions: [String]
        /// close kind and who, address of each connection.
        var connections: [String]?
        var anomalies: [String] = []
        var testDescription: String { self.name }
    }

    static let open4 =
        #"{"v":1,"at_ns":1000,"session":"s1","kind":"open","url":"ws://127.0.0.1:7002/socket.io/?EIO=4&transport=websocket","transport":"websocket","client":"my-client/1.0"}"#
    static let handshake =
        #"0{\"sid\":\"S\",\"upgrades\":[],\"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":1000000}"#
    static let handshakeFrame =
        #"{"sid":"S","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#

    static func text(_ at: Int, _ session: String, _ sender: String, _ text: String, _ transport: String = "websocket")
        -> String
    {
        #"{"v":1,"at_ns":\#(at),"session":"\#(session)","kind":"message","sender":"\#(sender)","transport":"\#(transport)","text":"\#(text)"}"#
    }

    static func base64(
        _ at: Int, _ session: String, _ sender: String, _ text: String, _ transport: String = "websocket"
    ) -> String {
        #"{"v":1,"at_ns":\#(at),"session":"\#(session)","kind":"message","sender":"\#(sender)","transport":"\#(transport)","base64":"\#(text)"}"#
    }

    static let cases: [LogCase] = [
        .init(
            name: "a session over WebSocket",
            lines: [
                open4, text(2000, "s1", "server", handshake), text(3000, "s1", "client", "40"),
                text(4000, "s1", "client", #"451-/chat,7[\"up\",{\"_placeholder\":true,\"num\":0}]"#),
                base64(5000, "s1", "client", "AQID"), text(6000, "s1", "server", "2"),
                #"{"v":1,"at_ns":7000,"session":"s1","kind":"close","by":"server","code":1005,"reason":""}"#,
            ],
            frames: [
                "< op1 open " + handshakeFrame, "> op1 message connect /",
                #"> op1 message binary_event /chat event=up id=7 n=1 ["up",{"_placeholder":true,"num":0}]"#,
                "> op2 message attachment /chat event=up id=7 n=0 [1, 2, 3]", "< op1 ping", "< op8 ws",
            ],
            sessions: ["S v4 websocket my-client/1.0 websocket-close server -"],
            connections: ["127.0.0.1:7002 websocket-close server"]),
        .init(
            name: "Engine.IO 3: the type byte stands before binary",
            lines: [
                #"{"at_ns":1,"session":"a","kind":"open","url":"http://[::1]:80/engine.io/?EIO=3&transport=websocket","transport":"websocket"}"#,
                text(2, "a", "server", handshake), base64(3, "a", "server", "BAECAw=="), text(4, "a", "client", "2"),
                text(5, "a", "client", "b4AQID"),
            ],
            frames: [
                "< op1 open " + handshakeFrame, "< op2 message [1, 2, 3]", "> op1 ping", "> op1 message [1, 2, 3]",
            ],
            sessions: ["S v3 websocket - capture-end - -"], connections: ["::1:80 capture-end -"]),
        .init(
            name: "polling, upgrade and WebSocket are one session by the sid",
            lines: [
                #"{"v":1,"at_ns":1,"session":"p","kind":"open","url":"http://h:1/socket.io/?EIO=4&transport=polling","transport":"polling"}"#,
                text(2, "p", "server", handshake, "polling"), text(3, "p", "client", "40", "polling"),
                base64(4, "p", "client", "AQID", "polling"),
                #"{"v":1,"at_ns":5,"session":"w","kind":"open","url":"ws://h:1/socket.io/?EIO=4&transport=websocket&sid=S","transport":"websocket"}"#,
                text(6, "w", "client", "2probe"), text(7, "w", "server", "3probe"), text(8, "w", "client", "5"),
                #"{"v":1,"at_ns":9,"session":"w","kind":"control","sender":"server","opcode":9,"text":"hi"}"#,
                #"{"v":1,"at_ns":9,"session":"w","kind":"control","sender":"client","opcode":10,"base64":"/w=="}"#,
                #"{"v":1,"at_ns":10,"session":"w","kind":"close","by":"client","code":1000,"reason":"bye"}"#,
            ],
            frames: [
                "< lp open " + handshakeFrame, "> lp message connect /", "> lp message [1, 2, 3]", "> op1 ping probe",
                "< op1 pong probe", "> op1 upgrade", "< op9 ws hi", "> op10 ws [255]", "> op8 ws code=1000 bye",
            ],
            sessions: ["S v4 polling,websocket - websocket-close client 1000"],
            connections: ["h:1 capture-end -", "h:1 websocket-close client"],
            anomalies: ["socketio.orphan-attachment"]),
        .init(
            name: "one name for both transports is one session, too",
            lines: [
                #"{"v":1,"at_ns":1,"session":"x","kind":"open","url":"http://h/socket.io/?EIO=4&transport=polling","transport":"polling"}"#,
                text(2, "x", "server", handshake, "polling"), text(6, "x", "client", "2probe"),
                text(8, "x", "client", "5"), text(9, "x", "server", "2"),
            ],
            frames: ["< lp open " + handshakeFrame, "> op1 ping probe", "> op1 upgrade", "< op1 ping"],
            sessions: ["S v4 polling,websocket - capture-end - -"],
            connections: ["h:80 capture-end -", "h:80 capture-end -"]),
        .init(
            name: "a hook that began late: the messages tell",
            lines: [
                text(1, "s", "client", "2"), text(2, "s", "server", "3"), text(3, "s", "server", #"42[\"tick\"]"#),
            ],
            frames: ["> op1 ping", "< op1 pong", #"< op1 message event / event=tick ["tick"]"#],
            sessions: ["- v3 websocket - capture-end - -"], connections: [":0 capture-end -"]),
        .init(
            name: "a URL without its query decides nothing",
            lines: [
                #"{"v":1,"at_ns":1,"session":"x","kind":"open","url":"wss://example.org/socket.io/"}"#,
                text(2, "x", "server", handshake), text(3, "x", "server", "2"),
            ],
            frames: ["< op1 open " + handshakeFrame, "< op1 ping"],
            sessions: ["S v4 websocket - capture-end - -"], connections: ["example.org:443 capture-end -"]),
        .init(
            name: "a plain WebSocket",
            lines: [
                #"{"v":1,"at_ns":1,"session":"x","kind":"open","url":"wss://user:secret@example.org:8443/feed"}"#,
                text(2, "x", "server", "2"), base64(3, "x", "client", ""),
            ],
            frames: ["< op1 ws 2", "> op2 ws []"], sessions: [], connections: ["example.org:8443 capture-end -"]),
        .init(
            name: "1006: no close frame, the connection ended",
            lines: [
                open4, text(2, "s1", "server", handshake),
                #"{"v":1,"at_ns":3,"session":"s1","kind":"close","code":1006}"#,
            ],
            frames: ["< op1 open " + handshakeFrame],
            sessions: ["S v4 websocket my-client/1.0 fin - -"], connections: ["127.0.0.1:7002 fin -"]),
        .init(
            name: "1006 by a reset",
            lines: [
                open4, text(2, "s1", "server", handshake),
                #"{"v":1,"at_ns":3,"session":"s1","kind":"close","code":1006,"by":"server","end":"rst"}"#,
            ],
            frames: ["< op1 open " + handshakeFrame],
            sessions: ["S v4 websocket my-client/1.0 rst server -"], connections: ["127.0.0.1:7002 rst server"]),
        .init(
            name: "a refused poll, and a message that is not there",
            lines: [
                #"{"v":1,"at_ns":1,"session":"r","kind":"open","url":"http://h:1/socket.io/?EIO=4&transport=polling&sid=OLD"}"#,
                #"{"v":1,"at_ns":2,"session":"r","kind":"message","sender":"client","text":"42[\"x\"]","refused":true}"#,
                open4,
                #"{"v":1,"at_ns":3,"session":"s1","kind":"message","sender":"client","opcode":2,"unreadable":"too large","wire_bytes":99,"flags":"fragmented"}"#,
            ],
            frames: [#"> lp message 2["x"]"#, "> op2 message"],
            sessions: ["- v4 websocket my-client/1.0 capture-end - -"],
            anomalies: ["engineio.refused-packet", "websocket.unreadable-message"]),
        .init(
            name: "bad lines between good ones",
            lines: [
                open4, "{", text(2, "s1", "server", handshake), "", #"{"kind":"message"}"#, "[1]",
                text(3, "s1", "server", "2"),
            ],
            frames: ["< op1 open " + handshakeFrame, "< op1 ping"],
            sessions: ["S v4 websocket my-client/1.0 capture-end - -"],
            anomalies: ["hook.bad-line", "hook.bad-line", "hook.bad-line"]),
        .init(
            name: "a name that is opened again is a new connection",
            lines: [
                open4, text(2000, "s1", "server", handshake), open4.replacing("1000", with: "3000"),
                text(4000, "s1", "server", handshake.replacing("\"S\\\"", with: "\"T\\\"")),
            ],
            frames: ["< op1 open " + handshakeFrame, "< op1 open " + handshakeFrame.replacing("\"S\"", with: "\"T\"")],
            sessions: ["S v4 websocket my-client/1.0 capture-end - -", "T v4 websocket my-client/1.0 capture-end - -"],
            connections: ["127.0.0.1:7002 capture-end -", "127.0.0.1:7002 capture-end -"]),
    ]

    @Test("rows", arguments: cases)
    func rows(_ c: LogCase) throws {
        let output = try DoorOutput.hookLog(c.lines.joined(separator: "\n") + "\n")
        #expect(output.frames.map(\.line) == c.frames)
        #expect(output.frames.map(\.id) == Array(1...Int64(c.frames.count)))
        #expect(
            output.sessions.map { session in
                [
                    session.sid ?? "-", "v\(session.engineIOVersion ?? 0)",
                    session.transports.map(\.rawValue).joined(separator: ","), session.userAgent ?? "-",
                    session.endClass?.rawValue ?? "-", session.endedBy?.rawValue ?? "-",
                    session.closeCode.map { "\($0)" } ?? "-",
                ].joined(separator: " ")
            } == c.sessions)
        if let expected = c.connections {
            #expect(
                output.connections.map {
                    "\($0.serverAddress):\($0.serverPort) \($0.closeKind?.rawValue ?? "?") \($0.closedBy?.rawValue ?? "-")"
                } == expected)
        }
        #expect(output.anomalies.map(\.code.text).sorted() == c.anomalies)
    }

    @Test("at any cuts, the same", arguments: cases)
    func cuts(_ c: LogCase) throws {
        let text = "\u{FEFF}" + c.lines.joined(separator: "\r\n")
        let whole = try ChunkVerifier.verify(Array(text.utf8)) { chunks in [try DoorOutput.hookLog(chunks)] }
        #expect(whole.first?.frames.map(\.line) == c.frames)
    }

    @Test("there and back", arguments: cases)
    func roundTrip(_ c: LogCase) throws {
        try HookLogRoundTripTests.expectSameFrames(try DoorOutput.hookLog(c.lines.joined(separator: "\n")))
    }

    @Test("facts of the capture")
    func facts() throws {
        let lines = [Self.open4, Self.text(5000, "s1", "server", Self.handshake), Self.text(6000, "s1", "server", "2")]
        let text = lines.joined(separator: "\n") + "\n"
        let output = try DoorOutput.hookLog(text)
        #expect(output.facts.started == Timestamp(nanoseconds: 1000))
        #expect(output.facts.ended == Timestamp(nanoseconds: 6000))
        #expect(output.facts.packets == 3)
        #expect(output.facts.bytes == Int64(text.utf8.count))
        #expect(output.facts.completeHead && output.facts.completeTail)
        #expect(output.sessions.first?.opened == Timestamp(nanoseconds: 1000))
        let cut = try DoorOutput.hookLog(String(text.dropLast(10)))
        #expect(!cut.facts.completeTail)
        #expect(cut.anomalies.map(\.code) == ["hook.bad-line"])
    }

    struct BadLine: CustomTestStringConvertible, Sendable {
        let line: String
        let detail: String
        var testDescription: String { self.detail }
    }

    static let start = #"{"v":1,"at_ns":1,"session":"s","#

    @Test(
        "a bad line says what is wrong",
        arguments: [
            BadLine(line: "hello", detail: "no JSON at offset 0; expected a value"),
            .init(line: "7", detail: "no JSON at offset 0; expected an object"),
            .init(line: "{\"v\":2}", detail: "\"v\" is 2; expected 1, the only format there is"),
            .init(line: "{\"at_ns\":\"x\"}", detail: "\"at_ns\" is \"x\"; expected nanoseconds since the epoch"),
            .init(line: "{\"at_ns\":1}", detail: "\"session\" is missing; expected a text"),
            .init(
                line: start + "\"kind\":null}", detail: "\"kind\" is missing; expected open, message, control or close"),
            .init(
                line: start + "\"kind\":\"message\",\"text\":\"\"}",
                detail: "\"sender\" is missing; expected client or server"),
            .init(
                line: start + "\"kind\":\"message\",\"sender\":\"me\",\"text\":\"\"}",
                detail: "\"sender\" is \"me\"; expected client or server"),
            .init(
                line: start + "\"kind\":\"message\",\"sender\":\"client\"}",
                detail: "\"text\" is missing; expected a text, or base64"),
            .init(
                line: start + "\"kind\":\"message\",\"sender\":\"client\",\"base64\":\"A\"}",
                detail: "\"base64\" is \"A\"; expected base64"),
            .init(
                line: start + "\"kind\":\"message\",\"sender\":\"client\",\"text\":\"\",\"transport\":\"udp\"}",
                detail: "\"transport\" is \"udp\"; expected polling or websocket"),
            .init(
                line: start + "\"kind\":\"control\",\"sender\":\"client\",\"opcode\":2}",
                detail: "\"opcode\" is 2; expected a number from 8 to 10"),
            .init(
                line: start + "\"kind\":\"close\",\"code\":1000}",
                detail: "\"by\" is missing; expected client or server, who sent the close frame"),
            .init(
                line: start + "\"kind\":\"close\",\"by\":\"client\",\"code\":70000}",
                detail: "\"code\" is 70000; expected a number from 0 to 65535"),
            .init(
                line: start + "\"kind\":\"close\",\"code\":1006,\"end\":\"superseded\"}",
                detail: "\"end\" is \"superseded\"; expected fin, rst or http-error"),
        ])
    func badLine(_ c: BadLine) throws {
        let output = try DoorOutput.hookLog(
            [Self.open4, c.line, Self.text(9, "s1", "server", "2")].joined(separator: "\n"))
        #expect(output.anomalies.map(\.detail) == ["line 2: " + c.detail])
        #expect(output.frames.map(\.line) == ["< op1 ping"])
    }

    @Test("a line beyond the limit is passed over, at any cuts")
    func longLine() throws {
        var limits = DecodingLimits()
        limits.messageBytes = 8
        let limit = HookLogDecoder(CaptureFacts(kind: .hook, source: ""), limits: limits).lineLimit
        #expect(limit == 48 + 65_536)
        let fits = Self.open4 + String(repeating: " ", count: limit - Self.open4.utf8.count)
        let long = fits + " "
        let text = [fits, long, Self.text(9, "s1", "server", "2"), long].joined(separator: "\n")
        for size in [1, 4_096, 65_552, 1_000_000] {
            let bytes = Array(text.utf8)
            let chunks = stride(from: 0, to: bytes.count, by: size).map {
                Array(bytes[$0..<min($0 + size, bytes.count)])
            }
            let output = try DoorOutput.hookLog(chunks, limits: limits)
            #expect(
                output.anomalies.map(\.detail) == [
                    "line 2: \(limit + 1) bytes or more; expected at most \(limit)",
                    "line 4: \(limit + 1) bytes or more; expected at most \(limit)",
                ])
            #expect(output.frames.map(\.line) == ["< op1 ping"])
        }
    }

    @Test("bad lines before the first good one have its time")
    func badFirst() throws {
        let output = try DoorOutput.hookLog(
            ["garbage", "{}", Self.text(9, "s1", "server", "2"), "x"].joined(separator: "\n"))
        #expect(output.anomalies.map(\.at.nanoseconds) == [9, 9, 9])
        #expect(output.anomalies.map { $0.detail.prefix(7) } == ["line 1:", "line 2:", "line 4:"])
        #expect(output.frames.map(\.line) == ["< op1 ping"])
    }

    @Test("a line that is no UTF-8 is a bad one, and nothing in it is repaired")
    func notUTF8() throws {
        var bytes = Array((Self.text(8, "s1", "server", "2") + "\n" + Self.text(9, "s1", "client", "4?") + "\n").utf8)
        let place = try #require(bytes.lastIndex(of: UInt8(ascii: "?")))
        let start = try #require(bytes.firstIndex(of: 0x0A)) + 1
        bytes[place] = 0xFF
        let output = try DoorOutput.hookLog([bytes], limits: DecodingLimits())
        #expect(
            output.anomalies.map(\.detail) == [
                "line 2: a byte that is no UTF-8 at offset \(place - start); expected UTF-8"
            ])
        #expect(output.frames.map(\.line) == ["< op1 ping"])
    }

    @Test("--max-message holds exactly, however the line is written")
    func messageLimit() throws {
        var limits = DecodingLimits()
        limits.messageBytes = 30_000
        let most = limits.messageBytes
        // As a text, as a text in escapes of six bytes each, and as base64; over either transport.
        func lines(_ count: Int, _ transport: String) -> [String] {
            [
                Self.text(2, transport, "client", "4" + String(repeating: "x", count: count - 1), transport),
                Self.text(3, transport, "client", "4" + String(repeating: "\\u0001", count: count - 1), transport),
                Self.base64(
                    4, transport, "client",
                    String(repeating: "AAAA", count: count / 3) + (count % 3 == 0 ? "" : "AA=="), transport),
            ]
        }
        for transport in ["websocket", "polling"] {
            let open =
                #"{"at_ns":1,"session":"\#(transport)","kind":"open","url":"http://h/socket.io/?EIO=4&transport=\#(transport)"}"#
            let output = try DoorOutput.hookLog(
                [Array(([open] + lines(most, transport) + lines(most + 1, transport)).joined(separator: "\n").utf8)],
                limits: limits)
            #expect(output.frames.map(\.sizeBytes) == [most, most, most, most + 1, most + 1, most + 1])
            let kept = output.frames.map { $0.payload.map { $0.utf8.count + 1 } ?? $0.binary?.count ?? 0 }
            #expect(kept == [most, most, most, 0, 0, 0])
            let code = transport == "polling" ? "engineio.unreadable-packet" : "websocket.unreadable-message"
            #expect(output.anomalies.filter { $0.code.text == code }.count == 3)
        }
    }

    @Test("of very many bad lines only the first are stored")
    func manyBadLines() throws {
        let text = Self.open4 + "\n" + String(repeating: "x\n", count: 1_000)
        let output = try DoorOutput.hookLog(text)
        #expect(output.anomalies.count == 101)
        #expect(output.anomalies.last?.detail == "900 more lines that cannot be read")
    }

    @Test(
        "no hook log at all",
        arguments: [
            ("", "no hook log: there is no line in it"), ("\n \n", "no hook log: there is no line in it"),
            (
                "\n{\"log\":1}\n",
                "no hook log: not one of 2 lines can be read; line 2: \"at_ns\" is missing; expected nanoseconds since the epoch"
            ),
        ])
    func noHookLog(_ text: String, _ message: String) {
        let error = #expect(throws: HookLogError.self) { try DoorOutput.hookLog(text) }
        #expect(error?.description == message)
    }

    @Test("connections beyond the limit are let go, the idle ones first")
    func manyConnections() throws {
        var limits = DecodingLimits()
        limits.connections = 20
        let lines = (0..<100).map {
            Self.text($0, "s\($0)", "server", Self.handshake.replacing("\"S\\\"", with: "\"S\($0)\\\""))
        }
        let output = try DoorOutput.hookLog(lines.joined(separator: "\n"), limits: limits)
        #expect(output.connections.count == 100)
        #expect(output.sessions.count == 100)
        #expect(output.frames.count == 100)
    }
}
