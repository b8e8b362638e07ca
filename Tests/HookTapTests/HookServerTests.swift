import Foundation
import NIOCore
import Recording
import Testing
import Timeline
import TimelineModel

@testable import Taps

@Suite("Hook socket")
struct HookServerTests {
    // MARK: What is let in

    @Test(
        "the first line of a client",
        arguments: [
            (nil, "{\"v\":1}\nx", .accepted(offset: 0)), (nil, "{\"v\"", .needsMore),
            (nil, "{\"token\":\"a\"}\nx", .accepted(offset: 14)),
            ("ab", "{\"token\":\"ab\"}\nx", .accepted(offset: 15)),
            ("ab", "{\"token\":\"ab\"}", .needsMore),
            ("ab", "{\"token\":\"aB\"}\n", .refused("its token is not the one of --token")),
            ("ab", "{\"token\":\"\"}\n", .refused("its token is not the one of --token")),
            ("ab", "{\"token\":\"abab\"}\n", .refused("its token is not the one of --token")),
            ("ab", "{\"v\":1}\n", .refused("its first line is no {\"token\":\"...\"}")),
            ("ab", "\n", .refused("its first line is no {\"token\":\"...\"}")),
            ("ab", String(repeating: "x", count: 4096), .refused("its first line is no {\"token\":\"...\"}")),
            (nil, String(repeating: "x", count: 4096), .accepted(offset: 0)),
        ] as [(String?, String, HookGreeting.Verdict)])
    func greeting(_ token: String?, _ text: String, _ verdict: HookGreeting.Verdict) {
        #expect(HookGreeting(token: token).judge(Array(text.utf8).span) == verdict)
    }

    @Test(
        "where only this machine can come, and where a flag and a token are asked for",
        arguments: [
            ("127.0.0.1:1", true), ("127.9.9.9:1", true), ("[::1]:1", true), ("unix:/x", true), ("0.0.0.0:1", false),
            ("[::]:1", false), ("192.0.2.1:1", false), ("[::ffff:192.0.2.1]:1", false),
        ])
    func local(_ text: String, _ isLocal: Bool) throws {
        let address = try HookAddress(text)
        #expect(address.isLocal == isLocal)
        #expect(address.description == text)
        func isAllowed(_ token: String?, _ allowed: Bool) -> Bool {
            (try? HookSettings(listen: address, token: token, allowsRemote: allowed).check()) != nil
        }
        #expect(isAllowed(nil, false) == isLocal)
        #expect(isAllowed("t", false) == isLocal)
        #expect(isAllowed(nil, true) == isLocal)
        #expect(isAllowed("t", true))
        #expect(!isAllowed("", true))
    }

    @Test(
        "what is no address", arguments: ["", "unix:", "9000", "host", "unix:/" + String(repeating: "x", count: 107)])
    func noAddress(_ text: String) {
        #expect(throws: TapError.self) { try HookAddress(text) }
    }

    // MARK: With clients

    /// A folder that goes with the test.
    private final class Folder {
        let path = FileManager.default.temporaryDirectory.appending(path: "hooks-\(UUID().uuidString.prefix(8))").path
        init() throws { try FileManager.default.createDirectory(atPath: self.path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: self.path) }
    }

    /// Runs a tap while `body` uses it, and gives the timeline.
    private static func record(
        _ folder: Folder, token: String? = nil, drainTime: TimeAmount = HookTap.drainTime,
        _ body: (String) async throws -> Void
    ) async throws -> TimelineReader {
        let socket = folder.path + "/s"
        let tap = try HookTap(
            HookSettings(listen: HookAddress("unix:\(socket)"), token: token), drainTime: drainTime)
        let recording = try LiveRecording(path: folder.path + "/t.db", captures: tap.captures, toolVersion: "test")
        #expect(try tap.start(recording) { _ in }.hasPrefix("listening for hooks on unix:"))
        try await body(socket)
        tap.stop()
        #expect(!FileManager.default.fileExists(atPath: socket))
        try recording.finish()
        return try TimelineReader(path: folder.path + "/t.db")
    }

    private static func count(_ reader: TimelineReader, _ sql: String) throws -> Int64 {
        var number: Int64 = -1
        try reader.query(sql) { row in if case .integer(let value) = row[0] { number = value } }
        return number
    }

    private static func message(_ text: String) -> String {
        #"{"v":1,"at_ns":5,"session":"s","kind":"message","sender":"client","text":"\#(text)"}"# + "\n"
    }

