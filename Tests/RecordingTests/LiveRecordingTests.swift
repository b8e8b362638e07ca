import Foundation
import Testing
import Timeline
import TimelineModel

@testable import Recording

@Suite("A live recording")
struct LiveRecordingTests {
    let folder: TemporaryFolder
    var path: String { self.folder.file("live.db") }

    init() throws {
        self.folder = try TemporaryFolder()
    }

    private static let front = CaptureFacts(kind: .proxy, source: "front", tap: .proxyFront)
    private static let back = CaptureFacts(kind: .proxy, source: "back", tap: .proxyBack)

    @Test("takes captures side by side, and gives each its own rows back")
    func sideBySide() throws {
        for _ in 0..<2 {
            let recording = try LiveRecording(path: self.path, captures: [Self.front, Self.back], toolVersion: "test")
            for turn in 0..<20 as Range<Int64> {
                let ids = turn * 10 + 1...turn * 10 + 10
                #expect(recording.submit(LiveRows.batch(frames: ids), Self.front, capture: 0))
                #expect(recording.submit(LiveRows.batch(frames: ids), Self.back, capture: 1))
            }
            try recording.finish()
        }
        #expect(try self.folder.integers(self.path, "SELECT beside FROM captures") == [1, 1, 3, 3])
        #expect(try self.folder.integers(self.path, "SELECT count(*) FROM frames") == [800])
        let seen = Seen()
        try TimelineReader(path: self.path).forEachCapture { _ in
            Counter()
        } seen: { capture, counter in
            seen.counts.append((capture.id, counter.ids.count))
            #expect(counter.connections == Set(capture.connections.map(\.id)))
            #expect(counter.ids == counter.ids.sorted())
        }
        #expect(seen.counts.map(\.0) == [1, 2, 3, 4])
        #expect(seen.counts.map(\.1) == [200, 200, 200, 200])
    }

    private final class Seen { var counts: [(Int64, Int)] = [] }

    private struct Counter: CaptureWitness, Sendable {
        var ids: [Int64] = []
        var connections: Set<Int64> = []

        mutating func see(_ frame: Frame) {
            self.ids.append(frame.id)
            self.connections.insert(frame.connectionID)
        }
        mutating func see(_ exchange: ExchangeFacts) {}
        mutating func see(_ anomaly: Anomaly) {}
    }

