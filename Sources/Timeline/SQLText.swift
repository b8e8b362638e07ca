/// The statements of `SQL/`, one file each, embedded in the binary.
enum SQLText {
    static let beginCapture = text(PackageResources.begin_capture_sql)
    static let endCapture = text(PackageResources.end_capture_sql)
    static let highestIDs = text(PackageResources.highest_ids_sql)
    static let insertAnomaly = text(PackageResources.insert_anomaly_sql)
    static let insertFrame = text(PackageResources.insert_frame_sql)
    static let writeConnection = text(PackageResources.write_connection_sql)
    static let writeExchange = text(PackageResources.write_exchange_sql)
    static let writeSession = text(PackageResources.write_session_sql)

    static func text(_ bytes: [UInt8]) -> String {
        String(decoding: bytes, as: UTF8.self)
    }
}
