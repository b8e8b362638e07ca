import JSONText
public import TimelineModel

/// Requests of one capture that were refused and made no session, whether or not a rule has a word for them: a server
/// that is down is no fault of a protocol, and still why nobody connects.
///
/// Memory: one entry for each client, server, path and status, 1,024 of them at most; requests beyond are counted.
public struct RefusedRequests: Sendable {
    private struct Key: Hashable {
        var client: String
        var server: String
        var path: String
        var isWebSocket: Bool
        var status: Int
    }

    private struct Group {
        var isWebSocket: Bool
        var path: String
        var status: Int
        var reason: String?
        var count = 0
        /// The first ones.
        var exchanges: [Int64] = []
    }

    /// What no finding is about.
    public struct Unexplained: Equatable, Sendable {
        /// `a request of "/socket.io/"`, or `a request for a WebSocket at` it.
        public var request: String
        public var status: Int
        /// What a proxy said of it; nil where it said nothing that may be quoted.
        public var reason: String?
        public var count: Int
    }

    static let groupLimit = 1_024
    /// A rule names the first request of what it groups, which is among the first of them all.
    private static let keptExchanges = 64
    /// How this program's own proxy begins what it answers in place of a server. Other bodies may hold what they
    /// complain of.
    private static let ownWords = "sioscope proxy: "
    private static let reasonLength = 200

    private let connections: [Int64: ConnectionFacts]
    private var groups: [Group] = []
    private var indexes: [Key: Int] = [:]
    /// All of them.
    public private(set) var count = 0

    /// - Parameter connections: all of the capture's.
    public init(connections: [ConnectionFacts]) {
        self.connections = Dictionary(connections.map { ($0.id, $0) }) { $1 }
    }

    public mutating func see(_ exchange: ExchangeFacts) {
        guard exchange.sessionID == nil, let status = exchange.status, status >= 400 else { return }
        self.count += 1
        let target = RequestTarget(exchange.target)
        let connection = self.connections[exchange.connectionID]
        let key = Key(
            client: connection?.clientAddress ?? "",
            server: connection.map { "\($0.serverAddress):\($0.serverPort)" } ?? "", path: target.path,
            isWebSocket: target.isWebSocket, status: status)
        let index = self.indexes[key] ?? self.groups.count
        if index == self.groups.count {
            guard index < Self.groupLimit else { return }
            self.indexes[key] = index
            self.groups.append(
                Group(
                    isWebSocket: target.isWebSocket, path: target.path, status: status,
                    reason: Self.reason(exchange.errorBody)))
        }
        self.groups[index].count += 1
        if self.groups[index].exchanges.count < Self.keptExchanges { self.groups[index].exchanges.append(exchange.id) }
    }

    /// Those that no finding names, in the order of their first requests; alike ones of different clients as one.
    public func unexplained(by findings: [Finding]) -> [Unexplained] {
        let named = Set(findings.compactMap { (try? JSONValue($0.evidence))?["exchange"]?.integer })
        var all: [Unexplained] = []
        for group in self.groups where !group.exchanges.contains(where: named.contains) {
            let path = Phrase.quoted(group.path, limit: 40)
            let new = Unexplained(
                request: group.isWebSocket ? "a request for a WebSocket at \(path)" : "a request of \(path)",
                status: group.status, reason: group.reason, count: group.count)
            let same = all.firstIndex {
                ($0.request, $0.status, $0.reason) == (new.request, new.status, new.reason)
            }
            if let same { all[same].count += new.count } else { all.append(new) }
        }
        return all
    }

    private static func reason(_ body: String?) -> String? {
        guard let body, body.hasPrefix(self.ownWords) else { return nil }
        let line = body.dropFirst(self.ownWords.count).prefix { !$0.isNewline }
        return line.isEmpty ? nil : String(line.prefix(self.reasonLength))
    }
}
