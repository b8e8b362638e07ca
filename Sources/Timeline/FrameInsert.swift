internal import GRDBSQLite
internal import TimelineModel

/// The insertion of frames, what a big import does most: many in a run of one statement, the rest one by one.
final class FrameInsert {
    /// Measured over 1 to 64: a fifth of the time is saved at 8, little more behind 32.
    private static let rows = 32

    private var many: FrameStatement
    private var one: FrameStatement

    init(_ connection: SQLiteConnection) throws(TimelineError) {
        self.many = try FrameStatement(rows: Self.rows, connection)
        self.one = try FrameStatement(rows: 1, connection)
    }

    /// Inserts the frames, in their order, with their ids moved by `shift`; gives SQLite's result code.
    func insert(_ frames: UnsafeBufferPointer<Frame>, _ shift: IDShift) -> Int32 {
        guard let start = frames.baseAddress else { return SQLITE_DONE }
        var done = 0
        while done < frames.count {
            // By pointer: a copy of a frame would retain and release all it refers to.
            let next = start + done
            let held = (0..<min(Self.rows, frames.count - done)).prefix { FrameStatement.holds(next + $0) }.count
            if held == Self.rows {
                let code = self.insertMany(next, shift)
                if code != SQLITE_DONE { return code }
                done += held
                continue
            }
            // Too few for a run, or one among them that is too big for company.
            for index in 0..<min(held + 1, frames.count - done) {
                let code = self.insertOne(next + index, shift)
                if code != SQLITE_DONE { return code }
            }
            done += held + 1
        }
        return SQLITE_DONE
    }

    private func insertOne(_ frame: UnsafePointer<Frame>, _ shift: IDShift) -> Int32 {
        let code = self.one.bind(frame, shift, row: 0)
        return code == SQLITE_OK ? self.one.run() : code
    }

    private func insertMany(_ frames: UnsafePointer<Frame>, _ shift: IDShift) -> Int32 {
        for row in 0..<Self.rows {
            let code = self.many.bind(frames + row, shift, row: row)
            guard code == SQLITE_OK else { return code }
        }
        return self.many.run()
    }
}
