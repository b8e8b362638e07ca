public import TimelineModel

/// What makes a finding the same one, however much is known of it by now: its numbers grow while a fault lasts, and some
/// grow with every session.
public struct FindingIdentity: Hashable, Sendable {
    private let rule: String
    private let session: Int64?
    private let frame: Int64?
    private let at: Timestamp?

    /// - Parameter lineage: of a session, by its id.
    public init(_ finding: Finding, lineage: (Int64) -> Int64) {
        self.rule = finding.rule
        switch Catalogue.telling(finding.rule) {
        case .oncePerCapture: (self.session, self.frame, self.at) = (nil, nil, nil)
        case .oncePerClient: (self.session, self.frame, self.at) = (finding.sessionID.map(lineage), nil, nil)
        case .atOnce, .atTheEnd:
            (self.session, self.frame, self.at) = (finding.sessionID, finding.frameID, finding.at)
        }
    }
}

/// A finding that was told and does not stand as it was told: what came later has shown that it is none, or a lesser one.
public struct TakenBack: Hashable, Sendable {
    /// As it was told.
    public var finding: Finding
    /// What it is now; nil where nothing of it stands.
    public var now: Severity?

    public init(_ finding: Finding, now: Severity? = nil) {
        (self.finding, self.now) = (finding, now)
    }

    /// - Parameters:
    ///   - told: in their order.
    ///   - final: all that is found in the end.
    ///   - lineage: of a session, by its id.
    public static func all(of told: [Finding], final: [Finding], lineage: (Int64) -> Int64) -> [TakenBack] {
        var standing: [FindingIdentity: Severity] = [:]
        for finding in final {
            let identity = FindingIdentity(finding, lineage: lineage)
            standing[identity] = max(standing[identity] ?? finding.severity, finding.severity)
        }
        return told.compactMap { finding in
            let now = standing[FindingIdentity(finding, lineage: lineage)]
            if let now, now >= finding.severity { return nil }
            return TakenBack(finding, now: now)
        }
    }
}
