import Foundation
import Recording
import Synchronization
import TestSupport
import Timeline

@testable import Taps

private final class Told: Sendable {
    let all = Mutex<[String]>([])
}

/// A proxy that records into a file of its own.
final class ProxyUnderTest {
    private let folder: URL
    private let recording: LiveRecording
    private let tap: ProxyTap
    private var isStopped = false
    private let told = Told()
    let port: Int
    let said: String

    init(to url: String, queueBytes: Int? = nil, change: (inout ProxySettings) -> Void = { _ in }) throws {
        self.folder = FileManager.default.temporaryDirectory.appending(path: "proxy-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: self.folder, withIntermediateDirectories: true)
        var settings = ProxySettings(
            listen: HostPort(host: "127.0.0.1", port: 0), target: try ProxyTarget(url: url))
        change(&settings)
        let told = self.told
        self.tap = try ProxyTap(settings) { line in told.all.withLock { $0.append(line) } }
        if let queueBytes { self.tap.queueBytes = queueBytes }
        self.recording = try LiveRecording(
            path: self.folder.appending(path: "run.db").path, captures: self.tap.captures, toolVersion: "test")
        self.said = try self.tap.start(self.recording) { _ in }
        self.port = self.tap.address?.port ?? 0
    }

    /// Before a server that listens there.
    convenience init(before server: LoopbackSocket, change: (inout ProxySettings) -> Void = { _ in }) throws {
        try self.init(to: "http://127.0.0.1:\(server.port)", change: change)
    }

    /// What it told while it ran.
    var lines: [String] { self.told.all.withLock { $0 } }
    /// And of it at the end.
    var trouble: String? { self.tap.trouble }

    deinit {
        try? self.stop()
        try? FileManager.default.removeItem(at: self.folder)
    }

    func client() throws -> LoopbackSocket { try LoopbackSocket.connected(to: self.port) }

    /// Ends the recording.
    func stop() throws {
        guard !self.isStopped else { return }
        self.isStopped = true
        self.tap.stop()
        try self.recording.finish()
    }

    /// Ends the recording; rows of its timeline, columns joined by a bar.
    func rows(_ sql: String) throws -> [String] {
        try self.stop()
        var rows: [String] = []
        try TimelineReader(path: self.folder.appending(path: "run.db").path).query(sql) { row in
            rows.append(row.map(Self.text).joined(separator: "|"))
        }
        return rows
    }

    private static func text(_ value: TimelineValue) -> String {
        switch value {
        case .null: "NULL"
        case .integer(let number): String(number)
        case .real(let number): String(number)
        case .text(let text): text
        case .blob(let bytes): "\(bytes.count) bytes"
        }
    }
}
