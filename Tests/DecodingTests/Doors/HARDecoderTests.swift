import Foundation
import JSONText
import Testing
import TimelineModel

@testable import Decoding

@Suite("HAR")
struct HARDecoderTests {
    // MARK: Files of other programs

    static func fixture(_ name: String) throws -> [UInt8] {
        let folder = try #require(Bundle.module.url(forResource: "Fixtures/HAR", withExtension: nil))
        return Array(try Data(contentsOf: folder.appending(path: name)))
    }

    @Test(
        "messages, directions and opcodes of mitmproxy's files",
        arguments: [
            "charles", "corrupted_gzip_body", "head-content-length", "incomplete_log", "insomnia", "websocket",
            "with-bom",
        ])
    func expected(_ name: String) throws {
        let expected = try JSONValue(String(decoding: Self.fixture("expected/\(name).har.json"), as: UTF8.self))
        let entries = try #require(expected["websocket_entries"]?.array)
        let bytes = try Self.fixture("\(name).har")
        guard !entries.isEmpty else {
            let count = try #require(expected["entries_total"]?.integer)
            #expect(throws: HARDecodeError.noMessages(entries: Int(count))) { try DoorOutput.har(bytes) }
            return
        }
        let output = try DoorOutput.har(bytes)
        #expect(output.connections.count == entries.count)
        for (entry, connection) in zip(entries, output.connections) {
            var counts: [String: Int64] = [:]
            for frame in output.frames where frame.connectionID == connection.id {
                counts["\(frame.sender == .client ? "send" : "receive"):op\(frame.opcode ?? 0)", default: 0] += 1
            }
            guard case .object(let members)? = entry["by_dir_opcode"] else {
                Issue.record("no by_dir_opcode in \(entry)")
                continue
            }
            #expect(counts == Dictionary(uniqueKeysWithValues: members.map { ($0.key, $0.value.integer ?? -1) }))
            let exchange = try #require(output.exchanges.first { $0.connectionID == connection.id })
            #expect(entry["url"]?.string?.hasSuffix(exchange.target) == true)
            #expect(Int64(exchange.status ?? 0) == entry["status"]?.integer)
            #expect(exchange.userAgent?.hasPrefix("Mozilla/5.0 (Macintosh") == true)
            #expect(connection.serverAddress == "143.244.202.177")
            #expect(connection.serverPort == 443)
            #expect(connection.application == .websocket)
        }
        #expect(output.sessions.isEmpty)
        #expect(output.frames.map(\.id) == Array(1...Int64(output.frames.count)))
        #expect(output.frames.map(\.at) == output.frames.map(\.at).sorted())
        #expect(output.frames.first?.at == Timestamp(nanoseconds: 1_693_314_200_336_985_000))
        try HookLogRoundTripTests.expectSameFrames(output)
    }

    @Test(
        "what is no HAR says what is missing",
        arguments: [
            ("", HARDecodeError.notJSON(offset: 0, expected: "a value")),
            ("\u{FEFF}{\"log\":}", .notJSON(offset: 10, expected: "a value")),
            ("[]", .notHAR(missing: "the object \"log\"")), ("{\"log\":[]}", .notHAR(missing: "the object \"log\"")),
            ("{\"log\":{\"entries\":{}}}", .notHAR(missing: "the array \"log\".\"entries\"")),
            ("{\"log\":{\"entries\":[]}}", .noMessages(entries: 0)),
            ("{\"log\":{\"entries\":[1,{}]}}", .unreadable(2, entries: 2)),
        ])
    func refused(_ text: String, _ error: HARDecodeError) {
        #expect(throws: error) { try DoorOutput.har(text) }
    }

