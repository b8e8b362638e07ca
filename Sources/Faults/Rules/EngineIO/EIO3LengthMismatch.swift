import TimelineModel

struct EIO3LengthMismatch: AnomalyRule {
    static let page = RulePage(
        "eio3-length-mismatch", .engineIO, .error, versions: "Engine.IO 3", sides: [.client, .server],
        source: """
            Engine.IO protocol 3, Payload; engine.io lib/parser-v3 `decodePayload`; python-engineio 3 payload.py, which
            counts bytes when it writes and code points when it reads
            """,
        summary: "A length in a polling payload does not fit what follows it",
        finds: """
            A polling body of Engine.IO 3 in which `length:` does not lead to the end of a packet when it is counted in
            UTF-16 code units, as the reference parser counts. Where it would lead there in bytes or in code points, the
            message says so.
            """,
        why: """
            The lengths agree while texts are ASCII, so that the fault shows with the first umlaut or emoji. The reader
            cuts packets at wrong places or closes the session.
            """,
        clientFix: "Count UTF-16 code units: 1 for each character up to U+FFFF, 2 for each one beyond, as emoji are.",
        serverFix: "The same; or use Engine.IO 4, which has no lengths.",
        falseAlarms: "A body of which bytes are missing in the capture is not judged.")

    static let codes: Set<Anomaly.Code> = ["engineio.length-mismatch"]

    init(_ settings: RuleSettings) {}

    func judge(_ anomaly: Anomaly, _ session: SessionState?, _ capture: CaptureState, _ report: inout Report) {
        report.add(
            "wrong length in a polling payload: \(Phrase.detail(anomaly))", at: anomaly.at, frameID: anomaly.frameID,
            consequence: .end(by: nil), over: anomaly.at...anomaly.at)
    }
}
