/// The named queries of this folder, embedded in the binary: one `.sql` file each.
///
/// A new query is its file and its line here; a test finds a file without one.
public enum Queries {
    /// All of them, by name.
    public static let all: [NamedQuery] = [
        query("ack-latency", PackageResources.ack_latency_sql),
        query("anomalies", PackageResources.anomalies_sql),
        query("before-ends", PackageResources.before_ends_sql),
        query("biggest-messages", PackageResources.biggest_messages_sql),
        query("binary-attachments", PackageResources.binary_attachments_sql),
        query("clients", PackageResources.clients_sql),
        query("close-codes", PackageResources.close_codes_sql),
        query("compression-gain", PackageResources.compression_gain_sql),
        query("connect-errors", PackageResources.connect_errors_sql),
        query("ends-by-class", PackageResources.ends_by_class_sql),
        query("event-counts", PackageResources.event_counts_sql),
        query("heartbeat-latency", PackageResources.heartbeat_latency_sql),
        query("namespaces", PackageResources.namespaces_sql),
        query("never-connected", PackageResources.never_connected_sql),
        query("plain-websockets", PackageResources.plain_websockets_sql),
        query("polling-overhead", PackageResources.polling_overhead_sql),
        query("reconnect-gaps", PackageResources.reconnect_gaps_sql),
        query("refused-handshakes", PackageResources.refused_handshakes_sql),
        query("silent-stretches", PackageResources.silent_stretches_sql),
        query("slow-requests", PackageResources.slow_requests_sql),
        query("slowest-acks", PackageResources.slowest_acks_sql),
        query("traffic-per-minute", PackageResources.traffic_per_minute_sql),
        query("unanswered-acks", PackageResources.unanswered_acks_sql),
        query("unhealthy-heartbeats", PackageResources.unhealthy_heartbeats_sql),
        query("upgrades", PackageResources.upgrades_sql),
        query("who-pings", PackageResources.who_pings_sql),
    ]

    /// The query of that name; `_` is taken for `-`.
    public static func named(_ name: String) -> NamedQuery? {
        let name = name.split(separator: "_", omittingEmptySubsequences: false).joined(separator: "-")
        return self.all.first { $0.name == name }
    }

    private static func query(_ name: String, _ bytes: [UInt8]) -> NamedQuery {
        let sql = String(decoding: bytes, as: UTF8.self)
        // A header that cannot be read is a mistake in a file of ours; the tests read every one.
        guard let header = try? QueryHeader(of: sql), let title = header.title else {
            preconditionFailure("the header of queries/\(name).sql cannot be read")
        }
        return NamedQuery(
            name: name, title: title, parameters: header.parameters, columns: header.columns, sql: sql)
    }
}
