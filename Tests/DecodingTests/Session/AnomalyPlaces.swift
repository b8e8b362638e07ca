import Testing
import TimelineModel

/// What each anomaly of a capture must say: on which connection, and at which offset of what.
enum AnomalyPlaces {
    /// Of the file as a whole, or of its clock: there is no one place.
    static let ofTheFile: Set<String> = [
        "capture.clock-step", "capture.time-order", "capture.truncated", "capture.dropped", "capture.no-time",
        "capture.more-notes", "ip.malformed", "ip.fragments-missing", "link.unsupported",
    ]

    /// Those that lack it, as lines.
    static func missing(in anomalies: [Anomaly]) -> [String] {
        anomalies.compactMap { anomaly in
            let code = anomaly.code.text
            // The count of those that were not stored.
            if self.ofTheFile.contains(code) || anomaly.detail.hasSuffix("more of this kind on this connection") {
                return nil
            }
            let isOfFile = code.hasPrefix("capture.")
            let hasOffset = anomaly.detail.contains(#/\bat offset \d+ of /#)
            let hasExpected = anomaly.detail.contains("; expected ")
            if hasOffset, hasExpected, isOfFile || anomaly.connectionID != nil { return nil }
            return "\(code) on connection \(anomaly.connectionID.map { "\($0)" } ?? "none"): \(anomaly.detail)"
        }
    }

    static func check(_ anomalies: [Anomaly]) {
        let missing = self.missing(in: anomalies)
        #expect(missing.isEmpty, "these lack a connection, an offset or what was expected")
    }
}
