import Replay
import TimelineModel

/// A play and a client, without sockets, in time that passes at once.
enum PlayInMemory {
    /// - Returns: the play at its end; where nobody has anything to wait for any more, as it is then.
    static func run(_ scenario: Scenario, _ misdeed: ContractClient.Misdeed? = nil) -> ConformancePlay {
        var play = ConformancePlay(scenario)
        var client = ContractClient(scenario, misdeed)
        var now = Timestamp(nanoseconds: 1_000_000_000)
        var events = client.start(at: now)
        for _ in 0..<100_000 where !play.isFinished {
            if events.isEmpty {
                guard let due = [play.deadline, client.deadline].compactMap({ $0 }).min() else { break }
                now = max(now, due)
                events = client.timePassed(at: now) + [.timePassed]
            }
            let actions = play.handle(events.removeFirst(), at: now)
            now = now.advanced(byNs: 100_000)
            for action in actions { events += client.handle(action, at: now) }
        }
        return play
    }
}
