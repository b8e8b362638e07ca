import Faults
import TimelineModel

/// Who has to mend what a rule found in a live run. A played side breaks what the recording broke: that is no fault of
/// the side under test.
enum Blame: Equatable {
    /// The side under test, whatever the recording has: a client's own ping is a fault even there.
    case tested
    /// The side under test, unless the recording shows the same: what came of it there, with the other side or the
    /// application behind it, is what is to come again.
    case testedUnlessRecorded(rule: String)
    case nobody

    /// - Parameters:
    ///   - sender: of the frame that the finding names; nil where it names none.
    ///   - isRecordedPace: the run keeps the recording's times; at another pace a rule over whole sessions counts
    ///     reconnects and pauses that no recording has.
    init(_ finding: Finding, tested: Sender, sender: Sender?, isRecordedPace: Bool) {
        guard finding.severity == .error, let page = Catalogue.page(finding.rule) else {
            self = .nobody
            return
        }
        let (own, other): (RulePage.Side, RulePage.Side) = tested == .client ? (.client, .server) : (.server, .client)
        guard page.sides.contains(own), isRecordedPace || page.layer != .session else {
            self = .nobody
            return
        }
        switch (page.sides.contains(other), sender) {
        // Of two sides that may do it, who sent the frame did.
        case (true, let sender?): self = sender == tested ? .tested : .nobody
        case (true, nil): self = .testedUnlessRecorded(rule: finding.rule)
        // The played server ended the session for it, whatever application stands behind the message.
        case (false, let sender?) where sender == tested && page.layer == .webSocket && finding.status == .confirmed:
            self = .tested
        case (false, _):
            self = page.sides.contains(.application) ? .testedUnlessRecorded(rule: finding.rule) : .tested
        }
    }

    func fails(recordedRules: Set<String>) -> Bool {
        switch self {
        case .tested: true
        case .testedUnlessRecorded(let rule): !recordedRules.contains(rule)
        case .nobody: false
        }
    }
}
