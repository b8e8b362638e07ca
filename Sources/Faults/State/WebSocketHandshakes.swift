import TimelineModel

/// The request that made a connection a WebSocket, and what HTTP came in it afterwards.
struct WebSocketHandshake: Hashable, Sendable {
    var exchange: ExchangeFacts
    /// The status of the HTTP answer that the server wrote where a frame should begin.
    var lateStatus: Int?
    var lateAt: Timestamp?
}

/// By connection; nothing of connections that were already WebSockets when the capture began.
struct WebSocketHandshakes: Sendable {
    private(set) var byConnection: [Int64: WebSocketHandshake] = [:]

    mutating func apply(_ exchange: ExchangeFacts) {
        guard exchange.status == 101 else { return }
        self.byConnection[exchange.connectionID] = WebSocketHandshake(exchange: exchange)
    }

    mutating func apply(_ anomaly: Anomaly) {
        guard anomaly.code == "websocket.http-text", let id = anomaly.connectionID else { return }
        self.byConnection[id]?.lateAt = anomaly.at
        self.byConnection[id]?.lateStatus = Self.status(in: anomaly.detail)
    }

    /// The session whose sid made a connection a WebSocket.
    func session(of connectionID: Int64) -> Int64? { self.byConnection[connectionID]?.exchange.sessionID }

    mutating func keep(_ isKept: (Int64) -> Bool) {
        self.byConnection = self.byConnection.filter { isKept($0.key) }
    }

    /// Those that the server answered a second time, in the order of time.
    var answeredTwice: [WebSocketHandshake] {
        self.byConnection.values.filter { $0.lateAt != nil }
            .sorted { ($0.lateAt ?? .zero, $0.exchange.id) < ($1.lateAt ?? .zero, $1.exchange.id) }
    }

    /// The status code of the status line in a text; nil where there is none.
    private static func status(in text: String) -> Int? {
        let words = text.split(separator: " ")
        guard let version = words.firstIndex(where: { $0.hasPrefix("HTTP/1.") }), version + 1 < words.count else {
            return nil
        }
        return Int(words[version + 1])
    }
}
