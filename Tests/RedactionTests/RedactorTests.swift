import JSONText
import Testing
import TimelineModel

@testable import Recording

@Suite("Redaction")
struct RedactorTests {
    private static let key = RedactionKey([UInt8](repeating: 7, count: 32))!
    private static let redactor = Redactor(Self.key, adding: ["UserName"])
    private static func r(_ secret: String) -> String { Self.key.redacted(secret) }

    private static func frame(
        _ type: SocketIOType?, _ payload: String?, _ sender: Sender = .client, event: String? = nil,
        namespace: String? = "/", layer: Layer = .engineio
    ) -> Frame {
        Frame(
            id: 1, sessionID: 1, connectionID: 1, at: .zero, sender: sender, transport: .websocket, layer: layer,
            engineIOType: layer == .engineio ? .message : nil, socketIOType: type, namespace: namespace, event: event,
            sizeBytes: 999, wireBytes: 1000, payload: payload)
    }

    private static func redacted(_ frame: Frame, _ anomalies: [Anomaly] = []) -> Frame {
        var batch = TimelineBatch()
        batch.frames = [frame]
        batch.anomalies = anomalies
        var redactor = Self.redactor
        redactor.redact(&batch)
        return batch.frames[0]
    }

    @Test("a secret becomes 16 digits of a keyed hash: the same each time, another one with another key")
    func hash() throws {
        let text = Self.r("hunter2")
        #expect(text.wholeMatch(of: /redacted:[0-9a-f]{16}/) != nil)
        #expect(Self.r("hunter2") == text)
        #expect(Self.r("hunter3") != text)
        #expect(Self.r(text) == text)
        #expect(try #require(RedactionKey([UInt8](repeating: 8, count: 32))).redacted("hunter2") != text)
        #expect(RedactionKey().redacted("hunter2") != RedactionKey().redacted("hunter2"))
        #expect(RedactionKey([UInt8](repeating: 8, count: 15)) == nil)
        // HMAC-SHA256 with the key of RFC 4231, test case 2, would be shorter than 16 bytes; this is its case 1.
        let known = try #require(RedactionKey([UInt8](repeating: 0x0B, count: 20)))
        #expect(known.redacted("Hi There") == "redacted:b0344c61d8db3853")
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let frame: Frame
        let expected: String?
        var testDescription: String { self.name }
        init(_ name: String, _ frame: Frame, _ expected: String?) {
            self.name = name
            self.frame = frame
            self.expected = expected
        }
    }

    private static let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjF9.c2ln"

