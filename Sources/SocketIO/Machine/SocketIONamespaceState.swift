import TimelineModel

/// Where a client stands with one namespace.
enum SocketIONamespaceState: Sendable {
    /// CONNECT was sent. What came early is handed out once the server accepts.
    case connecting(until: Timestamp, early: [SocketIOIncomingEvent])
    /// The user has changed his mind; the server is told once it has answered.
    case leaving(until: Timestamp)
    case connected
}

/// The acks that a client waits for in one namespace.
struct PendingAcks: Sendable {
    private struct Pending: Sendable {
        var token: UInt64
        var until: Timestamp?
    }

    /// Of the next ack that is asked for.
    private(set) var nextID: Int64 = 0
    private var pending: [Int64: Pending] = [:]
    /// By token, so that giving one up costs the same however many there are.
    private var ids: [UInt64: Int64] = [:]

    var count: Int { self.pending.count }

    var deadline: Timestamp? { self.pending.values.lazy.compactMap(\.until).min() }

    /// Under `nextID`.
    mutating func ask(token: UInt64, until: Timestamp?) {
        self.pending[self.nextID] = Pending(token: token, until: until)
        self.ids[token] = self.nextID
        self.nextID += 1
    }

    /// The token of an ack; nil where nobody waits for it.
    mutating func answer(_ id: Int64) -> UInt64? {
        guard let token = self.pending.removeValue(forKey: id)?.token else { return nil }
        self.ids[token] = nil
        return token
    }

    mutating func forget(token: UInt64) {
        if let id = self.ids.removeValue(forKey: token) { self.pending[id] = nil }
    }

    mutating func expire(at now: Timestamp) -> [SocketIOClientMachine.Action] {
        let late = self.pending.filter { $0.value.until.map { $0 <= now } ?? false }.keys.sorted()
        return late.compactMap { self.answer($0) }.map { .ackFailed(token: $0, .timedOut) }
    }

    func failures(_ failure: SocketIOAckFailure) -> [SocketIOClientMachine.Action] {
        self.pending.sorted { $0.key < $1.key }.map { .ackFailed(token: $0.value.token, failure) }
    }
}