    @Test("clients with the same names of sessions, one that sends nonsense, one that stalls and one that floods")
    func clients() async throws {
        let folder = try Folder()
        let reader = try await Self.record(folder) { socket in
            let stalled = try Client(socket)
            try stalled.send(#"{"v":1,"#)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<4 {
                    group.addTask {
                        let client = try Client(socket)
                        let lines = String(repeating: Self.message("42[\\\"x\\\"]"), count: number == 0 ? 20_000 : 20)
                        try client.send(lines + (number == 1 ? "nonsense\n" : "") + Self.message("2"))
                        client.finish()
                    }
                }
                try await group.waitForAll()
            }
            stalled.finish()
        }
        #expect(try Self.count(reader, "SELECT count(*) FROM frames WHERE event = 'x'") == 20_060)
        #expect(try Self.count(reader, "SELECT count(*) FROM sessions") == 4)
        #expect(try Self.count(reader, "SELECT count(*) FROM connections") == 4)
        #expect(try Self.count(reader, "SELECT count(*) FROM anomalies WHERE code = 'hook.bad-line'") == 2)
        #expect(
            try Self.count(reader, "SELECT count(*) FROM anomalies WHERE detail LIKE 'client %, line 21: no JSON%'")
                == 1)
    }

    @Test("a client without the token is cut off, and nothing of it is kept")
    func token() async throws {
        let folder = try Folder()
        let reader = try await Self.record(folder, token: "secret") { socket in
            for greeting in ["{\"token\":\"wrong\"}\n", ""] {
                let client = try Client(socket)
                // It may be cut off while it still writes.
                try? client.send(greeting + Self.message("2"))
                client.finish()
            }
            let client = try Client(socket)
            try client.send("{\"token\":\"secret\"}\n" + Self.message("2"))
            client.finish()
        }
        #expect(try Self.count(reader, "SELECT count(*) FROM frames") == 1)
        #expect(try Self.count(reader, "SELECT count(*) FROM anomalies WHERE code = 'hook.refused-client'") == 2)
        #expect(try Self.count(reader, "SELECT count(*) FROM anomalies WHERE detail LIKE '%secret%'") == 0)
    }

    // MARK: The end

    /// More than is read at once and less than the kernel takes from a client that nobody reads.
    private static let sentLines = 1_000

    @Test("the end takes what was sent before it, of connections too that wait to be accepted", arguments: [nil, "t"])
    func end(_ token: String?) async throws {
        let folder = try Folder()
        var clients: [Client] = []
        let lines = String(repeating: Self.message("2"), count: Self.sentLines)
        // No bound: a slow machine may take its time.
        let reader = try await Self.record(folder, token: token, drainTime: .hours(1)) { socket in
            for _ in 0..<40 {
                let client = try Client(socket)
                try client.send((token.map { "{\"token\":\"\($0)\"}\n" } ?? "") + lines)
                clients.append(client)
            }
            // Says nothing, and does not hold up the end.
            clients.append(try Client(socket))
        }
        #expect(try Self.count(reader, "SELECT count(*) FROM frames") == Int64(40 * Self.sentLines))
        #expect(try Self.count(reader, "SELECT count(*) FROM anomalies") == 0)
        withExtendedLifetime(clients) {}
    }

    @Test("a client that never stops sending does not keep the end from coming")
    func endlessClient() async throws {
        let folder = try Folder()
        let (cut, isCut) = AsyncStream.makeStream(of: Void.self)
        let reader = try await Self.record(folder, drainTime: .milliseconds(100)) { socket in
            let client = try Client(socket)
            let lines = String(repeating: Self.message("2"), count: 100)
            try client.send(lines)
            Thread {
                while (try? client.send(lines)) != nil {}
                isCut.finish()
            }.start()
        }
        for await _ in cut {}
        #expect(try Self.count(reader, "SELECT count(*) FROM frames") > 0)
    }

    @Test("the file of a socket: a stale one is replaced, one in use and any other file are not")
    func socketFile() async throws {
        let folder = try Folder()
        let path = folder.path + "/s"
        _ = try await Self.record(folder) { socket in
            let mode = try FileManager.default.attributesOfItem(atPath: socket)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            let error = #expect(throws: TapError.self) { try HookSocketFile(socket) }
            #expect(error?.description.contains("in use") == true)
        }
        try Client.leaveStale(path)
        _ = try await Self.record(folder) { socket in
            let client = try Client(socket)
            client.finish()
        }
        try Data("text".utf8).write(to: URL(filePath: path))
        let error = #expect(throws: TapError.self) { try HookSocketFile(path) }
        #expect(error?.description.contains("no socket") == true)
        #expect(FileManager.default.fileExists(atPath: path))
    }
}