    static let cases: [Case] = [
        Case(
            "every value of an auth payload", Self.frame(.connect, #"{"a":"x","b":{"c":[1,true,null]}}"#),
            #"{"a":"\#(r("x"))","b":{"c":["\#(r("1"))","\#(r("true"))",null]}}"#),
        Case("an auth payload that is a text", Self.frame(.connect, #""abc""#), #""\#(r("abc"))""#),
        Case("no auth payload", Self.frame(.connect, nil), nil),
        Case("the query of a version 4 CONNECT", Self.frame(.connect, "?token=a%20b&x="), "?token=\(r("a b"))&x="),
        Case(
            "the answer keeps the sid and not the pid", Self.frame(.connect, #"{"sid":"s","pid":"p"}"#, .server),
            #"{"sid":"s","pid":"\#(r("p"))"}"#),
        Case(
            "keys by name, in any case, at any depth",
            Self.frame(.event, #"["login",{"user":"u","PassWord":"x","deep":[{"api_key":{"k":1}}]}]"#, event: "login"),
            #"["login",{"user":"u","PassWord":"\#(r("x"))","deep":[{"api_key":{"k":"\#(r("1"))"}}]}]"#),
        Case(
            "a key of one's own", Self.frame(.ack, #"[{"username":"u"}]"#, .server), #"[{"username":"\#(r("u"))"}]"#),
        Case(
            "all arguments of an event of such a name", Self.frame(.event, #"["Auth","x",2]"#, event: "Auth"),
            #"["Auth","\#(r("x"))","\#(r("2"))"]"#),
        Case(
            "placeholders of attachments stay",
            Self.frame(.binaryEvent, #"["a",{"token":{"_placeholder":true,"num":0}}]"#, event: "a"),
            #"["a",{"token":{"_placeholder":true,"num":0}}]"#),
        Case(
            "JSON in a string", Self.frame(.event, #"["a","{\"token\":\"x\"}"]"#, event: "a"),
            #"["a","{\"token\":\"\#(r("x"))\"}"]"#),
        Case("a token by its form", Self.frame(.event, #"["a","\#(jwt)"]"#, event: "a"), #"["a","\#(r(jwt))"]"#),
        Case(
            "what has no secret stays to the byte", Self.frame(.event, #"[ "a" , {"x":"\u0041"} ]"#, event: "a"),
            #"[ "a" , {"x":"\u0041"} ]"#),
        Case(
            "a refusal", Self.frame(.connectError, #"{"message":"no","data":{"token":"x"}}"#, .server),
            #"{"message":"no","data":{"token":"\#(r("x"))"}}"#),
        Case("a plain message", Self.frame(nil, #"{"secret":"x"}"#, layer: .websocket), #"{"secret":"\#(r("x"))"}"#),
        Case(
            "URLs in strings lose what is secret by its name or form, and keep the rest",
            Self.frame(
                .event,
                #"["a",{"url":"https://h/p?Token=a%20b&a=1&x=\#(jwt)#k=2&access_token=y"},"WSS://u:w@h/?api%5Fkey=z"]"#,
                event: "a"),
            #"["a",{"url":"https://h/p?Token=\#(r("a b"))&a=1&x=\#(r(jwt))#k=2&access_token=\#(r("y"))"},"#
                + #""WSS://\#(r("u:w"))@h/?api%5Fkey=\#(r("z"))"]"#),
        Case(
            "other strings with a ? stay",
            Self.frame(.event, #"["a","is it so? token=x","ftp://h/?token=x"]"#, event: "a"),
            #"["a","is it so? token=x","ftp://h/?token=x"]"#),
        Case(
            "free text", Self.frame(nil, "token=abc&x=1; Authorization: Bearer z9 and password: 'a b'", .server),
            "token=\(r("abc"))&x=1; Authorization: \(r("Bearer z9")) and password: '\(r("a b"))'"),
    ]

    @Test("payloads", arguments: cases)
    func payloads(_ test: Case) {
        let redacted = Self.redacted(test.frame)
        #expect(redacted.payload == test.expected)
        #expect((redacted.sizeBytes, redacted.wireBytes) == (999, 1000))
        // Once more changes nothing, but for the types of values.
        #expect(Self.redacted(redacted).payload == test.expected)
    }

    @Test(
        "a namespace keeps its name and loses what does not belong there",
        arguments: [
            ("/admin", "/admin"), ("/admin?token=x", "/admin?token=\(r("x"))"),
            (#"/admin{"token":"x"}"#, "/admin{" + r(#""token":"x"}"#)),
        ])
    func namespaces(_ name: String, _ expected: String) {
        #expect(Self.redacted(Self.frame(.connect, nil, namespace: name)).namespace == expected)
    }

    @Test("the bytes of a MessagePack packet go where something in them was a secret, and stay elsewhere")
    func messagePack() {
        for (payload, stays) in [(#"["a",{"token":"x"}]"#, false), (#"["a",1]"#, true)] {
            var frame = Self.frame(.event, payload, event: "a")
            frame.binary = [1, 2, 3]
            #expect((Self.redacted(frame).binary != nil) == stays)
        }
    }

    @Test(
        "a packet that cannot be read loses what might be data",
        arguments: [
            (#"0/admin{"token":"x"}"#, "0/admin{" + r(#""token":"x"}"#)), (#"2["a",{"token":"x""#, "x"),
            ("7", "7"),
        ])
    func brokenPackets(_ text: String, _ expected: String) {
        let frame = Self.frame(nil, text)
        let redacted = Self.redacted(frame, [Anomaly("socketio.malformed-packet", at: .zero, detail: "d", frameID: 1)])
        if expected == "x" {
            #expect(redacted.payload == #"2["a",{"token":"\#(Self.r("x"))""#)
        } else {
            #expect(redacted.payload == expected)
        }
    }

    @Test(
        "URLs",
        arguments: [
            (
                "/socket.io/?EIO=4&transport=polling&t=Abc&sid=s&token=x",
                "/socket.io/?EIO=4&transport=polling&t=Abc&sid=s&token=\(r("x"))"
            ),
            ("/p?a=%2Fb&c&d=", "/p?a=\(r("/b"))&c&d="), ("/p", "/p"),
            ("http://u:p@h/x?k=v", "http://\(r("u:p"))@h/x?k=\(r("v"))"),
            ("ws://h/@x?j=1&b64=1", "ws://h/@x?j=1&b64=1"),
        ])
    func urls(_ url: String, _ expected: String) {
        #expect(Self.redactor.url(url) == expected)
        var facts = CaptureFacts(kind: .client, source: url)
        Self.redactor.redact(&facts)
        #expect(facts.source == (url.contains("://") ? expected : url))
    }

    @Test("an error page that quotes the request, and an anomaly that quotes a line, do not leak")
    func quotes() {
        var batch = TimelineBatch()
        var exchange = ExchangeFacts(
            id: 1, connectionID: 1, method: "GET", target: "/socket.io/?EIO=4&key=s3cr%20et", requested: .zero)
        exchange.errorBody = "<p>no page /socket.io/?EIO=4&amp;key=s3cr%20et (s3cr et); cookie: id=zzz1</p>"
        exchange.errorMessage = "bad token=s3cr"
        batch.exchanges = [exchange]
        batch.anomalies = [
            Anomaly("hook.bad-line", at: .zero, detail: #"line 3: "at_ns" is "s3cr et"; expected nanoseconds"#),
            Anomaly("hook.bad-line", at: .zero, detail: #"line 4: "session" is missing; expected a text"#),
            Anomaly(
                "websocket.http-inside", at: .zero,
                detail: "HTTP inside the WebSocket where a frame should begin: GET /x?foo=s3cr&EIO=4 HTTP/1.1"),
        ]
        var redactor = Self.redactor
        redactor.redact(&batch)
        let kept = batch.exchanges[0]
        let texts =
            [kept.target, kept.errorBody ?? "", kept.errorMessage ?? ""] + batch.anomalies.map(\.detail)
        for text in texts { #expect(!text.contains("s3cr") && !text.contains("zzz1"), "\(text)") }
        #expect(kept.errorBody?.contains("no page /socket.io/?EIO=4") == true)
        #expect(batch.anomalies[2].detail.contains("?foo=\(Self.r("s3cr"))&EIO=4 HTTP/1.1"))
        #expect(batch.anomalies[0].detail.hasSuffix("; expected nanoseconds"))
        #expect(batch.anomalies[1].detail == #"line 4: "session" is missing; expected a text"#)
    }

    @Test("what is replaced is told, for the captures table")
    func summary() throws {
        let value = try JSONValue(Self.redactor.summary)
        #expect(value.array?.contains(.string("auth")) == true)
        #expect(value.array?.contains(.string("json-key:username")) == true)
    }

    @Test("no text breaks it")
    func anything() {
        var random = SystemRandomNumberGenerator()
        let pieces = [
            "token", "\"", ":", "=", "{", "}", "[", "\\", "?", "&", "%", "%4", "é", "Bearer ", "eyJ", ".", " ", "0",
            "\u{0}",
        ]
        for _ in 0..<3_000 {
            let text = (0..<Int.random(in: 0...24, using: &random)).map { _ in pieces.randomElement(using: &random)! }
                .joined()
            _ = Self.redactor.scrubbed(text, withURLs: true)
            _ = Self.redactor.url(text)
            _ = Self.redacted(Self.frame(.connect, text, namespace: text))
            _ = Self.redacted(
                Self.frame(nil, text), [Anomaly("engineio.malformed-packet", at: .zero, detail: text, frameID: 1)])
        }
    }
}
