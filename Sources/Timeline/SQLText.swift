/// The statements of `SQL/`, one file each, embedded in the binary.
enum SQLText {
    static let beginCapture = text(PackageResources.begin_capture_sql)
    static let deleteFindings = text(PackageResources.delete_findings_sql)
    static let endCapture = text(PackageResources.end_capture_sql)
    static let exchangeFrom = text(PackageResources.exchange_from_sql)
    static let frameFrom = text(PackageResources.frame_from_sql)
    static let highestIDs = text(PackageResources.highest_ids_sql)
    static let insertAnomaly = text(PackageResources.insert_anomaly_sql)
    static let insertFinding = text(PackageResources.insert_finding_sql)
    static let insertFrame = text(PackageResources.insert_frame_sql)
    static let readAnomalies = text(PackageResources.read_anomalies_sql)
    static let readCaptures = text(PackageResources.read_captures_sql)
    static let readConnections = text(PackageResources.read_connections_sql)
    static let readExchanges = text(PackageResources.read_exchanges_sql)
    static let readFrameAnomalies = text(PackageResources.read_frame_anomalies_sql)
    static let readFrames = text(PackageResources.read_frames_sql)
    static let readSessions = text(PackageResources.read_sessions_sql)
    static let writeConnection = text(PackageResources.write_connection_sql)
    static let writeExchange = text(PackageResources.write_exchange_sql)
    static let writeSession = text(PackageResources.write_session_sql)

    static func text(_ bytes: [UInt8]) -> String {
        String(decoding: bytes, as: UTF8.self)
    }
}
