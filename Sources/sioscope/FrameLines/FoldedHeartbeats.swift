import Timeline

/// Where lines of folded heartbeats stand among the frames, and what they say.
///
/// How many heartbeats a line sums up is known at the last of them, and which is the last only when all frames were
/// seen: so they are gone through once before any is printed. Kept are 8 bytes a healthy heartbeat and a summary a line.
struct FoldedHeartbeats {
    /// A line of the output.
    enum Line: Equatable {
        case frame(FrameRow)
        case heartbeats(HeartbeatFolder.Summary)
    }

    private let healthy: HealthyHeartbeats
    /// By the id of the last heartbeat of each.
    private let summaries: [Int64: HeartbeatFolder.Summary]

    /// Folds nothing.
    static let none = FoldedHeartbeats(healthy: HealthyHeartbeats(ids: []), [])

    init(healthy: HealthyHeartbeats, _ summaries: [HeartbeatFolder.Summary]) {
        self.healthy = healthy
        self.summaries = Dictionary(summaries.map { ($0.lastID, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// - Parameter frames: those that are going to be printed.
    init(healthy: HealthyHeartbeats, among frames: FrameStream) throws {
        var summaries: [HeartbeatFolder.Summary] = []
        if !healthy.isEmpty {
            var folder = HeartbeatFolder()
            try frames.forEach(Self.sql) { row in
                let step = HeartbeatFolder.Step(row)
                let isHealthy = step.isHeartbeat && healthy.contains(step.id)
                if let summary = folder.take(step, isHealthy: isHealthy) { summaries.append(summary) }
            }
            summaries += folder.finish()
        }
        self.init(healthy: healthy, summaries)
    }

    /// What is printed for this frame; nil where another line sums it up.
    func line(for frame: FrameRow) -> Line? {
        guard frame.isHeartbeat, self.healthy.contains(frame.id) else { return .frame(frame) }
        return self.summaries[frame.id].map { .heartbeats($0) }
    }

    private static let sql = String(decoding: PackageResources.frames_folding_sql, as: UTF8.self)
}

extension HeartbeatFolder.Step {
    fileprivate var isHeartbeat: Bool { self.kind == .ping || self.kind == .pong }

    /// - Parameter row: with the columns of `frames_folding.sql`, in that order.
    fileprivate init(_ row: [TimelineValue]) {
        let kind: Kind =
            switch row[3].text {
            case "ping": .ping
            case "pong": .pong
            default: row[4].integer == 1 ? .ending : .other
            }
        self.init(id: row[0].integer ?? 0, sessionID: row[1].integer, atNs: row[2].integer ?? 0, kind: kind)
    }
}
