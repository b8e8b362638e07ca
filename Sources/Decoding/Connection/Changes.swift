import TimelineModel

/// A connection that may change until it is finished, when its last row is written.
protocol OpenConnection: AnyObject {
    /// It waits among `Changes`.
    var isChanged: Bool { get set }
    /// As it is now; nil while it has no row yet, and once its last one is written.
    func currentFacts() -> ConnectionFacts?
    /// Requests without the end of their answer.
    func openExchanges() -> [ExchangeFacts]
}

/// What changed since it was written last, for a timeline that grows while its connections live.
final class Changes {
    private var sessions: [SessionLane] = []
    private var connections: [any OpenConnection] = []

    func add(_ session: SessionLane) {
        guard !session.isChanged else { return }
        session.isChanged = true
        self.sessions.append(session)
    }

    func add(_ connection: any OpenConnection) {
        guard !connection.isChanged else { return }
        connection.isChanged = true
        self.connections.append(connection)
    }

    /// Writes the newest state of all that changed.
    func write(to log: TimelineLog, _ table: SessionTable) {
        for connection in self.connections {
            connection.isChanged = false
            guard let facts = connection.currentFacts() else { continue }
            log.add(facts)
            for exchange in connection.openExchanges() { log.add(exchange) }
        }
        self.connections.removeAll(keepingCapacity: true)
        for session in self.sessions {
            session.isChanged = false
            if session.isForgotten { table.takeBack(session) }
            log.add(session.current())
        }
        self.sessions.removeAll(keepingCapacity: true)
    }
}
