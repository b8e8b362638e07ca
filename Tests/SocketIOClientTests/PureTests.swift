import NIOCore
import NIOWebSocket
import TestSupport
import Testing

@testable import SocketIOClient

@Suite("The client's pure parts")
struct PureTests {
    @Test(
        "URLs are read, and say what is asked for",
        arguments: [
            ("ws://a", "ws://a/socket.io/?EIO=4&transport=websocket"),
            ("http://a:80/", "ws://a/socket.io/?EIO=4&transport=websocket"),
            ("https://a:443", "wss://a/socket.io/?EIO=4&transport=websocket"),
            ("HTTPS://a:8443/x/?y=1#z", "wss://a:8443/x/?y=1&EIO=4&transport=websocket"),
            ("ws://[::1]:7002?t=1", "ws://[::1]:7002/socket.io/?t=1&EIO=4&transport=websocket"),
            (
                "ws://a/socket.io/?EIO=3&transport=polling&EIOx=1",
                "ws://a/socket.io/?EIOx=1&EIO=4&transport=websocket"
            ),
        ])
    func urls(_ text: String, _ expected: String) throws {
        #expect(try SocketIOURL(text).description == expected)
    }

    @Test(
        "what is no URL is refused",
        arguments: [
            ("localhost:3000", .noScheme("localhost:3000")), ("ftp://a", .unknownScheme("ftp://a")),
            ("ws://", .noHost("ws://")), ("ws://:80", .noHost("ws://:80")), ("ws://a:0", .badPort("ws://a:0")),
            ("ws://a:65536", .badPort("ws://a:65536")), ("ws://a:b", .badPort("ws://a:b")),
            ("ws://[::1]x", .badPort("ws://[::1]x")), ("ws://u:p@a", .userInfo),
            ("ws://a/ b", .badCharacter("ws://a/ b", " ")),
            ("ws://a/\r\nX: y", .badCharacter("ws://a/\r\nX: y", "\r")),
            ("ws://a/pä", .badCharacter("ws://a/pä", "ä")),
            ("ws://a?q=\u{7F}", .badCharacter("ws://a?q=\u{7F}", "\u{7F}")),
            ("ws://a b", .badHost("ws://a b", host: "a b")), ("ws://ä:80", .badHost("ws://ä:80", host: "ä")),
            ("ws://[::1", .openBracket("ws://[::1")), ("", .empty),
        ] as [(String, SocketIOURLError)])
    func badURLs(_ text: String, _ error: SocketIOURLError) {
        #expect(throws: error) { try SocketIOURL(text) }
    }

