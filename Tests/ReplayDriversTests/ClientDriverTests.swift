import EngineIO
import Foundation
import Replay
import TestSupport
import Testing
import TimelineModel

@testable import ReplayDrivers

@Suite("A client's driver")
struct ClientDriverTests {
    // MARK: HTTP

    @Test("asks one thing after the other on one connection, and brings cookies back")
    func keepAlive() throws {
        let listener = try LoopbackSocket.listening()
        let client = try ClientUnderTest(
            .requests([
                HTTPRequest(method: "GET", target: "/1"),
                HTTPRequest(method: "POST", target: "/2", headers: [HTTPField("X-A", "b\r\nc")], body: [0x34]),
            ]), port: listener.port)
        let server = try listener.accept()
        #expect(try server.receiveHead() == "GET /1 HTTP/1.1\r\nHost: 127.0.0.1:\(listener.port)\r\n\r\n")
        try server.send(
            "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nSet-Cookie: io=7; Path=/\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\nTrailer: x\r\n\r\n")
        let second = try server.receiveHead()
        #expect(second.hasPrefix("POST /2 HTTP/1.1\r\n"))
        #expect(second.contains("\r\nCookie: io=7\r\n"))
        #expect(second.contains("\r\nContent-Length: 1\r\n"))
        #expect(second.contains("\r\nX-A: bc\r\n"), "a line is not ended from within")
        #expect(try server.receive(exactly: 1) == [0x34])
        try server.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        let bodies = try client.finish().role.events.compactMap { event -> [UInt8]? in
            if case .response(let response, _) = event { response.body } else { nil }
        }
        #expect(bodies == [Array("abc".utf8), Array("ok".utf8)])
    }

