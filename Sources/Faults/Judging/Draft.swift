public import TimelineModel

/// A finding before it is known what came of it.
struct Draft {
    var rule: String
    var severity: Severity
    var sessionID: Int64?
    var frameID: Int64?
    var at: Timestamp
    var message: String
    var evidence: Evidence
    var consequence: Consequence
    /// What the capture must hold without a hole for the finding to stand.
    var span: ClosedRange<Timestamp>?
    /// It rests on a measured time: a clock that stepped in its span voids it, a host that slept excuses it.
    var isTimed: Bool
    var demotion: Demotion?
}

/// What a fault leads to, and whether the capture shows it.
public enum Consequence: Hashable, Sendable {
    /// The finding is itself the consequence: confirmed.
    case shown
    /// None is predicted, or it did not come: latent.
    case none
    /// The session ends by this side (by any where it is nil) within a time after the finding; nil stands for
    /// max(1 s, 3 round trips).
    case end(by: Sender?, withinNs: Int64? = nil)
}

/// Why a finding counts as a note and not as what its rule says. Source of all four: design of the catalogue.
public enum Demotion: String, Hashable, Sendable {
    /// TCP had to send it again: the network was late, not the peer.
    case retransmission
    /// A big message went before it in the same direction: a slow link.
    case bulkData = "bulk-data"
    /// The client's host slept: nothing on it could answer.
    case suspendedHost = "suspended-host"
    /// The clock of the tap stepped within the measured time, which therefore says nothing.
    case clockStep = "clock-step"

    var phrase: String {
        switch self {
        case .retransmission: "demoted: TCP had to retransmit it"
        case .bulkData: "demoted: a big message was on its way before it"
        case .suspendedHost: "demoted: the client's host was suspended"
        case .clockStep: "demoted: the tap's clock stepped meanwhile"
        }
    }
}