    @Test("a URL that is refused is told with what to write in its place")
    func urlWords() {
        func words(_ text: String) -> String? {
            #expect(throws: SocketIOURLError.self) { try SocketIOURL(text) }?.description
        }
        #expect(
            words("ws://bücher.example")
                == "ws://bücher.example: a host's name is sent in ASCII; write bücher.example in its xn-- form")
        #expect(words("ws://a b") == "ws://a b: a space or control character stands in the host's name")
        #expect(words("ws://[::1") == "ws://[::1: the [ of the address has no ]")
        #expect(words("") == "the URL is empty; write ws://HOST:PORT or wss://HOST:PORT")
        #expect(words("ws://a/pä") == "ws://a/pä: ä cannot stand in it; write it as %C3%A4")
        #expect(words("ws://a/ b") == "ws://a/ b: a space cannot stand in it; write it as %20")
        #expect(words("ws://a/\n") == "ws://a/\n: a control character cannot stand in it; write it as %0A")
    }

    @Test("any text is a URL or an error", arguments: 0..<20)
    func anyURL(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<200 {
            let text = String(decoding: random.mutated(Array("ws://[::1]:80/a/?b=c&d#e".utf8)), as: UTF8.self)
            guard let url = try? SocketIOURL(text) else { continue }
            #expect((try? SocketIOURL(url.description)) == url)
        }
    }

    @Test("delays double, from 1 s to 60 s, and begin anew behind a connection that lasted")
    func delays() {
        var machine = ReconnectMachine()
        func delay(lived seconds: Int64 = 0, random: Double = 1) -> Double? {
            let decision = machine.ended(mayReconnect: true, livedNs: seconds * 1_000_000_000, random: random)
            guard case .retry(let ns) = decision else { return nil }
            return Double(ns) / 1e9
        }
        #expect((0..<8).map { _ in delay() } == [2, 4, 8, 16, 32, 60, 60, 60])
        // The life of a client that is thrown out each 25 s does not count as lasting.
        #expect(delay(lived: 25) == 60)
        #expect(delay(lived: 59) == 60)
        #expect(delay(lived: 60, random: 0) == 1)
        #expect((0..<6).map { _ in delay(random: 0) } == [2, 4, 8, 16, 30, 30])
        #expect(delay(lived: 60, random: 0.5) == 1.5)
        #expect(delay(random: 0.5) == 3)
        for _ in 0..<100 { #expect(delay() != nil) }
        #expect(delay(random: 0) == 30)
        #expect(delay(random: 0.5) == 45)
        #expect(delay(random: .nan) == 60)
        #expect(machine.ended(mayReconnect: false, livedNs: 0, random: 0) == .stop)
    }

    @Test(
        "no delay is shorter than the first or longer than the longest, whatever the policy",
        arguments: [(1, 60, 1), (1, 60, 0), (1, 60, 10), (60, 60, 1), (90, 60, 1), (0, 0, 1), (1, 60, .nan)]
            as [(Int64, Int64, Double)])
    func bounds(_ first: Int64, _ longest: Int64, _ jitter: Double) {
        var policy = ReconnectPolicy()
        (policy.firstDelayNs, policy.longestDelayNs, policy.jitter) = (
            first * 1_000_000_000, longest * 1_000_000_000, jitter
        )
        for random in [0, 0.3, 1] {
            var machine = ReconnectMachine(policy)
            for _ in 0..<12 {
                guard case .retry(let ns) = machine.ended(mayReconnect: true, livedNs: 0, random: random) else {
                    Issue.record("it stops")
                    return
                }
                #expect((min(first, longest) * 1_000_000_000...longest * 1_000_000_000).contains(ns))
            }
        }
        policy.longestDelayNs = .max
        var machine = ReconnectMachine(policy)
        for _ in 0..<2000 { _ = machine.ended(mayReconnect: true, livedNs: 0, random: 1) }
    }

    @Test("attempts can be limited")
    func attempts() {
        var policy = ReconnectPolicy()
        policy.attempts = 2
        var machine = ReconnectMachine(policy)
        let decisions = (0..<3).map { _ in machine.ended(mayReconnect: true, livedNs: 0, random: 1) }
        #expect(decisions == [.retry(afterNs: 2_000_000_000), .retry(afterNs: 4_000_000_000), .stop])
        #expect(machine.ended(mayReconnect: true, livedNs: .max, random: 0) == .retry(afterNs: 1_000_000_000))
    }

    @Test(
        "a frame's cost on the wire", arguments: [(0, 2), (125, 127), (126, 130), (65_535, 65_539), (65_536, 65_546)])
    func wireBytes(_ payload: Int, _ expected: Int) {
        #expect(frameWireBytes(payload: payload, isMasked: false) == expected)
        #expect(frameWireBytes(payload: payload, isMasked: true) == expected + 4)
    }

    @Test("fragments are joined, however a text is cut")
    func assembles() throws {
        let bytes = Array("4ä😀x".utf8)
        for first in 0...bytes.count {
            for second in first...bytes.count {
                var assembler = MessageAssembler(limitBytes: bytes.count)
                let parts = [bytes[..<first], bytes[first..<second], bytes[second...]].map { ByteBuffer(bytes: $0) }
                #expect(try assembler.receive(.text, isLast: false, parts[0], wireBytes: 1) == nil)
                #expect(try assembler.receive(.continuation, isLast: false, parts[1], wireBytes: 2) == nil)
                #expect(
                    try assembler.receive(.continuation, isLast: true, parts[2], wireBytes: 4)
                        == .init(body: .text("4ä😀x"), wireBytes: 7, isFragmented: true))
            }
        }
    }
}