    @Test("leaves its event loop alone once that has ended")
    func outlives() async {
        await #expect(processExitsWith: .success) {
            // What is else only grumbled at ends the process.
            setenv("SWIFTNIO_STRICT", "1", 1)
            let thread = DriverThread()
            let client = try ClientDriver(
                ScriptedClientRole { _, _, _ in [] },
                to: ClientTarget(isTLS: false, host: "127.0.0.1", port: 1, authority: "x"), on: thread.loop)
            client.begin()
            _ = client.stop()
            await thread.end()
            withExtendedLifetime(client) {}
        }
    }

    @Test("asks again where a kept connection was closed before any answer, but not on a new one")
    func asksAgain() throws {
        let listener = try LoopbackSocket.listening()
        let client = try ClientUnderTest(
            .requests([HTTPRequest(method: "GET", target: "/1"), HTTPRequest(method: "GET", target: "/2")]),
            port: listener.port)
        let first = try listener.accept()
        _ = try first.receiveHead()
        try first.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        #expect(try first.receiveHead().hasPrefix("GET /2 "))
        first.close()
        let second = try listener.accept()
        #expect(try second.receiveHead().hasPrefix("GET /2 "))
        second.close()
        let events = try client.finish().role.events
        guard case .requestFailed(_, to: 1)? = events.last else {
            Issue.record("\(events)")
            return
        }
        #expect(events.count == 3)
    }

    @Test("takes a body that goes on until the end")
    func untilClose() throws {
        let listener = try LoopbackSocket.listening()
        let client = try ClientUnderTest(
            .requests([HTTPRequest(method: "GET", target: "/")]), port: listener.port)
        let server = try listener.accept()
        _ = try server.receiveHead()
        try server.send("HTTP/1.0 400 Bad Request\r\n\r\nno")
        server.close()
        #expect(
            try client.finish().role.events.last
                == .response(HTTPResponse(status: 400, headers: [], body: Array("no".utf8)), to: 0))
    }

    @Test("gives up a request")
    func abort() throws {
        let listener = try LoopbackSocket.listening()
        let role = ScriptedClientRole { role, event, now in
            switch event {
            case .begin:
                role.deadline = now.advanced(byNs: 50_000_000)
                return [.request(HTTPRequest(method: "GET", target: "/"), as: 0)]
            case .timePassed:
                role.deadline = nil
                role.isFinished = true
                return [.abort(0)]
            default: return []
            }
        }
        let client = try ClientUnderTest(role, port: listener.port)
        let server = try listener.accept()
        _ = try server.receiveHead()
        #expect(try server.receive() == .ended)
        #expect(try client.finish().role.events == [.begin, .timePassed])
    }

    // MARK: WebSocket

    @Test("speaks WebSocket with a server's driver: messages, pings, the close")
    func webSocket() throws {
        let big = EngineIOPacket.Content.text(String(repeating: "ä", count: 100_000))
        let messages: [EngineIOPacket.Content] = [.text("a"), .binary([1, 2]), big]
        let server = try ServerUnderTest(
            ScriptedRole { _, event, _ in
                switch event {
                case .request(_, let number): return [.acceptWebSocket(on: number, deflate: true)]
                case .message(big, let number):
                    return [
                        .sendFragmented(big, pieces: 3, pings: true, on: number),
                        .end(.webSocketClose(code: 1008, reason: "no"), on: number),
                    ]
                case .message(let content, let number): return [.send(content, on: number)]
                default: return []
                }
            })
        let client = try ClientUnderTest(.webSocket(sending: messages), port: server.port)
        let heard = try client.finish().role.events
        #expect(heard.compactMap { if case .message(let content, _) = $0 { content } else { nil } } == messages)
        #expect(heard.filter { if case .control(.ping, _) = $0 { true } else { false } }.count == 2)
        #expect(
            heard.suffix(2) == [.control(.close(code: 1008, reason: "no"), on: 0), .closed(on: 0, wasReset: false)])
        let told = server.stop().role.events
        #expect(told.filter { if case .control(.pong, _) = $0 { true } else { false } }.count == 2)
        #expect(told.contains(.control(.close(code: 1008, reason: ""), on: 0)))
    }

    struct Wrong: Sendable, CustomTestStringConvertible {
        let name: String
        let frames: [RawFrame]
        let code: UInt16
        var testDescription: String { self.name }
    }

    @Test(
        "sends frames as they are, and a server's driver closes with the code for them",
        arguments: [
            Wrong(name: "no mask", frames: [RawFrame(RawFrame.text, [0x36], isMasked: false)], code: 1002),
            Wrong(name: "RSV1", frames: [RawFrame(RawFrame.text, [0x36], reserved: 4)], code: 1002),
            Wrong(name: "opcode", frames: [RawFrame(3)], code: 1002),
            Wrong(name: "long ping", frames: [RawFrame(RawFrame.ping, [UInt8](repeating: 0, count: 126))], code: 1002),
            Wrong(name: "cut ping", frames: [RawFrame(RawFrame.ping, isLast: false)], code: 1002),
            Wrong(name: "UTF-8", frames: [RawFrame(RawFrame.text, [0x36, 0xFF])], code: 1007),
            Wrong(name: "close of 1005", frames: [RawFrame(RawFrame.close, [0x03, 0xED])], code: 1002),
            Wrong(name: "reason", frames: [RawFrame(RawFrame.close, [0x03, 0xE8, 0xFF])], code: 1007),
            Wrong(
                name: "whole message", frames: [RawFrame(RawFrame.text, [0x36]), RawFrame(9, isLast: false)], code: 1002
            ),
        ])
    func frames(_ test: Wrong) throws {
        let server = try ServerUnderTest(
            ScriptedRole { _, event, _ in
                if case .request(_, let number) = event { [.acceptWebSocket(on: number, deflate: false)] } else { [] }
            })
        let client = try ClientUnderTest(
            .webSocket { _, event, _ in
                if case .webSocketOpened = event { [.sendFrames(test.frames, on: 0)] } else { [] }
            }, port: server.port)
        let heard = try client.finish().role.events
        #expect(heard.contains(.control(.close(code: test.code, reason: ""), on: 0)))
        let told = server.stop().role.events
        #expect(told.contains { if case .broken(test.code, _, _) = $0 { true } else { false } })
        let before = test.frames.count - 1
        #expect(told.filter { if case .message = $0 { true } else { false } }.count == before)
    }

    @Test("a close frame of its own making is the close, and what is behind it goes with it")
    func rawClose() throws {
        let listener = try LoopbackSocket.listening()
        let client = try ClientUnderTest(
            .webSocket { _, event, _ in
                guard case .webSocketOpened = event else { return [] }
                let frames = [RawFrame(RawFrame.close, [0x03, 0xE8]), RawFrame(RawFrame.text, [0x36])]
                return [.sendFrames(frames, on: 0), .end(.webSocketClose(code: nil, reason: ""), on: 0)]
            }, port: listener.port)
        let server = try listener.accept()
        try server.acceptWebSocket()
        let bytes = try server.receive(exactly: 8 + 7)
        #expect([bytes[0], bytes[1], bytes[8], bytes[9]] == [0x88, 0x82, 0x81, 0x81])
        try server.send([0x88, 0])
        server.endOutput()
        #expect(try server.receive() == .ended, "no other close frame")
        server.close()
        #expect(try client.finish().role.events.last == .closed(on: 0, wasReset: false))
    }

    @Test("leaves the server's close frame unanswered where it is told to")
    func ignoresClose() throws {
        let listener = try LoopbackSocket.listening()
        let client = try ClientUnderTest(
            .webSocket { _, event, _ in
                switch event {
                case .webSocketOpened: [.ignoreClose(on: 0)]
                case .control(.close, _): [.sendControl(.ping([]), on: 0), .end(.fin, on: 0)]
                default: []
                }
            }, port: listener.port)
        let server = try listener.accept()
        try server.acceptWebSocket()
        try server.send([0x88, 0])
        #expect(try server.receive(exactly: 6).prefix(2) == [0x89, 0x80])
        #expect(try server.receive() == .ended)
        server.close()
        #expect(try client.finish().role.events.last == .closed(on: 0, wasReset: false))
    }

    struct End: Sendable, CustomTestStringConvertible {
        let end: ConnectionEnd
        /// What the server's socket reads: a frame, or nothing; then how it ends.
        let frame: Bool
        let outcome: LoopbackSocket.Outcome
        var testDescription: String { "\(self.end)" }
    }

    @Test(
        "ends a WebSocket in each way",
        arguments: [
            End(end: .webSocketClose(code: 1000, reason: "bye"), frame: true, outcome: .ended),
            End(end: .webSocketClose(code: nil, reason: ""), frame: true, outcome: .ended),
            End(end: .fin, frame: false, outcome: .ended), End(end: .reset, frame: false, outcome: .reset),
        ])
    func ends(_ test: End) throws {
        let listener = try LoopbackSocket.listening()
        let client = try ClientUnderTest(
            .webSocket { _, event, _ in if case .message = event { [.end(test.end, on: 0)] } else { [] } },
            port: listener.port)
        let server = try listener.accept()
        try server.acceptWebSocket()
        try server.send([0x81, 1, 0x61])
        if test.frame {
            let head = try server.receive(exactly: 2)
            #expect(head.first == 0x88)
            _ = try server.receive(exactly: 4 + Int((head.last ?? 0) & 0x7F))
            try server.send([0x88, 0])
            server.endOutput()
        }
        #expect(try server.receive() == test.outcome)
        server.close()
        #expect(try client.finish().role.events.last == .closed(on: 0, wasReset: false))
    }

    @Test("tells a reset from a FIN", arguments: [true, false])
    func serverEnds(_ isReset: Bool) throws {
        let listener = try LoopbackSocket.listening()
        let client = try ClientUnderTest(.webSocket(), port: listener.port)
        let server = try listener.accept()
        try server.acceptWebSocket()
        if isReset { server.reset() } else { server.close() }
        #expect(try client.finish().role.events == [.begin, .webSocketOpened(0), .closed(on: 0, wasReset: isReset)])
    }

    @Test(
        "takes no other answer for a WebSocket",
        arguments: [
            "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno",
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n",
            "nonsense\r\n\r\n", "",
        ])
    func refused(_ answer: String) throws {
        let listener = try LoopbackSocket.listening()
        let client = try ClientUnderTest(.webSocket(), port: listener.port)
        let server = try listener.accept()
        _ = try server.receiveHead()
        try server.send(answer)
        server.endOutput()
        let last = try client.finish().role.events.last
        guard case .webSocketRefused(let response, _, 0)? = last else {
            Issue.record("\(String(describing: last))")
            return
        }
        #expect(response?.status == (answer.contains("403") ? 403 : nil))
    }

    @Test("fails a WebSocket that is none: closes it with the code")
    func broken() throws {
        let listener = try LoopbackSocket.listening()
        let client = try ClientUnderTest(.webSocket(), port: listener.port)
        let server = try listener.accept()
        try server.acceptWebSocket()
        try server.send([0x81, 1, 0xFF])
        let frame = try server.receive(exactly: 8)
        #expect(frame.prefix(2) == [0x88, 0x82])
        #expect(try server.receive() == .ended)
        server.close()
        #expect(try client.finish().role.events.last == .closed(on: 0, wasReset: false))
    }

    // MARK: What is around it

    @Test("says why a server cannot be reached")
    func unreachable() throws {
        let listener = try LoopbackSocket.listening()
        let port = listener.port
        listener.close()
        let stopped = try ClientUnderTest(.webSocket(), port: port).finish()
        #expect(stopped.unreachable == "Connection refused")
    }

    @Test("speaks TLS, and checks the certificate unless it is told not to", arguments: [true, false])
    func tls(_ acceptsAny: Bool) throws {
        let server = try TLSServer(answering: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        defer { server.stop() }
        let client = try ClientUnderTest(
            .requests([HTTPRequest(method: "GET", target: "/")]), port: server.port, isTLS: true,
            acceptsAny: acceptsAny)
        let last = try client.finish().role.events.last
        switch last {
        case .response(let response, to: 0)?:
            #expect(acceptsAny)
            #expect(response.body == Array("ok".utf8))
        case .requestFailed(let reason, to: 0)?:
            #expect(!acceptsAny)
            #expect(reason.contains("CERTIFICATE_VERIFY_FAILED"), "\(reason)")
        default: Issue.record("\(String(describing: last))")
        }
    }

    @Test("ends with the reason where auth cannot be had")
    func auth() throws {
        struct Refusal: Error, CustomStringConvertible { let description = "no token" }
        var settings = ClientDriver<ScriptedClientRole>.Settings()
        settings.auth = { namespace, recorded in
            guard namespace == "/" else { throw Refusal() }
            return recorded
        }
        let client = try ClientUnderTest(
            ScriptedClientRole { _, event, _ in
                switch event {
                case .begin: [.fetchAuth(namespace: "/", recorded: "{}", as: 4)]
                case .auth("{}", for: 4): [.fetchAuth(namespace: "/a", recorded: nil, as: 5)]
                default: []
                }
            }, port: 1, settings: settings)
        #expect(throws: ClientDriverError.auth("no token")) { _ = try client.finish() }
    }
}

extension LoopbackSocket {
    /// Answers a client's handshake.
    func acceptWebSocket() throws {
        let head = try self.receiveHead()
        let key = head.split(separator: "\r\n").first { $0.hasPrefix("Sec-WebSocket-Key: ") }?.dropFirst(19)
        let accept = WebSocketAccept.value(forKey: String(key ?? ""))
        try self.send(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Accept: \(accept)\r\n\r\n")
    }
}
