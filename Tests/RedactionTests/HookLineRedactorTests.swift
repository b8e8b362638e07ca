import Decoding
import HookLog
import Testing
import TimelineModel

@testable import Recording

@Suite("Redaction of hook logs")
struct HookLineRedactorTests {
    private static let redactor = Redactor(RedactionKey([UInt8](repeating: 7, count: 32))!, adding: ["UserName"])

    private static func message(_ text: String, _ sender: Sender = .client) -> HookLine.Event {
        .message(.init(sender: sender, body: .text(text)))
    }

    /// One connection with all that it may say, secrets in capitals.
    private static let events: [HookLine.Event] = [
        .open(.init(url: "ws://ANN:PASS@h:1/socket.io/?EIO=4&transport=websocket&k=URL%20SECRET&x=")),
        message(#"0{"sid":"s","upgrades":[],"pingInterval":25000,"pingTimeout":20000}"#, .server),
        message(#"40{"token":"SECRET","deep":[{"x":"ALSO"}]}"#),
        message(#"40{"sid":"n","pid":"PID"}"#, .server),
        message(#"40/chat,{"a":1}"#),
        message(#"40/chat?token=QUERY,{"a":1}"#),
        message(#"44/chat,{"message":"no","data":{"password":"SECRET"}}"#, .server),
        message(#"42["login",{"user":"ann","password":"SECRET","username":"ANN"}]"#),
        message(#"42/chat,17["token","SECRET",{"_placeholder":true,"num":0}]"#),
        message(#"43/chat,17[{"jwt":"SECRET"}]"#, .server),
        message(#"42["plain","eyJhbGciOi.eyJzdWIiOiI.U0VDUkVU"]"#, .server),
        message(#"42["kept",{"b":[1,2,"plain"]}] "#),
        message(#"451-["up",{"_placeholder":true,"num":0},{"secret":"SECRET"}]"#),
        .message(.init(sender: .client, body: .bytes([1, 2, 3]))),
        message("2", .server), message("3"), message("2probe"),
        // Broken ones.
        message(#"40{"token":"SECRET""#), message(#"42["a",{"password":"SECRET""#), message("4"), message("9word"),
        message(#"{"token":"SECRET"}"#), message("b!"), message("bAQID"), message("password=SECRET"),
        .control(.init(sender: .server, opcode: 9, body: .text("token=SECRET"))),
        .control(.init(sender: .client, opcode: 10, body: .bytes([1, 0xFF]))),
        .close(.init(by: .server, code: 1008, reason: "token: SECRET")),
        .close(
            .init(
                by: .server, code: 1006, end: .fin,
                refusal: .init(status: 401, body: "URL SECRET, URL%20SECRET is not good"))),
    ]

    private static var lines: [HookLine] {
        self.events.enumerated().map { number, event in
            HookLine(
                at: Timestamp(nanoseconds: Int64(number) * 1_000_000), session: "c", transport: .websocket, event: event
            )
        }
    }

    private static func redacted(_ lines: [HookLine]) -> [HookLine] {
        var redactor = HookLineRedactor(Self.redactor)
        return lines.map { line in
            var line = line
            redactor.redact(&line)
            return line
        }
    }

    /// What comes of the lines once they were written and read again.
    private static func rows(_ lines: [HookLine]) -> TimelineBatch {
        let decoder = HookDecoder(CaptureFacts(kind: .client, source: "c", tap: .client))
        var text = ""
        for line in lines { line.write(to: &text) }
        let bytes = Array(text.utf8)
        decoder.receive(bytes.span, client: 0, at: .zero)
        var all = TimelineBatch()
        decoder.finish { all = $0 }
        return all
    }

    @Test("what is read from the log is what the timeline beside it has")
    func same() {
        var expected = Self.rows(Self.lines)
        var redactor = Self.redactor
        redactor.redact(&expected)
        let found = Self.rows(Self.redacted(Self.lines))
        #expect(found.frames.count == Self.events.count - 2)
        for (found, expected) in zip(found.frames, expected.frames) { #expect(found == expected) }
        #expect(found.frames.count == expected.frames.count)
        #expect(found.exchanges == expected.exchanges)
        #expect(found.anomalies.map(\.code) == expected.anomalies.map(\.code))
    }

    @Test("no secret is left in its bytes, and what is none stays")
    func clean() {
        var text = ""
        for line in Self.redacted(Self.lines) { line.write(to: &text) }
        for secret in ["SECRET", "ALSO", "PID", "ANN", "PASS", "U0VDUkVU", "QUERY"] {
            #expect(!text.contains(secret), "\(secret) in \(text)")
        }
        for kept in ["\"plain\\\"", "EIO=4&transport=websocket", "2probe", "AQID", "ann"] {
            #expect(text.contains(kept), "\(kept) in \(text)")
        }
    }

    @Test("a packet of MessagePack that hides a secret goes with its bytes; another stays")
    func messagePack() {
        func line(_ key: String) -> HookLine {
            // {"type":2,"nsp":"/","data":["a",{KEY:"x"}]}
            var bytes: [UInt8] = [0x83, 0xA4] + "type".utf8 + [0x02, 0xA3] + "nsp".utf8 + [0xA1] + "/".utf8
            bytes +=
                [0xA4] + Array("data".utf8) + [0x92, 0xA1] + Array("a".utf8) + [0x81, 0xA0 + UInt8(key.utf8.count)]
            bytes += Array(key.utf8) + [0xA1] + Array("x".utf8)
            let event = HookLine.Event.message(.init(sender: .server, body: .bytes(bytes)))
            return HookLine(at: .zero, session: "c", transport: .websocket, event: event)
        }
        let kept = line("name")
        #expect(Self.redacted([kept]) == [kept])
        guard case .message(let message) = Self.redacted([line("token")])[0].event else {
            Issue.record("it is no message any more")
            return
        }
        #expect(message.body == .unreadable(opcode: 2, reason: "redacted"))
        #expect(message.measure.sizeBytes == 30)
    }
}
