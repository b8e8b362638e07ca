public import TimelineModel

/// One fault of the catalogue. A type conforms to one or more of the kinds below, which say what it is shown.
public protocol Rule: Sendable {
    /// What is to be known of the rule; printed by `sioscope rules ID`.
    static var page: RulePage { get }
    /// When its findings are told while a capture is recorded.
    static var telling: Telling { get }
}

/// When a finding is told while a capture is recorded: never before it is certain to stay.
public enum Telling: Sendable {
    /// As soon as it is concluded.
    case atOnce
    /// At its first conclusion; it grows with every further session of the client, or of the capture.
    case oncePerClient
    case oncePerCapture
    /// Only the whole capture shows it.
    case atTheEnd
}

extension Rule {
    public static var telling: Telling { .atOnce }
}

/// Judges one session. It is a value: what it would say if the session ended now can be asked of a copy.
public protocol SessionRule: Rule {
    /// What it is shown; everything else passes it by.
    static var sees: Interest { get }
    /// What `end` says of a session that goes on, judged by what was seen until then, is never taken back: what comes
    /// later has come too late. It is told while the session runs then, else at its end.
    static var tellsAbsences: Bool { get }

    init(_ settings: RuleSettings)

    /// - Parameter session: as the frame met it: what the frame itself changes is not in it yet.
    mutating func see(_ frame: Frame, _ session: SessionState, _ report: inout Report)
    /// Requests of the session, in the order of their first bytes. The answer may lie later than the frames seen so far.
    mutating func see(_ exchange: ExchangeFacts, _ session: SessionState, _ report: inout Report)
    /// Anomalies of the session; those of a frame come behind it.
    mutating func see(_ anomaly: Anomaly, _ session: SessionState, _ report: inout Report)
    /// The session has ended, or the capture has (then `session.facts.completeTail` is false).
    mutating func end(_ session: SessionState, _ report: inout Report)
}

extension SessionRule {
    public static var tellsAbsences: Bool { false }

    public mutating func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {}
    public mutating func see(_ exchange: ExchangeFacts, _ session: SessionState, _ report: inout Report) {}
    public mutating func see(_ anomaly: Anomaly, _ session: SessionState, _ report: inout Report) {}
    public mutating func end(_ session: SessionState, _ report: inout Report) {}
}

/// Judges what the decoder noted, one anomaly at a time.
public protocol AnomalyRule: Rule {
    /// The codes it is shown.
    static var codes: Set<Anomaly.Code> { get }

    init(_ settings: RuleSettings)

    /// - Parameter session: nil for a connection that belongs to no session: a plain WebSocket, a refused handshake.
    func judge(_ anomaly: Anomaly, _ session: SessionState?, _ capture: CaptureState, _ report: inout Report)
}

/// Judges a capture as a whole: handshakes that were refused belong to no session.
public protocol CaptureRule: Rule {
    init(_ settings: RuleSettings)

    /// Every request, in the order of their first bytes.
    mutating func see(_ exchange: ExchangeFacts, _ capture: CaptureState, _ report: inout Report)
    mutating func end(_ capture: CaptureState, _ sessions: [SessionSummary], _ report: inout Report)
}

extension CaptureRule {
    public mutating func see(_ exchange: ExchangeFacts, _ capture: CaptureState, _ report: inout Report) {}
    public mutating func end(_ capture: CaptureState, _ sessions: [SessionSummary], _ report: inout Report) {}
}

/// Judges the sessions of one client, one after the other.
public protocol LineageRule: Rule {
    init(_ settings: RuleSettings)

    /// - Parameter sessions: of one lineage, in the order of their beginnings; at least one.
    func judge(_ sessions: [SessionSummary], _ capture: CaptureState, _ report: inout Report)
}
