import Synchronization
import TimelineModel

/// Connections of clients that came to nothing: counted, and told, the first time at once and later at most every ten
/// seconds.
final class ClientTrouble: Sendable {
    static let quietNs: Int64 = 10_000_000_000

    private struct State {
        /// Connections of clients.
        var count = 0
        var untold = 0
        var toldAt: Timestamp?
    }

    private let state = Mutex(State())
    private let tell: @Sendable (String) -> Void

    /// What became of such a connection: `got no answer of the server`.
    private let what: String

    /// - Parameter tell: gets a line.
    init(_ what: String, tell: @escaping @Sendable (String) -> Void) {
        self.what = what
        self.tell = tell
    }

    /// - Parameter text: why.
    func note(_ text: String, at now: Timestamp) {
        let more: Int? = self.state.withLock { state in
            state.count += 1
            if let toldAt = state.toldAt, now.nanoseconds(since: toldAt) < Self.quietNs {
                state.untold += 1
                return nil
            }
            defer { (state.untold, state.toldAt) = (0, now) }
            return state.untold
        }
        guard let more else { return }
        let connections = more == 1 ? "connection" : "connections"
        let before = more > 0 ? "; so it was for \(more) more \(connections) since the last such line" : ""
        self.tell("\(text)\(before)")
    }

    /// For a summary; nil where nothing happened.
    var text: String? {
        let count = self.state.withLock { $0.count }
        guard count > 0 else { return nil }
        return "\(count) \(count == 1 ? "connection of a client" : "connections of clients") \(self.what)"
    }
}