    @Test("is its owner's alone")
    func mode() throws {
        let recording = try LiveRecording(path: self.path, captures: [Self.front], toolVersion: "test")
        let mode = try FileManager.default.attributesOfItem(atPath: self.path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        try recording.finish()
    }

    @Test("a burst is not lost as a whole where its last rows cannot be stored")
    func burst() throws {
        let recording = try LiveRecording(path: self.path, captures: [Self.front], toolVersion: "test")
        var batch = LiveRows.batch(frames: 1...1_200)
        for index in batch.frames.indices { batch.frames[index].payload = String(repeating: "x", count: 4_096) }
        // Its id is taken.
        batch.frames.append(batch.frames[0])
        recording.submit(batch, Self.front)
        #expect(throws: TimelineError.self) { try recording.finish() }
        let stored = recording.stored
        #expect(stored.frames >= 900 && stored.frames + stored.lostFrames == 1_201)
        #expect(try self.folder.integers(self.path, "SELECT count(*) FROM frames") == [stored.frames])
    }

    @Test("lets the oldest sessions go, with all that is theirs, and stays small")
    func retention() throws {
        var settings = LiveRecording.Settings()
        settings.limits = Retention.Limits(bytes: 1 << 20)
        settings.configuration = nil
        let recording = try LiveRecording(
            path: self.path, captures: [Self.front], toolVersion: "test", settings: settings)
        for session in 1...400 as ClosedRange<Int64> {
            let ids = session * 100 + 1...session * 100 + 100
            recording.submit(LiveRows.batch(frames: ids, session: session, ended: true), Self.front)
        }
        try recording.finish()
        let left = try self.folder.integers(self.path, "SELECT id FROM sessions ORDER BY id")
        #expect(left.last == 400)
        #expect(left.count < 60 && !left.isEmpty)
        #expect(try self.folder.integers(self.path, "SELECT DISTINCT session_id FROM frames ORDER BY 1") == left)
        // A connection goes with the next session that goes after its own end.
        let connections = try self.folder.integers(self.path, "SELECT id FROM connections ORDER BY id")
        #expect(Set(left).isSubset(of: connections) && connections.count <= left.count + 1)
        let used = try self.folder.integers(
            self.path,
            "SELECT (p.page_count - f.freelist_count) * s.page_size "
                + "FROM pragma_page_count AS p, pragma_freelist_count AS f, pragma_page_size AS s")
        #expect(used[0] <= 1 << 20)
        #expect(recording.counts.released == 400 - left.count)
        #expect(recording.stored.sessions == left.count)
        #expect(try self.folder.integers(self.path, "SELECT count(*) FROM frames") == [recording.stored.frames])
        #expect(recording.stored.lostFrames == 0)
    }

    /// What is on the disk: the file and its log.
    private var diskBytes: Int64 {
        ["", "-wal"].reduce(0) { sum, end in
            var status = stat()
            return stat(self.path + end, &status) == 0 ? sum + Int64(status.st_size) : sum
        }
    }

    @Test("stays below its limit on the disk, log included, at any time and at the end")
    func sizeLimit() throws {
        let limit: Int64 = 8 << 20
        var settings = LiveRecording.Settings()
        settings.limits = Retention.Limits(bytes: limit)
        let recording = try LiveRecording(
            path: self.path, captures: [Self.front], toolVersion: "test", settings: settings)
        var largest: Int64 = 0
        // 50 MiB: small sessions among the large, and all in one batch as well as bit by bit.
        for session in 1...160 as ClosedRange<Int64> {
            let parts: Int64 = session % 3 == 0 ? 1 : 10
            let size = 200 / parts
            for part in 0..<parts {
                let first = session * 1_000 + part * size
                recording.submit(
                    LiveRows.batch(
                        frames: first + 1...first + size, session: session, ended: part == parts - 1,
                        payloadBytes: session % 4 == 0 ? 10 : session % 3 == 0 ? 8_000 : 2_000),
                    Self.front)
                largest = max(largest, self.diskBytes)
            }
        }
        try recording.finish()
        #expect(largest > limit / 4)
        #expect(largest <= limit, "\(largest) bytes")
        #expect(self.diskBytes <= limit)
        #expect(recording.stored.sessions > 5)
        #expect(try self.folder.integers(self.path, "SELECT max(id) FROM sessions") == [160])
    }

    @Test("a file that was larger is given back as its sessions go")
    func givesBack() throws {
        let writer = try TimelineWriter(path: self.path, mode: .live, givesBack: true)
        try writer.begin(Self.front, toolVersion: "test")
        for session in 1...20 as ClosedRange<Int64> {
            let ids = session * 1_000 + 1...session * 1_000 + 500
            try writer.write(LiveRows.batch(frames: ids, session: session, ended: true, payloadBytes: 2_000))
        }
        try writer.commit()
        let retention = try Retention(Retention.Limits(bytes: 8 << 20), writer)
        for session in 1...20 as ClosedRange<Int64> {
            let ids = session * 1_000 + 1...session * 1_000 + 500
            retention.note(LiveRows.batch(frames: ids, session: session, ended: true))
        }
        let pages = try self.folder.integers(self.path, "SELECT page_count FROM pragma_page_count")[0]
        while try retention.tidy(now: .now(), while: { true }) { try writer.commit() }
        #expect(pages * 16_384 > 16 << 20)
        #expect(try self.folder.integers(self.path, "SELECT page_count FROM pragma_page_count")[0] * 16_384 < 8 << 20)
        #expect(try self.folder.integers(self.path, "SELECT integrity_check = 'ok' FROM pragma_integrity_check") == [1])
        #expect(retention.count > 5 && retention.count < 20)
        try writer.endCapture(Self.front)
        try writer.finish()
    }
}
