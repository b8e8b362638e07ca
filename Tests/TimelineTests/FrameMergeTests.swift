import Testing
import TimelineModel

@testable import Timeline

@Suite("Frames of several captures")
struct FrameMergeTests {
    let folder: TemporaryFolder
    let path: String

    init() throws {
        self.folder = try TemporaryFolder()
        self.path = self.folder.file("x.db")
    }

    private func batch(_ times: [Int64]) -> TimelineBatch {
        var batch = TimelineBatch()
        if !times.isEmpty { batch.connections = [Sample.connection(1)] }
        batch.frames = times.enumerated().map { Sample.frame(Int64($0 + 1), session: nil, at: $1, .server, .noop) }
        return batch
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        /// Milliseconds of the frames of each run, in their order.
        let runs: [[Int64]]
        let expected: [Int64]
        var testDescription: String { self.name }
    }

    static let cases: [Case] = [
        .init(name: "none", runs: [], expected: []),
        .init(name: "one", runs: [[1, 2, 3]], expected: [1, 2, 3]),
        .init(name: "the later first", runs: [[10, 11], [1, 2]], expected: [1, 2, 10, 11]),
        .init(
            name: "mixed, one without frames", runs: [[1, 4, 7], [], [2, 5], [3, 6]], expected: [1, 2, 3, 4, 5, 6, 7]),
        // What follows a clock that was set back comes at once: the order within a capture is its own.
        .init(name: "a clock set back", runs: [[5, 2, 8], [3, 6]], expected: [3, 5, 2, 6, 8]),
    ]

    @Test("are merged by time, and keep their own order", arguments: cases)
    func merge(_ c: Case) throws {
        for run in c.runs { try Sample.write(self.batch(run), to: self.path) }
        if c.runs.isEmpty { try Sample.write(to: self.path) }
        let reader = try TimelineReader(path: self.path)
        let ranges = try reader.frameRanges()
        #expect(ranges.map(\.capture) == c.runs.enumerated().filter { !$1.isEmpty }.map { Int64($0.offset + 1) })
        let queries = ranges.map { range in
            let parameters: [String: TimelineValue] = ["first": .integer(range.first), "next": .integer(range.next)]
            return ("SELECT id, at_ns FROM frames WHERE id >= :first AND id < :next ORDER BY id", parameters)
        }
        var times: [Int64] = []
        try reader.merge(queries, by: "at_ns") { _, row in
            guard case .integer(let time) = row[1] else { return false }
            times.append((time - Sample.start) / 1_000_000)
            return true
        }
        #expect(times == c.expected)
    }

    @Test("equal times go by the number of the run, and false ends it")
    func enough() throws {
        try Sample.write(self.batch([1]), to: self.path)
        var runs: [Int] = []
        let queries: [(String, [String: TimelineValue])] = [3, 1, 1, 1].map {
            ("SELECT id, :t AS at_ns FROM frames", ["t": .integer($0)])
        }
        try TimelineReader(path: self.path).merge(queries, by: "at_ns") { run, _ in
            runs.append(run)
            return runs.count < 3
        }
        #expect(runs == [1, 2, 3])
    }

    @Test("those recorded together share their ids, those before and behind them do not")
    func ranges() throws {
        try Sample.write(self.batch([1, 2]), to: self.path)
        let writer = try TimelineWriter(path: self.path, mode: .importing)
        try writer.begin([Sample.capture, Sample.capture], toolVersion: "test")
        for capture in [0, 1] {
            try writer.write(self.batch([3, 4]), capture: capture)
        }
        try writer.endCaptures([Sample.capture, Sample.capture])
        try writer.finish()
        try Sample.write(self.batch([5]), to: self.path)

        let ranges = try TimelineReader(path: self.path).frameRanges()
        #expect(ranges.map(\.capture) == [1, 2, 3, 4])
        #expect(ranges.map(\.isShared) == [false, true, true, false])
        #expect(ranges.map(\.first) == [0, 3, 3, 7])
        #expect(ranges.map(\.next) == [3, 7, 7, .max])
    }

    @Test("in a snapshot nothing is seen of what is written meanwhile")
    func snapshot() throws {
        try Sample.write(self.batch([1, 2]), to: self.path)
        try execute("PRAGMA journal_mode = WAL", on: self.path)
        let reader = try TimelineReader(path: self.path)
        func count() throws -> [TimelineValue] {
            var count: [TimelineValue] = []
            try reader.query("SELECT count(*) FROM frames") { count = $0 }
            return count
        }
        try reader.snapshot {
            #expect(try count() == [.integer(2)])
            try execute("DELETE FROM frames", on: self.path)
            #expect(try count() == [.integer(2)])
            #expect(try reader.frameRanges().count == 1)
        }
        #expect(try count() == [.integer(0)])
    }

    @Test("the earliest comes first", arguments: [1, 2, 3, 8, 100])
    func heap(_ count: Int) {
        var earliest = EarliestFirst()
        // A fixed shuffle: 37 and 101 have no common divisor.
        let starts = (0..<count).map { Int64($0 * 37 % 101) }
        var rows = [Int](repeating: 0, count: count)
        for run in starts.indices { earliest.insert(starts[run], run) }
        var times: [Int64] = []
        while let run = earliest.first {
            times.append(starts[run] + Int64(rows[run]) * 50)
            rows[run] += 1
            earliest.replaceFirst(rows[run] < 2 ? starts[run] + 50 : nil)
        }
        #expect(times.count == 2 * count)
        #expect(times == times.sorted())
    }
}
