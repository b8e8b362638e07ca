import Decoding
import Faults
import JSONText
import TimelineModel

/// The rules and the diagnosis, on what a decoder makes of the input: of a hook log, where it begins with a brace, else
/// of the steps of a conversation over TCP.
enum FaultsTarget {
    static func run(_ bytes: Span<UInt8>) throws {
        let recorded = self.recorded(bytes)
        let (outcome, diagnoses) = recorded.analysed()
        let (again, toldAgain) = recorded.analysed()
        try requireEqual(again.findings, outcome.findings, "judged again: findings")
        try requireEqual(toldAgain, diagnoses, "judged again: diagnoses")
        try self.check(outcome.findings, recorded)
        for diagnosis in diagnoses {
            for text in [diagnosis.paragraph] + diagnosis.others.map(\.sentence) {
                try require(!self.hasControl(text), "a diagnosis says \(text.debugDescription)")
            }
        }
    }

    private static func recorded(_ bytes: Span<UInt8>) -> Recorded {
        if bytes.count > 0, bytes[0] == UInt8(ascii: "{") {
            return Recorded(HookLogDecoder(CaptureFacts(kind: .hook, source: "fuzz")), bytes)
        }
        let capture = ConversationTarget.capture(bytes)
        return Recorded(CaptureDecoder(CaptureFacts(kind: .pcap, source: "fuzz")), capture.span)
    }

    /// What must hold of all findings.
    private static func check(_ findings: [Finding], _ recorded: Recorded) throws(BrokenInvariant) {
        let sessions = Set(recorded.sessions.map(\.id))
        var last = Timestamp(nanoseconds: .min)
        for finding in findings {
            try require(finding.at >= last, "\(finding.rule) stands behind a later finding")
            last = finding.at
            try require(!self.hasControl(finding.message), "\(finding.rule) says \(finding.message.debugDescription)")
            try require(Catalogue.page(finding.rule) != nil, "\(finding.rule) is no rule")
            try require(
                finding.sessionID.map { sessions.contains($0) } ?? true, "\(finding.rule) names a session without row")
            let evidence = try? JSONValue(finding.evidence)
            guard case .array(let frames)? = evidence?["frames"] else {
                throw BrokenInvariant("\(finding.rule) rests on \(finding.evidence)")
            }
            try require(
                frames.allSatisfy { $0.integer.map { $0 > 0 && $0 <= recorded.frames.count } ?? false },
                "\(finding.rule) names a frame without row: \(finding.evidence)")
        }
    }

    /// What a terminal obeys, or what makes a line look other than it is.
    private static func hasControl(_ text: String) -> Bool {
        text.unicodeScalars.contains {
            [.control, .format, .lineSeparator, .paragraphSeparator].contains($0.properties.generalCategory)
        }
    }

    /// What a decoder delivered, in the order in which a timeline gives it back.
    private struct Recorded {
        var facts: CaptureFacts
        var frames: [Frame] = []
        var anomalies: [Anomaly] = []
        var connections: [ConnectionFacts] = []
        var sessions: [SessionFacts] = []
        var exchanges: [ExchangeFacts] = []

        /// An input that is refused half way leaves what came before.
        init(_ door: some Door, _ bytes: Span<UInt8>) {
            self.facts = door.facts
            do {
                try door.feed(bytes) { self.add($0) }
                try door.finish { self.add($0) }
            } catch {
                self.facts.completeTail = false
            }
            self.facts = door.facts
            self.exchanges.sort { ($0.requested, $0.id) < ($1.requested, $1.id) }
            self.anomalies = self.anomalies.enumerated()
                .sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
        }

        private mutating func add(_ batch: TimelineBatch) {
            self.frames += batch.frames
            self.anomalies += batch.anomalies
            self.connections += batch.connections
            self.sessions += batch.sessions
            self.exchanges += batch.exchanges
        }

        func analysed() -> (Analysis.Outcome, [Diagnosis]) {
            var analysis = Analysis(self.facts, connections: self.connections, sessions: self.sessions)
            var exchanges = self.exchanges[...]
            var anomalies = self.anomalies[...]
            for frame in self.frames {
                while let next = exchanges.first, next.requested <= frame.at {
                    analysis.see(next)
                    exchanges.removeFirst()
                }
                while let next = anomalies.first, next.frameID.map({ $0 < frame.id }) ?? (next.at < frame.at) {
                    analysis.see(next)
                    anomalies.removeFirst()
                }
                analysis.see(frame)
            }
            for exchange in exchanges { analysis.see(exchange) }
            for anomaly in anomalies { analysis.see(anomaly) }
            let outcome = analysis.finish()
            return (outcome, Diagnoser(outcome).diagnoses())
        }
    }
}
