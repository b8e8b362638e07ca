import Foundation
import Recording
import TestSupport
import Timeline

@testable import Taps

/// A proxy that records into a file of its own.
final class ProxyUnderTest {
    private let folder: URL
    private let recording: LiveRecording
    private let tap: ProxyTap
    private var isStopped = false
    let port: Int
    let said: String

    init(to url: String, queueBytes: Int? = nil, change: (inout ProxySettings) -> Void = { _ in }) throws {
        self.folder = FileManager.default.temporaryDirectory.appending(path: "proxy-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: self.folder, withIntermediateDirectories: true)
        var settings = ProxySettings(
            listen: HostPort(host: "127.0.0.1", port: 0), target: try ProxyTarget(url: url))
        change(&settings)
        self.tap = try ProxyTap(settings)
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
