import TimelineModel

extension DiffOutcome {
    /// Compares two recordings: the first session of one with the first of the other, the second with the second.
    ///
    /// Heartbeats, session ids, ids of acks, the order of the members of objects, how numbers are written and, unless
    /// asked for, transports make no difference. Cost is linear in the packets where the recordings are alike; memory
    /// is the recordings' own.
    public static func comparing(
        _ a: RecordedLineage, _ b: RecordedLineage, _ settings: DiffSettings = DiffSettings()
    ) -> DiffOutcome {
        var diff = LineageDiff(settings)
        diff.compare(a.lives, b.lives)
        return diff.outcome
    }
}

/// Goes over the lives of two lineages.
private struct LineageDiff {
    private(set) var outcome = DiffOutcome()
    private let settings: DiffSettings
    private let masks: MaskSet

    init(_ settings: DiffSettings) {
        self.settings = settings
        self.masks = MaskSet(settings.masks)
    }

    mutating func compare(_ a: [RecordedLineage.Life], _ b: [RecordedLineage.Life]) {
        let (namesA, namesB) = (SessionNames(a), SessionNames(b))
        for index in 0..<max(a.count, b.count) {
            let (lifeA, lifeB) = (index < a.count ? a[index] : nil, index < b.count ? b[index] : nil)
            var life = LifeComparison(life: index + 1)
            life.sessionA = lifeA?.sessionID
            life.sessionB = lifeB?.sessionID
            switch (lifeA, lifeB) {
            case (.session(let sessionA), .session(let sessionB)):
                self.compare(sessionA, sessionB, namesA, namesB, &life)
            case (.refused(let refusalA), .refused(let refusalB)):
                self.compare(refusalA, refusalB, life.life)
            case (let lifeA?, let lifeB?):
                self.add(
                    SessionDifference(
                        .changed, .life, life: life.life,
                        what: lifeA.summary,
                        places: [JSONDifference(pointer: "", recorded: lifeA.summary, live: lifeB.summary)]))
            case (let lifeA?, nil):
                self.add(SessionDifference(.missing, .life, life: life.life, what: lifeA.summary))
            case (nil, let lifeB?):
                self.add(SessionDifference(.extra, .life, life: life.life, what: lifeB.summary))
            case (nil, nil): break
            }
            self.outcome.lives.append(life)
        }
    }

    private mutating func compare(
        _ a: RecordedSession, _ b: RecordedSession, _ namesA: SessionNames, _ namesB: SessionNames,
        _ life: inout LifeComparison
    ) {
        let packetsA = PacketNormaliser.packets(of: a, namesA, self.masks)
        let packetsB = PacketNormaliser.packets(of: b, namesB, self.masks)
        let diff = SessionDiff((a, packetsA), (b, packetsB), life: life.life, self.settings)
        life.equal = diff.equal
        life.packetsA = packetsA.count
        life.packetsB = packetsB.count
        life.heartbeatsA = HeartbeatSummary(of: a)
        life.heartbeatsB = HeartbeatSummary(of: b)
        life.notes = Self.notes(a, "the first") + Self.notes(b, "the second")
        for difference in diff.differences { self.add(difference) }
        self.outcome.times += diff.times.prefix(max(0, self.settings.limit - self.outcome.times.count))
        self.outcome.timeCount += diff.times.count
        self.outcome.timedPairs += diff.timedPairs
        self.compareEnds(a, b, life.life)
        if self.settings.comparesTransports { self.compareTransports(a, b, life.life) }
    }

    /// An end that a recording does not hold is not known, so it differs from none.
    private mutating func compareEnds(_ a: RecordedSession, _ b: RecordedSession, _ life: Int) {
        guard let endA = SessionEnd(of: a), let endB = SessionEnd(of: b), endA != endB else { return }
        self.add(
            SessionDifference(
                .changed, .end, life: life, sender: endA.by, atNs: a.facts.ended?.nanoseconds(since: a.facts.opened),
                what: "end of the session",
                places: [JSONDifference(pointer: "", recorded: endA.text, live: endB.text)]))
    }

    private mutating func compareTransports(_ a: RecordedSession, _ b: RecordedSession, _ life: Int) {
        guard a.facts.transports != b.facts.transports else { return }
        let (textA, textB) = (
            a.facts.transports.map(\.rawValue).joined(separator: ", "),
            b.facts.transports.map(\.rawValue).joined(separator: ", ")
        )
        self.add(
            SessionDifference(
                .changed, .transports, life: life, what: "transports",
                places: [JSONDifference(pointer: "", recorded: textA, live: textB)]))
    }

    private mutating func compare(_ a: ExchangeFacts, _ b: ExchangeFacts, _ life: Int) {
        guard a.status != b.status || a.errorCode != b.errorCode else { return }
        self.add(
            SessionDifference(
                .changed, .life, life: life, what: "refused handshake",
                places: [JSONDifference(pointer: "", recorded: a.refusal, live: b.refusal)]))
    }

    private mutating func add(_ difference: SessionDifference) {
        self.outcome.differenceCount += 1
        self.outcome.counts[difference.kind, default: 0] += 1
        if self.outcome.differences.count < self.settings.limit { self.outcome.differences.append(difference) }
    }

    private static func notes(_ session: RecordedSession, _ name: String) -> [String] {
        var notes: [String] = []
        let facts = session.facts
        if facts.holes > 0 {
            notes.append("\(name) recording misses bytes in \(facts.holes) place\(facts.holes == 1 ? "" : "s")")
        }
        if !facts.completeHead { notes.append("\(name) recording began in the middle of the session") }
        if facts.endClass == .captureEnd || facts.endClass == nil {
            notes.append("\(name) recording stopped before the session ended")
        }
        return notes
    }
}

extension RecordedLineage.Life {
    fileprivate var sessionID: Int64? {
        if case .session(let session) = self { session.facts.id } else { nil }
    }

    fileprivate var summary: String {
        switch self {
        case .session(let session): "a session with \(session.packets.count) packets"
        case .refused(let exchange): "a refused handshake, \(exchange.refusal)"
        }
    }
}

extension ExchangeFacts {
    fileprivate var refusal: String {
        "HTTP \(self.status.map(String.init) ?? "without an answer")"
            + (self.errorCode.map { ", code \($0)" } ?? "")
    }
}
