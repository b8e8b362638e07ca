import TimelineModel

struct ClockStep: AnomalyRule {
    static let page = RulePage(
        "clock-step", .session, .note, sides: [.capture],
        source: "sioscope: durations across a step of the clock are not judged",
        summary: "The clock of the tap went backwards during the capture",
        finds: "A packet or line of the input whose time is earlier than the one before it by 0.1 s or more.",
        why: """
            Durations that reach across the step are wrong by an unknown amount. Findings that rest on such a duration
            are notes, and some are not made.
            """,
        clientFix:
            "Let the clock of the capturing host be set by slewing (chrony, ntpd), not by stepping, while it captures.",
        falseAlarms: """
            Captures that were joined in the wrong order look like it: sort them with `mergecap` or `reordercap`.
            """)

    static let codes: Set<Anomaly.Code> = ["capture.clock-step"]

    init(_ settings: RuleSettings) {}

    func judge(_ anomaly: Anomaly, _ session: SessionState?, _ capture: CaptureState, _ report: inout Report) {
        report.add(
            "\(Phrase.found(anomaly)); durations across this moment are not judged", at: anomaly.at,
            consequence: .shown)
    }
}
