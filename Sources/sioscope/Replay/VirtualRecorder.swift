import Decoding
import Recording
import Replay
import ReplayDrivers
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

    private let timeline: RunTimeline
    private let decoder = StreamDecoder(CaptureFacts(kind: .replay, source: "virtual time", tap: .server))
    private var ids: [Int: Int64] = [:]
    private(set) var began: Timestamp?

    /// - Parameter path: the timeline to make or to append to; nil for none.
    init(path: String?, settings: LiveRecording.Settings) throws {
        self.timeline = try RunTimeline(
            path: path, self.decoder.facts, toolVersion: SioscopeCommand.version, settings: settings)
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
        self.decoder.tick(at: at) { self.timeline.recording.submit($0, self.decoder.facts) }
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
        self.decoder.finish { self.timeline.recording.submit($0, self.decoder.facts) }
        return try self.timeline.finish()
    }
}
