import Timeline

/// Findings as rows of the table `findings`.
enum FindingRows {
    static let columns = [
        "id", "session_id", "frame_id", "rule", "severity", "status", "at_ns", "message", "evidence",
    ]

    static func values(_ numbered: NumberedFinding) -> [TimelineValue] {
        let finding = numbered.finding
        return [
            .integer(numbered.id), finding.sessionID.map { .integer($0) } ?? .null,
            finding.frameID.map { .integer($0) } ?? .null, .text(finding.rule), .text(finding.severity.rawValue),
            .text(finding.status.rawValue), .integer(finding.at.nanoseconds), .text(finding.message),
            .text(finding.evidence),
        ]
    }

    /// One object; `evidence` is an object in it and not a text.
    static func object(_ numbered: NumberedFinding) -> String {
        let pairs = zip(self.columns, self.values(numbered)).map { name, value in
            "\"\(name)\":" + (name == "evidence" ? numbered.finding.evidence : JSONRow.value(value))
        }
        return "{" + pairs.joined(separator: ",") + "}"
    }
}
