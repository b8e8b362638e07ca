import Foundation
public import Recording
public import TimelineModel

/// The timeline of a live run: judged while it is made, kept where a path is given, else among the temporary files and
/// removed with the end. `finish` or `discard` must be called.
public struct RunTimeline: Sendable {
    public let recording: LiveRecording
    private let isNew: Bool
    private let temporary: URL?

    /// - Parameters:
    ///   - path: the timeline to make or to append to; nil for none.
    ///   - facts: of the run, as a capture.
    public init(
        path: String?, _ facts: CaptureFacts, toolVersion: String, settings: LiveRecording.Settings
    ) throws {
        self.isNew = path.map { !FileManager.default.fileExists(atPath: $0) } ?? true
        var folder: URL?
        if path == nil {
            let made = FileManager.default.temporaryDirectory.appending(path: "sioscope-replay-\(UUID().uuidString)")
            try FileManager.default.createDirectory(
                at: made, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            folder = made
        }
        self.temporary = folder
        do {
            self.recording = try LiveRecording(
                path: path ?? folder?.appending(path: "live.db").path ?? "", captures: [facts],
                toolVersion: toolVersion, settings: settings)
        } catch {
            if let folder { try? FileManager.default.removeItem(at: folder) }
            throw error
        }
    }

    /// Writes and judges all of it, once nothing more is submitted.
    ///
    /// - Returns: what was found, in the order of time, and who sent the frames that errors name.
    public func finish() throws -> (findings: [Finding], senders: [Int64: Sender]) {
        defer { self.removeTemporary() }
        let findings = (try self.recording.finish() ?? []).sorted { $0.at < $1.at }
        let named = Set(findings.lazy.filter { $0.severity == .error }.compactMap(\.frameID))
        return (findings, try self.recording.senders(of: named))
    }

    /// Gives it up: the run could not begin. Instead of `finish`.
    public func discard() {
        self.recording.cancel(isNew: self.isNew)
        self.removeTemporary()
    }

    private func removeTemporary() {
        if let temporary { try? FileManager.default.removeItem(at: temporary) }
    }
}
