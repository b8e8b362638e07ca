/// A row of `findings`: a rule concluded something from frames, exchanges or the facts of sessions.
public struct Finding: Hashable, Sendable {
    /// Nil where it belongs to no session: a refused handshake, a capture as a whole.
    public var sessionID: Int64?
    /// The frame that shows it best.
    public var frameID: Int64?
    /// Id of the rule: a kebab name of the catalogue.
    public var rule: String
    public var severity: Severity
    public var status: FindingStatus
    /// When it showed.
    public var at: Timestamp
    /// One sentence for a person, with the numbers.
    public var message: String
    /// JSON object: `frames` (ids), what was measured and what is allowed.
    public var evidence: String

    public init(
        sessionID: Int64?, frameID: Int64?, rule: String, severity: Severity, status: FindingStatus, at: Timestamp,
        message: String, evidence: String
    ) {
        self.sessionID = sessionID
        self.frameID = frameID
        self.rule = rule
        self.severity = severity
        self.status = status
        self.at = at
        self.message = message
        self.evidence = evidence
    }
}

/// How bad a finding is. `error`: a specification is broken, or a loss is proven.
public enum Severity: String, Hashable, Sendable, CaseIterable, Comparable {
    case note
    case warning
    case error

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    public static func < (a: Severity, b: Severity) -> Bool { a.rank < b.rank }
}

/// Whether what a fault leads to is in the capture.
public enum FindingStatus: String, Hashable, Sendable, CaseIterable {
    /// Its consequence is there: the server closed, the request was refused.
    case confirmed
    /// The fault was seen, and this peer let it pass.
    case latent
}
