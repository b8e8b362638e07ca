import Foundation
import HookLog
import Testing
import TimelineModel

/// `sioscope record hook` on a unix socket, and a hook that writes to it.
final class RecordingUnderTest {
    let folder: URL
    let program: RunningProgram
    private let hook: HookSocket

    var timeline: String { self.folder.appendingPathComponent("t.db").path }

    /// - Parameters:
    ///   - prepare: gets the folder before the recording begins; `t.db` in it is the timeline.
    ///   - command: another program to run the recording through; `FOLDER` in it stands for the folder.
    ///   - place: of the timeline, likewise.
    init(
        _ arguments: [String] = [], through command: [String] = [], place: String = "FOLDER/t.db",
        prepare: (URL) throws -> Void = { _ in }
    ) throws {
        // A socket's path may have 107 bytes.
        self.folder = FileManager.default.temporaryDirectory.appendingPathComponent("r-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: self.folder, withIntermediateDirectories: true)
        try prepare(self.folder)
        let folder = self.folder.path
        let socket = folder + "/s"
        self.program = try RunningProgram(
            [
                "record", "hook", "--listen", "unix:\(socket)", "-o",
                place.replacingOccurrences(of: "FOLDER", with: folder),
            ]
                + arguments,
            through: command.map { $0.replacingOccurrences(of: "FOLDER", with: folder) })
        try self.program.waits(for: "listening for hooks on unix:")
        self.hook = try HookSocket(socket)
    }

    deinit { try? FileManager.default.removeItem(at: self.folder) }

    // MARK: What the hook writes

    func send(_ events: [HookLine.Event], session: String = "one", at: Timestamp = .now()) throws {
        var text = ""
        for event in events {
            HookLine(at: at, session: session, transport: nil, event: event).write(to: &text)
        }
        try self.hook.send(text)
    }

    /// A session begins: Engine.IO 4 over a WebSocket, connected to "/".
    func begin(
        _ session: String = "one", pingIntervalMs: Int = 25_000, pingTimeoutMs: Int = 20_000, query: String = "",
        auth: String = ""
    ) throws {
        let open =
            #"0{"sid":"\#(session)","upgrades":[],"pingInterval":\#(pingIntervalMs),"#
            + #""pingTimeout":\#(pingTimeoutMs),"maxPayload":1000000}"#
        try self.send(
            [
                .open(.init(url: "ws://127.0.0.1:9/socket.io/?EIO=4&transport=websocket\(query)")),
                Self.server(open), Self.client("40\(auth)"), Self.server(#"40{"sid":"\#(session)-nsp"}"#),
            ], session: session)
    }

    static func client(_ text: String) -> HookLine.Event { .message(.init(sender: .client, body: .text(text))) }
    static func server(_ text: String) -> HookLine.Event { .message(.init(sender: .server, body: .text(text))) }

    // MARK: What others read meanwhile

    /// The first column of each row, as another process reads it.
    static func rows(_ timeline: String, _ sql: String) throws -> [String] {
        let outcome = try CommandTests.run(["query", timeline, "--format", "csv", "--sql", sql])
        try #require(outcome.status == 0, "\(outcome.talk)")
        return outcome.output.split(separator: "\r\n").dropFirst().map(String.init)
    }

    func rows(_ sql: String) throws -> [String] { try Self.rows(self.timeline, sql) }

    /// Asks until the rows are these; false where they never are.
    func becomes(_ rows: [String], _ sql: String) throws -> Bool {
        let limit = Date(timeIntervalSinceNow: RunningProgram.patience)
        while try self.rows(sql) != rows { if Date() > limit { return false } }
        return true
    }

    var lastLine: String { self.program.lines(.talk).last ?? "" }
}

/// A hook's end of a unix socket.
private final class HookSocket {
    private let descriptor: Int32

    init(_ path: String) throws {
        self.descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(self.descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw RunningProgram.Gone(description: String(cString: strerror(errno))) }
    }

    deinit { close(self.descriptor) }

    func send(_ text: String) throws {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes {
                Foundation.send(self.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw RunningProgram.Gone(description: String(cString: strerror(errno))) }
            bytes = bytes.dropFirst(count)
        }
    }
}
