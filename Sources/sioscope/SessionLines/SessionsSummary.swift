import Timeline

/// One line on what a timeline holds, its sessions and what is no session: a row of `sessions_summary.sql`.
struct SessionsSummary: Equatable {
    var captures: Int64
    var sessions: Int64
    var lineages: Int64
    var connections: Int64
    var plainWebSockets: Int64
    var tlsConnections: Int64
    var refusedRequests: Int64
    var anomalies: Int64
    /// `2026-11-23` where all sessions opened on that day (UTC); nil where they did not.
    var day: String?

    init(_ row: [TimelineValue]) {
        let counts = row.map { $0.integer ?? 0 }
        self.captures = counts[0]
        self.sessions = counts[1]
        self.lineages = counts[2]
        self.connections = counts[3]
        self.plainWebSockets = counts[4]
        self.tlsConnections = counts[5]
        self.refusedRequests = counts[6]
        self.anomalies = counts[7]
        if let first = row[8].integer, let last = row[9].integer {
            let day = Measures.day(nanoseconds: first)
            self.day = day == Measures.day(nanoseconds: last) ? day : nil
        }
    }

    var text: String {
        var parts: [String] = []
        if self.sessions == 0 {
            parts.append("no Engine.IO session in \(Self.count(self.connections, "connection"))")
        } else {
            parts.append(
                "\(Self.count(self.sessions, "session")) of \(Self.count(self.lineages, "client"))"
                    + " in \(Self.count(self.captures, "capture"))")
        }
        if self.plainWebSockets > 0 {
            parts.append(
                Self.count(self.plainWebSockets, "plain WebSocket") + " without Engine.IO (query plain-websockets)")
        }
        if self.tlsConnections > 0 {
            parts.append(Self.count(self.tlsConnections, "TLS connection") + ", not decrypted")
        }
        if self.refusedRequests > 0 {
            parts.append(Self.count(self.refusedRequests, "refused request") + " (query refused-handshakes)")
        }
        if self.anomalies > 0 {
            parts.append(
                (self.anomalies == 1 ? "1 anomaly" : "\(self.anomalies) anomalies") + " (query anomalies)")
        }
        return parts.joined(separator: "; ")
    }

    private static func count(_ number: Int64, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }
}