    /// As Firefox writes it: the switch, and nothing of what followed.
    static let bare = entry("01", "GET", socket, status: 101, extra: #","_resourceType":"websocket""#)

    @Test(
        "a HAR that holds nothing of what was said is refused, and says how to record it",
        arguments: [
            ([bare], 1, 0, "1 WebSocket without messages (_webSocketMessages): nothing to import; "),
            (
                [
                    entry("01", "POST", poll + "&sid=S", answer: "ok"), entry("02", "GET", poll + "&sid=S", size: -1),
                ], 0, 2, "2 polling requests without a body: "
            ),
            ([webSocket("01", socket), bare], 2, 0, "2 WebSockets without messages (_webSocketMessages): "),
            (
                [entry("01", "GET", poll), entry("02", "OPTIONS", poll, status: 204)], 0, 2,
                "2 polling requests without a body: "
            ),
            (
                [entry("01", "GET", poll, size: 118), bare], 1, 1,
                "1 WebSocket without messages (_webSocketMessages) and 1 polling request "
            ),
        ])
    func nothingSaid(_ entries: [String], _ webSockets: Int, _ polls: Int, _ text: String) {
        let error = HARDecodeError.noContent(webSockets: webSockets, polls: polls)
        #expect(throws: error) { try DoorOutput.har(#"{"log":{"entries":[\#(entries.joined(separator: ","))]}}"#) }
        #expect(error.description.hasPrefix(text))
        #expect(error.description.contains("Firefox") && !error.description.contains("\n"))
    }

    @Test("a broken file, and one that is too large")
    func broken() throws {
        let bytes = try Self.fixture("brokenfile.har")
        #expect(throws: HARDecodeError.notJSON(offset: 22, expected: "',' or '}'")) { try DoorOutput.har(bytes) }
        let door = HARDecoder(CaptureFacts(kind: .har, source: ""), byteLimit: 4)
        func feed(_ bytes: [UInt8]) throws { try door.feed(bytes.span) { _ in } }
        try feed([1, 2, 3, 4])
        #expect(throws: HARDecodeError.tooLarge(limit: 4)) { try feed([5]) }
    }

    // MARK: Entries

    struct HARCase: CustomTestStringConvertible, Sendable {
        let name: String
        let entries: [String]
        let frames: [String]
        var anomalies: [String] = []
        /// `method status code` of each exchange.
        var exchanges: [String]?
        /// sid, transports, end of each session.
        var sessions: [String]?
        var otherRequests: Int64 = 0
        /// A WebSocket without a frame has an exchange here and none in a hook log.
        var hasFrames = true
        var testDescription: String { self.name }
    }

    /// An entry at `second` of a minute that takes 100 ms: 10 to send, 80 to wait, 10 to receive.
    static func entry(
        _ second: String, _ method: String, _ url: String, body: String? = nil, status: Int = 200,
        answer: String? = nil,
        base64: Bool = false, size: Int? = nil, extra: String = ""
    ) -> String {
        func json(_ text: String) -> String { JSONValue.string(text).description }
        let post = body.map { #","postData":{"mimeType":"text/plain","text":\#(json($0))}"# } ?? ""
        let content =
            answer.map { #""text":\#(json($0))\#(base64 ? #","encoding":"base64""# : "")"# } ?? #""mimeType":"x""#
        let bytes = size ?? answer?.utf8.count ?? 0
        return
            #"{"startedDateTime":"2025-11-24T16:00:\#(second)Z","time":100,"timings":{"blocked":-1,"send":10,"wait":80,"receive":10},"#
            + #""request":{"method":"\#(method)","url":"\#(url)","headers":[{"name":"User-Agent","value":"ua"}]\#(post)},"#
            + #""response":{"status":\#(status),"content":{"size":\#(bytes),\#(content)}}\#(extra)}"#
    }

    static func webSocket(_ second: String, _ url: String, _ messages: String...) -> String {
        self.webSocket(second, url, messages)
    }

    static func webSocket(_ second: String, _ url: String, _ messages: [String]) -> String {
        self.entry(
            second, "GET", url, status: 101,
            extra: #","_resourceType":"websocket","_webSocketMessages":[\#(messages.joined(separator: ","))]"#)
    }

    /// 2025-11-24T16:00:00Z is 1764000000.
    static func message(_ type: String, _ second: Double, _ data: String, opcode: Int = 1, more: String = "") -> String
    {
        #"{"type":"\#(type)","time":\#(1_764_000_000 + second),"opcode":\#(opcode),"data":\#(JSONValue.string(data).description)\#(more)}"#
    }

    static let poll = "http://127.0.0.1:3000/socket.io/?EIO=4&transport=polling"
    static let socket = "ws://127.0.0.1:3000/socket.io/?EIO=4&transport=websocket"
    static let open = #"0{"sid":"S","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000}"#

    static let cases: [HARCase] = [
        HARCase(
            name: "polling and WebSocket of one session, in the order of time",
            entries: [
                webSocket(
                    "03", socket + "&sid=S", message("send", 3.2, "2probe"), message("receive", 3.3, "3probe"),
                    message("send", 3.6, "5"), message("receive", 3.7, "AQID", opcode: 2), message("receive", 28.5, "2")
                ),
                entry("00", "GET", "http://127.0.0.1:3000/app.js", answer: "x"),
                entry("01", "GET", poll, answer: open),
                entry("02", "POST", poll + "&sid=S", body: #"42["a"]\#u{1E}bAQID"#, answer: "ok"),
                entry("03.4", "GET", poll + "&sid=S", answer: "6"),
            ],
            frames: [
                "< lp open " + open.dropFirst(), #"> lp message event / event=a ["a"]"#, "> lp message [1, 2, 3]",
                "> op1 ping probe", "< op1 pong probe", "< lp noop", "> op1 upgrade", "< op2 message [1, 2, 3]",
                "< op1 ping",
            ],
            anomalies: ["socketio.orphan-attachment", "socketio.orphan-attachment"],
            exchanges: ["GET 200 -", "POST 200 -", "GET 101 -", "GET 200 -"],
            sessions: ["S polling,websocket capture-end"], otherRequests: 1),
        HARCase(
            name: "a WebSocket that has the time of the handshake that named its session",
            entries: [
                entry("01", "GET", poll, answer: open), entry("01.15", "GET", poll + "&sid=S", answer: "6"),
                webSocket("01", socket + "&sid=S", message("send", 1.2, "2probe"), message("send", 1.3, "5")),
            ],
            frames: ["< lp open " + open.dropFirst(), "> op1 ping probe", "< lp noop", "> op1 upgrade"],
            exchanges: ["GET 200 -", "GET 200 -", "GET 101 -"], sessions: ["S polling,websocket capture-end"]),
        HARCase(
            name: "Engine.IO 3: lengths in UTF-16, and a binary answer in base64",
            entries: [
                entry("01", "GET", poll.replacing("EIO=4", with: "EIO=3"), answer: "13:0{\"sid\":\"S3\"}2:40"),
                entry(
                    "02", "POST", poll.replacing("EIO=4", with: "EIO=3") + "&sid=S3", body: "9:42[\"\u{1F600}€\"]",
                    answer: "ok"),
                entry(
                    "03", "GET", poll.replacing("EIO=4", with: "EIO=3") + "&sid=S3", answer: "AAT/NOKCrAEF/wQBAgME",
                    base64: true),
            ],
            frames: [
                "< lp open {\"sid\":\"S3\"}", "< lp message connect /",
                "> lp message event / event=\u{1F600}€ [\"\u{1F600}€\"]", "< lp message €", "< lp message [1, 2, 3, 4]",
            ],
            anomalies: ["socketio.malformed-packet", "socketio.orphan-attachment"]),
        HARCase(
            name: "JSONP both ways",
            entries: [
                entry("01", "GET", poll + "&j=0", answer: "___eio[0](\"0{\\\"sid\\\":\\\"J\\\"}\");"),
                entry("02", "POST", poll + "&j=0&sid=J", body: "d=42%5B%22a%22%5D", answer: "ok"),
            ],
            frames: ["< lp open {\"sid\":\"J\"}", #"> lp message event / event=a ["a"]"#]),
        HARCase(
            name: "a refusal, a poll that was cut off, a body that the HAR does not hold",
            entries: [
                entry("01", "GET", poll, answer: open),
                entry("02", "GET", poll + "&sid=S", size: 12),
                entry("03", "GET", poll + "&sid=S", status: 0, extra: #","_error":"net::ERR_CONNECTION_RESET""#),
                entry(
                    "04", "POST", poll + "&sid=OLD", body: "40", status: 400,
                    answer: #"{"code":1,"message":"Session ID unknown"}"#),
            ],
            frames: ["< lp open " + open.dropFirst(), "> lp message 0"],
            anomalies: ["engineio.refused-packet", "http.incomplete-body"],
            exchanges: ["GET 200 -", "GET 200 -", "GET 0 -", "POST 400 1 Session ID unknown"],
            sessions: ["S polling rst"]),
        HARCase(
            name: "bodies that the HAR does not hold are missing, and not empty ones of a peer",
            entries: [
                entry("01", "GET", poll, answer: open), entry("02", "POST", poll + "&sid=S", answer: "ok"),
                entry("03", "GET", poll + "&sid=S"), entry("04", "GET", poll + "&sid=S", size: -1),
                entry("05", "GET", poll + "&sid=S", answer: "", size: -1),
                entry("06", "POST", poll + "&sid=T", answer: "ok"), entry("07", "GET", poll),
            ],
            frames: ["< lp open " + open.dropFirst()],
            anomalies: [String](repeating: "http.incomplete-body", count: 6), sessions: ["S polling capture-end"]),
        HARCase(
            name: "bodies that are empty",
            entries: [
                entry("01", "GET", poll, answer: open), entry("02", "POST", poll + "&sid=S", body: "1", status: 204),
                entry("03", "HEAD", poll + "&sid=S"), entry("04", "OPTIONS", poll + "&sid=S", status: 204),
                entry("05", "POST", poll + "&sid=S", body: "2", answer: ""),
                entry("06", "GET", poll + "&sid=S", status: 204), entry("07", "GET", poll + "&sid=S", answer: ""),
                entry("08", "GET", poll + "&sid=S").replacing(
                    #""content":{"#, with: #""headers":[{"name":"Content-Length","value":"0"}],"content":{"#),
            ],
            frames: ["< lp open " + open.dropFirst(), "> lp close", "> lp ping"],
            anomalies: ["engineio.empty-payload", "engineio.empty-payload"]),
        HARCase(
            name: "polling with its bodies, and a WebSocket without messages: told as a hole",
            entries: [
                entry("01", "GET", poll, answer: open),
                entry("02", "GET", socket + "&sid=S", status: 101, extra: #","_resourceType":"websocket""#),
                // A list without a message is what the browser saw.
                webSocket("03", socket + "&sid=S"),
            ],
            frames: ["< lp open " + open.dropFirst()],
            anomalies: ["har.no-messages"], exchanges: ["GET 200 -", "GET 101 -", "GET 101 -"],
            sessions: ["S polling capture-end"], hasFrames: false),
        HARCase(
            name: "polls that failed are something",
            entries: [entry("01", "GET", poll, status: 0), entry("02", "GET", poll, status: 403)],
            frames: [], exchanges: ["GET 0 -", "GET 403 -"], sessions: []),
        HARCase(
            name: "close frames, errors and messages that are none",
            entries: [
                webSocket(
                    "01", socket, message("receive", 2, open),
                    message("send", 3, "", opcode: 8, more: #","code":1000"#),
                    message("receive", 3.5, "A+ll", opcode: 8), message("receive", 3.6, "", opcode: 9),
                    message("receive", 4, "x", opcode: 0), message("what", 4, "x"),
                    message("receive", 5, "!!", opcode: 2),
                    message("error", 6, "net::ERR_FAILED")),
                "{}",
            ],
            frames: [
                "< op1 open " + open.dropFirst(), "> op8 ws code=1000", "< op8 ws code=1001 e", "< op9 ws",
                "< op2 message",
            ],
            anomalies: [
                "har.bad-entry", "har.bad-message", "har.bad-message", "har.websocket-error",
                "websocket.unreadable-message",
            ],
            sessions: ["S websocket websocket-close"]),
        HARCase(
            name: "messages without data are not known: none of them is an empty packet",
            entries: [
                webSocket(
                    "01", socket, message("receive", 2, open),
                    #"{"type":"send","time":1764000003,"opcode":1}"#,
                    #"{"type":"receive","time":1764000004,"opcode":1,"data":null}"#,
                    #"{"type":"receive","time":1764000005,"opcode":2}"#)
            ],
            frames: ["< op1 open " + open.dropFirst(), "> op1 ?", "< op1 ?", "< op2 message"],
            anomalies: [String](repeating: "websocket.unreadable-message", count: 3),
            sessions: ["S websocket capture-end"]),
        HARCase(
            name: "a WebSocket that was refused, and one over HTTP/2",
            entries: [
                entry(
                    "01", "GET", socket.replacing("ws:", with: "wss:"), status: 400,
                    answer: #"{"code":0,"message":"Transport unknown"}"#),
                entry(
                    "02", "CONNECT", "https://h/feed",
                    extra:
                        #","connection":"7","serverIPAddress":"[::1]","_webSocketMessages":[{"type":"receive","data":"hi"}]"#
                ),
            ],
            frames: ["< op1 ws hi"], anomalies: ["har.bad-time"],
            exchanges: ["GET 400 0 Transport unknown", "CONNECT 200 -"], sessions: []),
    ]

    @Test("rows", arguments: cases)
    func rows(_ c: HARCase) throws {
        let text = #"\#u{FEFF}{"log":{"version":"1.2","entries":[\#(c.entries.joined(separator: ","))]}}"#
        let bytes = Array(text.utf8)
        let output = try ChunkVerifier.verify(bytes, rounds: 3) { chunks in
            [try DoorOutput.run(HARDecoder(CaptureFacts(kind: .har, source: "test")), chunks)]
        }[0]
        #expect(output.frames.map(\.line) == c.frames)
        #expect(output.frames.map(\.at) == output.frames.map(\.at).sorted())
        #expect(output.anomalies.map(\.code.text).sorted() == c.anomalies)
        #expect(output.facts.otherRequests == c.otherRequests)
        #expect(output.facts.packets == Int64(c.entries.count))
        #expect(output.facts.bytes == Int64(bytes.count))
        if let expected = c.exchanges {
            #expect(
                output.exchanges.sorted { $0.id < $1.id }.map {
                    "\($0.method) \($0.status ?? 0) \($0.errorCode.map { "\($0) " } ?? "")\($0.errorMessage ?? "-")"
                } == expected)
        }
        if let expected = c.sessions {
            #expect(
                output.sessions.map {
                    "\($0.sid ?? "-") \($0.transports.map(\.rawValue).joined(separator: ",")) \($0.endClass?.rawValue ?? "-")"
                } == expected)
        }
        if c.hasFrames { try HookLogRoundTripTests.expectSameFrames(output) }
    }

    @Test("a body that is missing is told by its entry, as a hole of the session whose it is")
    func missingBodies() throws {
        let other = Self.open.replacing(#""S""#, with: #""T""#)
        // Two sessions of one connection, and more bodies than anomalies of one kind are stored of a stream.
        let entries =
            [Self.entry("01", "GET", Self.poll, answer: Self.open), Self.entry("02", "GET", Self.poll, answer: other)]
            + (0..<150).map { _ in Self.entry("03", "GET", Self.poll + "&sid=S", size: -1) } + [
                Self.entry("03.05", "POST", Self.poll + "&sid=T", answer: "ok")
            ]
        let output = try DoorOutput.har(#"{"log":{"entries":[\#(entries.joined(separator: ","))]}}"#)
        #expect(output.sessions.map { "\($0.sid ?? "") \($0.holes)" } == ["S 150", "T 1"])
        let ids = Dictionary(uniqueKeysWithValues: output.sessions.map { ($0.id, $0.sid ?? "") })
        let told = output.anomalies.map { "\($0.sessionID.flatMap { ids[$0] } ?? "-"): \($0.detail)" }
        let rest = "is not in the HAR; expected its text, as in a HAR that is saved with content"
        #expect(told.first == "T: the request's body in entry 152 \(rest)")
        #expect(told.last == "S: the answer's body in entry 151 \(rest)")
        #expect(told.count == 151)
    }

    @Test("sessions of one browser, one after the other, are a lineage; those side by side are not")
    func lineages() throws {
        func life(_ second: String, _ sid: String, _ agent: String? = "ua", until last: Double) -> String {
            let entry = Self.webSocket(
                second, Self.socket,
                Self.message("receive", (Double(second) ?? 0) + 0.2, #"0{"sid":"\#(sid)","upgrades":[]}"#),
                Self.message("send", last, "40"))
            return entry.replacing(
                #"[{"name":"User-Agent","value":"ua"}]"#,
                with: agent.map {
                    #"[{"name":"User-Agent","value":"\#($0)"}]"#
                } ?? "[]")
        }
        let entries = [
            life("01", "a", until: 2), life("03", "b", until: 4),
            // Another page's, which goes on: next to it the first browser comes back once more, and a nameless one twice.
            life("05", "other", "other", until: 50), life("06", "c", until: 30), life("08", "beside", until: 9),
            life("10", "after", until: 11), life("20", "nobody", nil, until: 21),
            life("23", "nobody either", nil, until: 24),
        ]
        let output = try DoorOutput.har(#"{"log":{"entries":[\#(entries.joined(separator: ","))]}}"#)
        let sids = Dictionary(uniqueKeysWithValues: output.sessions.map { ($0.id, $0.sid ?? "") })
        #expect(
            output.sessions.map { "\($0.sid ?? "") \(sids[$0.lineage] ?? "") \($0.endClass?.rawValue ?? "-")" } == [
                "a a superseded", "b a superseded", "other other capture-end", "c a capture-end",
                "beside beside superseded", "after beside capture-end", "nobody nobody capture-end",
                "nobody either nobody either capture-end",
            ])
    }

    @Test("--max-message holds for messages and bodies")
    func limit() throws {
        var limits = DecodingLimits()
        limits.messageBytes = Self.open.utf8.count
        let fits = Self.open, large = Self.open + " "
        let door = HARDecoder(CaptureFacts(kind: .har, source: "test"), limits: limits)
        let entries = [
            Self.webSocket("01", Self.socket, Self.message("receive", 2, fits), Self.message("receive", 3, large)),
            Self.entry("04", "GET", Self.poll, answer: fits), Self.entry("05", "GET", Self.poll, answer: large),
        ]
        let bytes = Array(#"{"log":{"entries":[\#(entries.joined(separator: ","))]}}"#.utf8)
        let output = try DoorOutput.run(door, [bytes])
        #expect(output.frames.map { $0.payload?.utf8.count } == [fits.utf8.count - 1, nil, fits.utf8.count - 1])
        #expect(output.frames.map(\.sizeBytes) == [fits.utf8.count, large.utf8.count, fits.utf8.count])
        #expect(output.anomalies.map(\.code.text) == ["websocket.unreadable-message", "http.incomplete-body"])
    }

    @Test("messages whose time is absent or absurd have the one before, and are told of once an entry")
    func badTimes() throws {
        func message(_ time: String) -> String { #"{"type":"send","data":"2"\#(time)}"# }
        let odd = [
            message(#","time":1764000003.5"#), message(""), message(#","time":1e30"#), message(#","time":-5"#),
            message(#","time":0"#), message(#","time":null"#), message(#","time":"soon""#),
            message(#","time":9999999999"#), message(#","time":"1764000004.5""#), message(#","time":1764000005500"#),
        ]
        let entries = [
            Self.webSocket("01", Self.socket, [Self.message("receive", 2, Self.open)] + odd),
            Self.webSocket("06", Self.socket, [message(#","time":\#(String(repeating: "9", count: 100))"#)]),
        ]
        let output = try DoorOutput.har(#"{"log":{"entries":[\#(entries.joined(separator: ","))]}}"#)
        let base: Int64 = 1_764_000_000_000_000_000
        #expect(
            output.frames.map { Double($0.at.nanoseconds - base) / 1e9 }
                == [2, 3.5, 3.5, 3.5, 3.5, 3.5, 3.5, 3.5, 3.5, 4.5, 5.5, 6])
        let expected =
            "expected seconds since 1970, within a year of the entry's; the time of the message before is taken"
        #expect(
            output.anomalies.filter { $0.code == "har.bad-time" }.map(\.detail) == [
                "no time in message 2 of entry 0 of the HAR, the first of 7 without one that can be; \(expected)",
                "the time \(String(repeating: "9", count: 40)) in message 0 of entry 1 of the HAR; \(expected)",
            ])
    }

    @Test("times of a polling exchange and of a message")
    func times() throws {
        let text = Self.cases[0].entries.joined(separator: ",")
        let output = try DoorOutput.har("{\"log\":{\"entries\":[\(text)]}}")
        let poll = try #require(output.exchanges.first)
        let base: Int64 = 1_764_000_001_000_000_000
        #expect(poll.requested.nanoseconds == base)
        #expect(poll.requestEnded?.nanoseconds == base + 10_000_000)
        #expect(poll.answered?.nanoseconds == base + 90_000_000)
        #expect(poll.responded?.nanoseconds == base + 100_000_000)
        #expect(output.frames[0].at.nanoseconds == base + 100_000_000)
        #expect(output.frames[1].at.nanoseconds == base + 1_010_000_000)
        #expect(output.frames[3].at.nanoseconds == base + 2_200_000_000)
        #expect(output.facts.started?.nanoseconds == base)
        #expect(output.facts.ended?.nanoseconds == base + 27_500_000_000)
        #expect(output.sessions.first?.opened.nanoseconds == base)
    }

    @Test(
        "ISO 8601",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("1970-01-01T00:00:00.000000001Z", 1),
            ("1969-12-31T23:59:59.5Z", -500_000_000),
            ("2023-08-29T13:03:20.195591+00:00", 1_693_314_200_195_591_000),
            ("2000-02-29T12:00:00", 951_825_600_000_000_000),
            ("2000-03-01T00:00Z", 951_868_800_000_000_000), ("2025-11-24T16:00:00,25Z", 1_764_000_000_250_000_000),
            ("2025-11-24T18:00:00+0200", 1_764_000_000_000_000_000),
            ("2025-11-24T10:30:00-05:30", 1_764_000_000_000_000_000),
            ("2025-11-24t16:00:00.1234567899z", 1_764_000_000_123_456_789),
            ("2025-11-24 16:00:00+00", 1_764_000_000_000_000_000),
            ("2100-03-01T00:00:00Z", 4_107_542_400_000_000_000), ("1900-03-01T00:00:00Z", -2_203_891_200_000_000_000),
        ] as [(String, Int64)])
    func iso8601(_ text: String, _ nanoseconds: Int64) {
        #expect(Timestamp(iso8601: text)?.nanoseconds == nanoseconds)
    }

    @Test(
        "no ISO 8601",
        arguments: [
            "", "2025", "2025-11-24", "2025-13-01T00:00:00Z", "2025-11-24T16:00:00.Z", "2025-11-24T16:00:00+1",
            "2025-11-24T16:61:00Z",
            "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "2025-11-24T16:00:00Zx", "2025-11-24T16:00:00+25:00",
            "é025-11-24T16:00:00Z",
        ])
    func noISO8601(_ text: String) {
        #expect(Timestamp(iso8601: text) == nil)
    }

    @Test(
        "seconds since the epoch",
        arguments: [
            ("0", 0), ("1693314200.336985", 1_693_314_200_336_985_000),
            ("1693314200.3369854321", 1_693_314_200_336_985_432),
            ("1.693314200336985e9", 1_693_314_200_336_985_088), ("1693314200336.5", 1_693_314_200_336_500_000),
            ("1e300", nil),
            ("-1", nil), ("99999999999999999999", nil),
        ] as [(String, Int64?)])
    func epoch(_ text: String, _ nanoseconds: Int64?) {
        #expect(Timestamp(epoch: text)?.nanoseconds == nanoseconds)
    }
}
