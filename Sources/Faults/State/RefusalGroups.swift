import JSONText
import TimelineModel

/// Requests of one kind that one client sent to one server again and again: a loop of retries is one finding.
struct RefusalGroups: Sendable {
    private struct Key: Hashable {
        var client: String
        var server: String
        var path: String
        var kind: String
    }

    struct Group: Sendable {
        let first: ExchangeFacts
        /// The session it belongs to, where it belongs to one.
        var sessionID: Int64? { self.first.sessionID }
        let client: String
        let server: String
        let path: String
        let kind: String
        private(set) var last: Timestamp
        private(set) var count = 1

        init(_ first: ExchangeFacts, client: String, server: String, path: String, kind: String) {
            self.first = first
            self.client = client
            self.server = server
            self.path = path
            self.kind = kind
            self.last = first.requested
        }

        mutating func add(_ exchange: ExchangeFacts) {
            self.count += 1
            self.last = max(self.last, exchange.requested)
        }

        /// When it showed first.
        var at: Timestamp { self.first.responded ?? self.first.requested }

        /// `, 5 times within 20.000 s`; empty for once.
        var times: String {
            guard self.count > 1 else { return "" }
            let span = self.last.nanoseconds(since: self.first.requested)
            return ", \(self.count) times within \(Phrase.duration(span))"
        }

        func evidence(_ members: [(String, JSONValue)] = []) -> Evidence {
            Evidence(
                [
                    ("exchange", .integer(self.first.id)), ("count", .integer(self.count)),
                    ("status", self.first.status.map { .integer($0) } ?? .null),
                ] + members)
        }
    }

    /// Groups beyond so many are not kept: who makes up paths must not fill the memory.
    static let limit = 1024

    /// In the order of their first requests.
    private(set) var all: [Group] = []
    private var indexes: [Key: Int] = [:]

    /// - Parameter kind: what tells groups of the same path apart.
    mutating func add(_ exchange: ExchangeFacts, path: String, kind: String = "", _ capture: CaptureState) {
        let connection = capture.connections[exchange.connectionID]
        let key = Key(
            client: connection?.clientAddress ?? "",
            server: connection.map { "\($0.serverAddress):\($0.serverPort)" } ?? "", path: path, kind: kind)
        if let index = self.indexes[key] {
            self.all[index].add(exchange)
        } else if self.all.count < Self.limit {
            self.indexes[key] = self.all.count
            self.all.append(
                Group(exchange, client: key.client, server: key.server, path: path, kind: kind))
        }
    }
}
