import TimelineModel

@testable import Faults

/// A capture judged as it would have been while it was recorded: its rows handed over four times a second of virtual
/// time, facts in the state that they had by then.
struct LiveReplay {
    struct Told {
        var finding: Finding
        /// By the same clock as the rows.
        var at: Timestamp
    }

    private(set) var told: [Told] = []
    private(set) var takenBack: [TakenBack] = []
    /// By session: the last verdict.
    private(set) var settled: [Int64: [Finding]] = [:]

    private static let stepNs: Int64 = 250_000_000

    init(_ contents: CaptureContents, _ configuration: Configuration = Configuration()) {
        var facts = contents.facts
        var live = LiveAnalysis(facts, configuration: configuration)
        var moments = contents.frames.map(\.at) + contents.anomalies.map(\.at) + contents.exchanges.map(\.requested)
        moments += contents.exchanges.compactMap(\.responded) + contents.connections.map(\.opened)
        moments += contents.connections.compactMap(\.closed) + contents.sessions.compactMap(\.ended)
        if let end = facts.ended { moments.append(end) }
        moments.sort()
        var feed = Feed(contents)
        var clock = moments.first ?? .zero
        for moment in moments {
            // What lies in between is silence: its ticks are many and alike, so long ones are taken in bigger steps.
            while clock < moment {
                let left = moment.nanoseconds(since: clock)
                clock = min(moment, clock.later(by: max(Self.stepNs, left / 64)))
                facts.ended = clock
                self.take(live.see(feed.rows(until: clock), facts, at: clock), at: clock)
                self.take(live.tick(at: clock), at: clock)
            }
        }
        facts = contents.facts
        self.take(live.see(feed.rows(until: Timestamp(nanoseconds: .max)), facts, at: clock), at: clock)
        self.take(live.finish(at: clock), at: clock)
    }

    private mutating func take(_ news: [LiveAnalysis.News], at clock: Timestamp) {
        for news in news {
            switch news {
            case .finding(let finding, _): self.told.append(Told(finding: finding, at: clock))
            case .settled(let session, let findings): self.settled[session] = findings
            case .takenBack(let takenBack): self.takenBack.append(takenBack)
            case .released: break
            }
        }
    }

    /// Hands out rows up to a time.
    private struct Feed {
        private var frames: ArraySlice<Frame>
        private var anomalies: ArraySlice<Anomaly>
        private let contents: CaptureContents
        private var until = Timestamp(nanoseconds: .min)

        init(_ contents: CaptureContents) {
            self.contents = contents
            self.frames = contents.frames[...]
            self.anomalies = contents.anomalies.sorted { $0.at < $1.at }[...]
        }

        mutating func rows(until clock: Timestamp) -> TimelineBatch {
            var batch = TimelineBatch()
            let isNews = { [until] (at: Timestamp?) in at.map { $0 > until && $0 <= clock } ?? false }
            while let frame = self.frames.first, frame.at <= clock {
                self.frames.removeFirst()
                batch.frames.append(frame)
            }
            while let anomaly = self.anomalies.first, anomaly.at <= clock {
                self.anomalies.removeFirst()
                batch.anomalies.append(anomaly)
            }
            for var connection in self.contents.connections {
                let isOver = connection.closed.map { $0 <= clock } ?? false
                guard isNews(connection.opened) || isNews(connection.closed) else { continue }
                if !isOver { (connection.closed, connection.closedBy, connection.closeKind) = (nil, nil, nil) }
                batch.connections.append(connection)
            }
            let speaking = Set(batch.frames.compactMap(\.sessionID))
            for var session in self.contents.sessions {
                let hasEnd = session.endClass != .captureEnd && session.ended != nil
                let isOver = hasEnd && session.ended.map { $0 <= clock } ?? false
                guard isNews(session.opened) || speaking.contains(session.id) || hasEnd && isNews(session.ended)
                else { continue }
                if !isOver {
                    (session.ended, session.endClass, session.endedBy) = (nil, nil, nil)
                    (session.closeCode, session.completeTail) = (nil, false)
                }
                batch.sessions.append(session)
            }
            for var exchange in self.contents.exchanges {
                guard isNews(exchange.requested) || isNews(exchange.responded) else { continue }
                if exchange.responded.map({ $0 > clock }) ?? true, exchange.responded != nil {
                    (exchange.responded, exchange.answered, exchange.status) = (nil, nil, nil)
                }
                batch.exchanges.append(exchange)
            }
            self.until = clock
            return batch
        }
    }
}
