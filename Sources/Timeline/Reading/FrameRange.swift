internal import GRDBSQLite

/// The ids that the frames of a capture lie between.
public struct FrameRange: Equatable, Sendable {
    /// Id of the capture.
    public let capture: Int64
    public let first: Int64
    /// Behind the last one.
    public let next: Int64
    /// Frames of captures that were recorded together with it lie there too.
    public let isShared: Bool
}

extension TimelineReader {
    /// Where the frames of each capture are, in the order of recording; captures without connections have none. The
    /// ranges of all leave no id out.
    public func frameRanges() throws -> [FrameRange] {
        try self.withSnapshot { database, path in
            var captures: [(id: Int64, lastConnection: Int64)] = []
            let rows = try RowStatement(database, path: path, SQLText.lastConnections)
            while try rows.next() {
                var row = RowColumns(rows)
                captures.append((row.integer(), row.integer()))
            }
            let beside = try Self.beside(database, path)
            var ranges: [FrameRange] = []
            var first: Int64 = 0
            while ranges.count < captures.count {
                let rest = captures[ranges.count...]
                let group = rest.first.flatMap { beside[$0.id] }
                let count = max(1, rest.prefix { group != nil && beside[$0.id] == group }.count)
                let last = rest.prefix(count).map(\.lastConnection).max() ?? .max
                let next =
                    count == rest.count
                    ? Int64.max
                    : try IDSpan.firstID(
                        behind: last, from: first, in: RowStatement(database, path: path, SQLText.frameFrom, 0))
                ranges += rest.prefix(count).map {
                    FrameRange(capture: $0.id, first: first, next: next, isShared: count > 1)
                }
                first = next
            }
            return ranges
        }
    }

    /// The first of the captures that each was recorded together with; none for those that were recorded alone.
    private static func beside(_ database: OpaquePointer, _ path: String) throws -> [Int64: Int64] {
        guard try Self.hasBeside(database, path) else { return [:] }
        var beside: [Int64: Int64] = [:]
        let rows = try RowStatement(database, path: path, SQLText.readBeside)
        while try rows.next() {
            var row = RowColumns(rows)
            let id = row.integer()
            if let first = row.optionalInteger() { beside[id] = first }
        }
        return beside
    }
}
