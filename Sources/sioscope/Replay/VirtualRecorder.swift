import Decoding
import Foundation
import Recording
import Replay
import TimelineModel

/// Records a run in memory from its bytes, on the caller's thread and by the run's own clock, and has the rules judge
/// it. Where no timeline is wanted, one is made among the temporary files and removed.
struct VirtualRecorder: MemoryWitness {
    /// Frames that are handed over at once.
    private static let batchFrames = 2_000
    /// The ends that connections in memory are said to have.
    private static let address = "127.0.0.1"
    private static let serverPort = 3000
    private static let firstClientPort = 49_152

    private let recording: LiveRecording
    private let decoder = StreamDecoder(CaptureFacts(kind: .replay, source: "virtual time", tap: .server))
    private let temporary: URL?
    private var ids: [Int: Int64] = [:]
    private(set) var began: Timestamp?

    /// - Parameter path: the timeline to make or to append to; nil for none.
    init(path: String?, settings: LiveRecording.Settings) throws {
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
                path: path ?? folder?.appending(path: "live.db").path ?? "", captures: [self.decoder.facts],
                toolVersion: SioscopeCommand.version, settings: settings)
        } catch {
            if let folder { try? FileManager.default.removeItem(at: folder) }
            throw error
        }
    }

    // MARK: The witness

    mutating func opened(_ connection: Int, at: Timestamp) {
        self.began = self.began ?? at
        // The ports that a system gives to clients, one after the other.
        let port = Self.firstClientPort + connection % (65_536 - Self.firstClientPort)
        self.ids[connection] = self.decoder.open(
            ConnectionOpening(
                clientAddress: Self.address, clientPort: port, serverAddress: Self.address,
                serverPort: Self.serverPort, at: at))
    }

    mutating func bytes(_ bytes: [UInt8], of connection: Int, from sender: Sender, at: Timestamp) {
        guard let id = self.ids[connection] else { return }
        self.decoder.receive(id, bytes.span, from: sender, at: at)
        guard self.decoder.readyFrames >= Self.batchFrames else { return }
        self.decoder.tick(at: at) { self.recording.submit($0, self.decoder.facts) }
    }

    mutating func ended(_ connection: Int, by sender: Sender, at: Timestamp) {
        if let id = self.ids[connection] { self.decoder.end(id, by: sender, at: at) }
    }

    mutating func reset(_ connection: Int, by sender: Sender, at: Timestamp) {
        if let id = self.ids.removeValue(forKey: connection) { self.decoder.reset(id, by: sender, at: at) }
    }

    // MARK: The end

    /// Writes and judges all of it; what is open is cut off there. To be called once.
    ///
    /// - Returns: what was found, and who sent the frames that errors name.
    func finish() throws -> (findings: [Finding], senders: [Int64: Sender]) {
        defer {
            if let temporary { try? FileManager.default.removeItem(at: temporary) }
        }
        self.decoder.finish { self.recording.submit($0, self.decoder.facts) }
        let findings = (try self.recording.finish() ?? []).sorted { $0.at < $1.at }
        let named = Set(findings.lazy.filter { $0.severity == .error }.compactMap(\.frameID))
        return (findings, try self.recording.senders(of: named))
    }
}
