import TimelineModel

// What comes of the lives, once they are over.
extension ReplayServer {
    /// Takes over what has become certain.
    mutating func count(_ now: Timestamp) {
        for place in self.sessions.indices {
            self.add(self.sessions[place].play.takeDivergences(), of: place)
            if self.sessions[place].play.isDone { self.count(place, at: now) }
        }
        if let firstContact, let lastContact {
            self.outcome.durationNs = max(0, lastContact.nanoseconds(since: firstContact))
        }
    }

    /// More of them say no more, and a client may flood.
    private static let mostDivergences = 1000

    private mutating func add(_ found: [Divergence], of place: Int) {
        guard self.sessions[place].counts else { return }
        let room = max(0, Self.mostDivergences - self.outcome.divergences.count)
        self.outcome.divergences += found.prefix(room)
        self.droppedDivergences += max(0, found.count - room)
    }

    private mutating func count(_ place: Int, at now: Timestamp) {
        guard !self.sessions[place].isCounted else { return }
        self.sessions[place].isCounted = true
        let session = self.sessions[place]
        self.lastEnd = max(self.lastEnd ?? now, now)
        if session.play.hasReacted { self.reacted.insert(session.life) }
        guard session.counts else { return }
        let missing = session.play.missing()
        self.add(missing, of: place)
        self.outcome.expected += session.play.matched + missing.count
        if session.play.leftSilence != nil {
            self.outcome.remarks.append(
                "The client left connection \(session.life + 1) because the played server's heartbeat had stayed away, "
                    + "as it may; what it would have said later was not asked for.")
        }
        self.outcome.matched += session.play.matched
        if missing.isEmpty, session.play.isDone { self.outcome.livesDone += 1 }
        self.outcome.lateness.add(session.play.lateness)
    }

    /// What it comes to where it is cut off before its verdict: what came so far, of all that was to come, and what it
    /// waited for. Nothing counts as missing.
    public var partialOutcome: ReplayOutcome {
        guard !self.isFinished else { return self.outcome }
        var partial = self.outcome
        for session in self.sessions where session.counts && !session.isCounted {
            partial.expected += session.play.plan.demanded.count
            partial.matched += session.play.matched
            partial.lateness.add(session.play.lateness)
        }
        partial.expected += self.demandedLater
        partial.waitedFor = self.waitedFor
        return partial
    }

    /// Ends it before its verdict is certain: what has not come does not come any more.
    public mutating func giveUp(at now: Timestamp) { self.finish(waitedFor: self.waitedFor, at: now) }

    /// What it waits for now, for a person.
    var waitedFor: String {
        self.sessions.lazy.compactMap(\.play.waitedFor).first
            ?? (self.awaitsConnection ? self.nextConnection : "the end of the session")
    }

    /// Packets of the client in lives that were not asked for so far.
    private var demandedLater: Int {
        self.plans[self.nextLife...].reduce(0) { $0 + ($1?.demanded.count ?? 0) }
    }

    /// Nothing more is waited for. What is still open now never came.
    mutating func finish(waitedFor: String?, at now: Timestamp) {
        guard !self.isFinished else { return }
        self.isFinished = true
        let awaitsConnection = self.awaitsConnection
        defer {
            if self.droppedDivergences > 0 {
                self.outcome.remarks.append("\(self.droppedDivergences) more divergences are not listed.")
            }
        }
        self.outcome.waitedFor = waitedFor
        for place in self.sessions.indices {
            self.add(self.sessions[place].play.takeDivergences(), of: place)
            self.count(place, at: now)
        }
        self.count(now)
        if self.firstContact == nil, !self.refused.isEmpty {
            self.outcome.remarks.append(
                "The client asked for no Engine.IO session, but for \(self.refused.joined(separator: ", ")).")
        }
        guard awaitsConnection else {
            self.remark()
            return
        }
        let left = self.demandedLater
        self.outcome.expected += left
        self.outcome.divergences.append(
            Divergence(
                .missing, life: self.nextLife + 1, sender: .client,
                what: "connection \(self.nextLife + 1) of \(self.outcome.lives)",
                detail: "the client never made it; \(left) packets were to come in it and after it"))
    }

    /// Says why lives of the recording were not asked for.
    private mutating func remark() {
        guard self.nextLife > 0, self.nextLife < self.outcome.lives, let plan = self.plans[self.nextLife - 1],
            case .reaction(let reaction) = plan.end
        else { return }
        let cause =
            switch reaction {
            case .violation(let at):
                "what the client sent \(PacketText.seconds(at)) after its beginning, and the live client did not"
            case .silence, .noConnect: "what the client left undone, and the live client did not"
            }
        let left = self.outcome.lives - self.nextLife
        self.outcome.remarks.append(
            "\(left) of \(self.outcome.lives) recorded connections were not asked for: the recorded server ended "
                + "connection \(self.nextLife) for \(cause).")
    }
}
