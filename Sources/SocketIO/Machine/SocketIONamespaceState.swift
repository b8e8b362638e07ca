import TimelineModel

/// Where a client stands with one namespace.
enum SocketIONamespaceState: Sendable {
    /// CONNECT was sent. What came early is handed out once the server accepts.
    case connecting(until: Timestamp, early: [SocketIOIncomingEvent])
    /// The user has changed his mind; the server is told once it has answered.
    case leaving(until: Timestamp)
    case connected(PendingAcks)

    func ackFailures(_ failure: SocketIOAckFailure) -> [SocketIOClientMachine.Action] {
        if case .connected(let acks) = self { acks.failures(failure) } else { [] }
    }
}

/// The acks that a client waits for in one namespace.
struct PendingAcks: Sendable {
    private struct Pending: Sendable {
        var token: UInt64
        var until: Timestamp?
    }

    private var nextID: Int64 = 0
    private var pending: [Int64: Pending] = [:]

    var count: Int { self.pending.count }

    var deadline: Timestamp? { self.pending.values.lazy.compactMap(\.until).min() }

    /// The id under which the ack is asked for.
    mutating func ask(token: UInt64, until: Timestamp?) -> Int64 {
        let id = self.nextID
        self.nextID += 1
        self.pending[id] = Pending(token: token, until: until)
        return id
    }

    /// The token of an ack; nil where nobody waits for it.
    mutating func answer(_ id: Int64) -> UInt64? {
        self.pending.removeValue(forKey: id)?.token
    }

    mutating func forget(token: UInt64) {
        self.pending = self.pending.filter { $0.value.token != token }
    }

    mutating func expire(at now: Timestamp) -> [SocketIOClientMachine.Action] {
        let late = self.pending.filter { $0.value.until.map { $0 <= now } ?? false }.sorted { $0.key < $1.key }
        for (id, _) in late { self.pending[id] = nil }
        return late.map { .ackFailed(token: $0.value.token, .timedOut) }
    }

    func failures(_ failure: SocketIOAckFailure) -> [SocketIOClientMachine.Action] {
        self.pending.sorted { $0.key < $1.key }.map { .ackFailed(token: $0.value.token, failure) }
    }
}
