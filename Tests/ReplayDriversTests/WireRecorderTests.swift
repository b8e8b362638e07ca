import EngineIO
import Foundation
import Replay
import ReplayDrivers
import Taps
import TestSupport
import Testing
import Timeline
import TimelineModel

@Suite("A live run, recorded")
struct WireRecorderTests {
    /// An Engine.IO 4 server that opens, and joins who asks; closes without a word on a client's ping, as Node does.
    private static let node = ScriptedRole { role, event, _ in
        switch event {
        case .request(_, let number):
            let open = #"0{"sid":"s1","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#
            return [.acceptWebSocket(on: number, deflate: false), .send(.text(open), on: number)]
        case .message(.text("40"), let number): return [.send(.text(#"40{"sid":"a"}"#), on: number)]
        case .message(.text("2"), let number): return [.end(.webSocketClose(code: nil, reason: ""), on: number)]
        case .closed:
            role.isFinished = true
            return []
        default: return []
        }
    }

    private func play(_ witness: WireRecorder, _ clock: SteadyClock) throws -> WireRecorder.Run {
        let server = try ServerUnderTest(Self.node, clock: clock, witness: witness)
        let client = try server.connect()
        try client.upgrade()
        try client.sendFrame("40")
        var last: [UInt8] = []
        while !String(decoding: last, as: UTF8.self).contains("40{"), case .bytes(let more) = try client.receive() {
            last += more
        }
        try client.sendFrame("2")
        // Everything up to the close frame; it is answered as a client does.
        while last.suffix(2) != [0x88, 0], case .bytes(let more) = try client.receive() { last += more }
        try client.sendFrame(0x88, [])
        try server.driver.finished.wait()
        _ = server.stop()
        return try witness.finish()
    }

    @Test("is judged: the client's ping is found, and leaves no file")
    func judged() throws {
        let clock = SteadyClock()
        let before = try FileManager.default.contentsOfDirectory(atPath: FileManager.default.temporaryDirectory.path)
            .filter { $0.hasPrefix("sioscope-replay-") }
        let witness = try WireRecorder(path: nil, source: "test", tap: .server, toolVersion: "0", clock: clock)
        let run = try self.play(witness, clock)
        #expect(run.findings.contains { $0.rule == "eio4-client-ping" && $0.severity == .error })
        #expect(run.began != nil)
        let after = try FileManager.default.contentsOfDirectory(atPath: FileManager.default.temporaryDirectory.path)
            .filter { $0.hasPrefix("sioscope-replay-") }
        #expect(Set(after).isSubset(of: before))
    }

    @Test("is kept where that is wanted")
    func kept() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "wire-\(UUID().uuidString).db").path
        defer { for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) } }
        let clock = SteadyClock()
        let witness = try WireRecorder(path: path, source: "test", tap: .server, toolVersion: "0", clock: clock)
        _ = try self.play(witness, clock)
        var kinds: [String] = []
        let timeline = try TimelineReader(path: path)
        try timeline.query("SELECT kind FROM captures") { if case .text(let kind) = $0[0] { kinds.append(kind) } }
        #expect(kinds == ["replay"])
        var types: [String] = []
        try timeline.query("SELECT eio_type FROM frames WHERE eio_type IS NOT NULL ORDER BY id") {
            if case .text(let type) = $0[0] { types.append(type) }
        }
        #expect(types == ["open", "message", "message", "ping"])
    }

    @Test("that could not begin leaves nothing")
    func discarded() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "wire-\(UUID().uuidString).db").path
        let witness = try WireRecorder(
            path: path, source: "test", tap: .server, toolVersion: "0", clock: SteadyClock())
        witness.discard()
        #expect(!FileManager.default.fileExists(atPath: path))
    }
}
