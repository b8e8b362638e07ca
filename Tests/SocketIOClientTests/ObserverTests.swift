import Foundation
import HookLog
import NIOCore
import SocketIO
import Synchronization
import TestSupport
import Testing
import TimelineModel

@testable import SocketIOClient

private final class Recorder: TrafficObserver {
    let seen = Mutex<[Traffic]>([])

    func observe(_ traffic: Traffic) {
        self.seen.withLock { $0.append(traffic) }
    }
}

@Suite("Observers", .timeLimit(.minutes(10)))
struct ObserverTests {
    /// One connection: an event each way, a WebSocket ping, an end by the server.
    private func play(_ observer: any TrafficObserver) async throws -> TestServer {
        let server = try await TestServer { socket in
            await socket.join()
            await socket.write(.ping, ByteBuffer(string: "p"))
            await socket.write(.text, ByteBuffer(string: "42[\"e"), fin: false)
            await socket.write(.continuation, ByteBuffer(string: "\"]"))
            _ = await socket.next()
            await socket.close(1001, "away")
            _ = await socket.rest()
        }
        var configuration = SocketIOConfiguration()
        configuration.observer = observer
        let client = try SocketIOClient(server.url, configuration)
        let root = try client.namespace()
        root.on("e") { _ in try? await root.emit("f", .binary([7])) }
        #expect(await client.connect() == .closedByServer(code: 1001, reason: "away"))
        await server.stop()
        return server
    }

    @Test("see everything that crosses the wire, in its order, by two clocks")
    func seesAll() async throws {
        let recorder = Recorder()
        let server = try await self.play(recorder)
        let seen = recorder.seen.withLock { $0 }
        let words = seen.map { traffic in
            switch traffic.event {
            case .opening(let opening): "opening \(opening.url)"
            case .message(let message):
                switch message.body {
                case .text(let text): "\(message.sender) \(text.prefix(3)) \(message.isFragmented)"
                case .binary(let bytes): "\(message.sender) \(bytes)"
                case .brokenText: "broken"
                }
            case .control(let control): "\(control.sender) \(control.opcode) \(control.data) \(control.wireBytes)"
            case .close(let by, let code, _, let wireBytes): "\(by) close \(code ?? 0) \(wireBytes)"
            case .violation(let violation, _): "violation \(violation)"
            case .error(let text): "error \(text)"
            case .ended(let how, let by, _): "ended \(how) \(by.map(\.rawValue) ?? "")"
            }
        }
        let url = "ws://127.0.0.1:\(server.port)/socket.io/?EIO=4&transport=websocket"
        #expect(
            words == [
                "opening \(url)", "server 0{\" false", "client 40 false", "server 40{ false",
                "server 9 [112] 3", "client 10 [112] 7", "server 42[ true", "client 451 false", "client [7]",
                "server close 1001 8", "client close 1001 8", "ended fin server",
            ])
        #expect(Set(seen.map(\.connection)).count == 1)
        #expect(zip(seen, seen.dropFirst()).allSatisfy { $0.monotonicNs <= $1.monotonicNs })
        #expect(seen.allSatisfy { abs(Double($0.at.nanoseconds) / 1e9 - Date().timeIntervalSince1970) < 60 })
    }

    @Test("a hook log has a line for each, and reads back")
    func hookLog() async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "hooks-\(UUID().uuidString).jsonl")
        defer { try? FileManager.default.removeItem(at: path) }
        let observer = try HookLogObserver(to: path.path)
        _ = try await self.play(observer)
        observer.close()
        #expect(observer.dropped == 0)
        let lines = try String(contentsOf: path, encoding: .utf8).split(separator: "\n").map {
            try HookLine(Array($0.utf8).span)
        }
        #expect(lines.count == 12)
        #expect(Set(lines.map(\.session)).count == 1)
        guard case .open(let open) = lines.first?.event else {
            Issue.record("the first line is no open")
            return
        }
        #expect(open.url?.hasSuffix("/socket.io/?EIO=4&transport=websocket") == true)
        #expect(open.clientAddress == "127.0.0.1")
        #expect(
            lines[9].event
                == .close(.init(by: .server, code: 1001, reason: "away", measure: .init(wireBytes: 8))))
        let mode = try FileManager.default.attributesOfItem(atPath: path.path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }

    @Test("a reader that takes nothing costs lines, not time")
    func fullSink() throws {
        // As the first socket of any client does; here there may not have been one.
        signal(SIGPIPE, SIG_IGN)
        var ends: [Int32] = [-1, -1]
        #expect(pipe(&ends) == 0)
        // Bigger than what a pipe holds and the sink together.
        let sink = LineSink(descriptor: ends[1], limitBytes: 1 << 16)
        let line = String(repeating: "x", count: 1 << 12)
        for _ in 0..<200 { sink.push(line) }
        #expect(sink.dropped > 0)
        #expect(sink.dropped < 200)
        close(ends[0])
        sink.close()
    }

    @Test("what cannot be opened is named with its reason")
    func badTarget() {
        let error = #expect(throws: HookLogSinkError.self) { try HookLogObserver(to: "/nonexistent/folder/log") }
        #expect(error?.description == "hook log /nonexistent/folder/log: No such file or directory")
    }
}
