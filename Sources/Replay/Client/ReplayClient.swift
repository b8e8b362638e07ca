import EngineIO
public import TimelineModel

/// The recorded client, driven again against a live server.
///
/// Heartbeats, sids, ack ids and whatever else the server hands out are of the live session; what the application said
/// is that of the recording, at its pace relative to what it answered. What the recorded client did wrong is not done
/// again, unless the settings ask for a misbehaviour.
///
/// ```
/// idle --begin--> living(1) --its end--> resting --time--> living(2) ... --the last end, limit--> finished
/// ```
public struct ReplayClient: ClientRole {
    private enum Phase: Sendable {
        case idle
        case living
        case resting(until: Timestamp)
        /// The limit was reached, or the server lets nobody in: what is open is being closed.
        case stopping
        case finished
    }

    /// After an end that the server made a client waits at least so long, at any pace, or it would storm.
    private static let leastRestNs: Int64 = 600_000_000

    private let lineage: RecordedLineage
    private let settings: ReplayClientSettings
    public private(set) var outcome: ReplayOutcome
    private var phase = Phase.idle
    private var memory: LifeRun.Memory
    /// The life that is lived, or was last; from 0.
    private var life = -1
    private var link: ClientLink?
    private var plan: LinkPlan?
    /// Beside the link, where the client is to hold two sessions.
    private var twin: TwinSession?
    /// Nil in a life that was a refusal.
    private var run: LifeRun?
    private var numbers = 0
    private var asked: [Int: String] = [:]
    private var began = Timestamp.zero
    private var limit = Timestamp.zero
    private var latest: Timestamp?
    /// Lives that a misbehaving client has added to this one.
    private var encores = 0
    /// What was sent first, for who never asks again.
    private var firstAuth: [String: String?] = [:]

    public init(_ lineage: RecordedLineage, _ settings: ReplayClientSettings = .init()) {
        self.lineage = lineage
        self.settings = settings
        self.memory = LifeRun.Memory(correlation: Correlation(lineage))
        self.outcome = ReplayOutcome()
        self.outcome.lives = lineage.lives.count
        self.outcome.expected = lineage.sessions.reduce(0) { $0 + LifeScript($1).lines.count }
    }

    public var isFinished: Bool {
        if case .finished = self.phase { true } else { false }
    }

    public var deadline: Timestamp? {
        switch self.phase {
        case .idle, .finished: return nil
        case .resting(let until): return min(until, self.limit)
        case .living:
            let own = [self.link?.deadline, self.run?.deadline, self.twin?.deadline].compactMap { $0 }.min()
            return own.map { min($0, self.limit) } ?? self.limit
        case .stopping: return self.link?.deadline ?? self.limit
        }
    }

    public mutating func handle(_ event: ClientEvent, at now: Timestamp) -> [ClientAction] {
        var actions: [ClientAction] = []
        switch self.phase {
        case .finished: return []
        case .idle:
            self.began = now
            self.limit = now.advanced(byNs: self.settings.limitNs)
            self.beginNext(&actions, at: now)
        case .resting(let until):
            if until <= now { self.beginNext(&actions, at: now) }
        case .living, .stopping:
            actions += self.twin?.handle(event, at: now) ?? []
            if case .auth(let auth, let id) = event {
                if let namespace = self.asked.removeValue(forKey: id) {
                    let first = self.firstAuth[namespace] ?? auth
                    self.firstAuth[namespace] = first
                    let payload = self.settings.misbehaviour == .staleAuth ? first : auth
                    let said = self.run?.auth(payload, for: namespace, self.memory, at: now) ?? []
                    self.perform(said, &actions, at: now)
                }
            } else if let out = self.link?.handle(event, at: now) {
                self.take(out, &actions, at: now)
            }
        }
        self.advance(&actions, at: now)
        return actions
    }

    // MARK: Lives

    private mutating func beginNext(_ actions: inout [ClientAction], at now: Timestamp) {
        while self.life + 1 < self.lineage.lives.count {
            self.life += 1
            switch self.lineage.lives[self.life] {
            case .session(let session):
                self.run = LifeRun(
                    LifeScript(session), session, number: self.life + 1, self.settings, start: self.began)
                self.begin(LivePlan.session(session, self.settings), &actions, at: now)
                return
            case .refused(let exchange):
                self.run = nil
                if let plan = LivePlan.refusal(exchange, self.settings) {
                    self.begin(plan, &actions, at: now)
                    return
                }
                // Nothing that could be done again.
                self.outcome.livesDone += 1
            }
        }
        self.finish(at: now)
    }

    private mutating func begin(_ plan: LinkPlan, _ actions: inout [ClientAction], at now: Timestamp) {
        var link = ClientLink(plan, self.settings.misbehaviour, numbers: self.numbers)
        let out = link.begin(at: now)
        self.link = link
        self.plan = plan
        self.phase = .living
        self.take(out, &actions, at: now)
    }

    private mutating func lifeEnded(_ end: LinkEnd, _ actions: inout [ClientAction], at now: Timestamp) {
        self.numbers = max(self.numbers, self.link?.numbers ?? 0)
        self.link = nil
        actions += self.twin?.leave(at: now) ?? []
        self.twin = nil
        self.asked = [:]
        self.latest = now
        if case .stopping = self.phase { return self.finish(at: now) }
        var isLived = true
        var wasLeft = true
        if let pause = self.settings.misbehaviour?.encore(
            end, wasRefused: self.run?.wasRefused ?? false, number: self.encores)
        {
            self.encores += 1
            self.life -= 1
            self.run = nil
            self.phase = .resting(until: now.advanced(byNs: pause))
            return
        }
        self.encores = 0
        if var run = self.run {
            run.finish(end, at: now)
            self.collect(run)
            switch end {
            case .refused(_, let reason):
                self.outcome.waitedFor = "the server to accept life \(self.life + 1): \(reason)"
                isLived = false
            case .silent: isLived = false
            case .left: break
            case .ended, .dead, .garbled: wasLeft = false
            }
            self.run = nil
        } else {
            self.judgeRefusal(end, at: now)
            wasLeft = false
        }
        if isLived { self.outcome.livesDone += 1 }
        guard isLived, self.life + 1 < self.lineage.lives.count else { return self.finish(at: now) }
        self.phase = .resting(until: now.advanced(byNs: self.restNs(wasLeft: wasLeft)))
    }

    /// The recorded pause before the next life.
    private func restNs(wasLeft: Bool) -> Int64 {
        let before: Timestamp
        switch self.lineage.lives[self.life] {
        case .session(let session):
            before = max(session.facts.ended ?? session.facts.opened, session.packets.last?.at ?? session.facts.opened)
        case .refused(let exchange): before = exchange.responded ?? exchange.answered ?? exchange.requested
        }
        let gap = max(0, self.lineage.lives[self.life + 1].began.nanoseconds(since: before))
        guard self.settings.misbehaviour != .reconnectStorm else { return 0 }
        return max(self.settings.pace.scaled(gap), wasLeft ? 0 : Self.leastRestNs)
    }

    private mutating func judgeRefusal(_ end: LinkEnd, at now: Timestamp) {
        guard case .refused(let exchange) = self.lineage.lives[self.life], let status = exchange.status else { return }
        // Over a WebSocket some answer with 101 and say no inside: any kind of no will do.
        if case .refused(let response, _) = end, response == nil || response?.status == status { return }
        var live = "accepted it"
        if case .refused(let response?, _) = end { live = "answered \(response.status)" }
        self.outcome.divergences.append(
            Divergence(
                .changed, life: self.life + 1, atNs: max(0, now.nanoseconds(since: self.began)), sender: .server,
                what: "answer to the handshake \(exchange.target)",
                detail: "the recorded server refused it with \(status), the live one \(live)"))
    }

    /// What it comes to where it is cut off before its end: what came so far, and what it waited for. Nothing counts as
    /// missing.
    public var partialOutcome: ReplayOutcome {
        if case .finished = self.phase { return self.outcome }
        var partial = self.outcome
        if let run {
            partial.divergences += run.judgement.divergences
            partial.matched += run.judgement.matched
        }
        partial.lateness = self.memory.lateness
        if case .idle = self.phase {
            partial.waitedFor = partial.waitedFor ?? "its time to begin"
            return partial
        }
        partial.durationNs = max(0, (self.latest ?? self.began).nanoseconds(since: self.began))
        partial.waitedFor = partial.waitedFor ?? self.waitedFor
        return partial
    }

    /// What it waits for now, for a person.
    private var waitedFor: String {
        self.run?.waitsFor ?? "the end of life \(self.life + 1) of \(self.outcome.lives)"
    }

    private mutating func collect(_ run: LifeRun) {
        self.outcome.divergences += run.judgement.divergences
        self.outcome.matched += run.judgement.matched
    }

    private mutating func finish(at now: Timestamp) {
        self.phase = .finished
        self.outcome.lateness = self.memory.lateness
        self.outcome.durationNs = max(0, (self.latest ?? now).nanoseconds(since: self.began))
    }

    /// The replay ends here, whatever is missing.
    private mutating func stop(_ actions: inout [ClientAction], at now: Timestamp) {
        let seconds = self.settings.limitNs / 1_000_000_000
        self.outcome.waitedFor = "\(self.waitedFor), when the limit of \(seconds) s was reached"
        if var run = self.run {
            run.finish(.left, at: now)
            self.collect(run)
            self.run = nil
        }
        self.phase = .stopping
        self.latest = now
        guard self.link != nil else { return self.finish(at: now) }
        let out = self.link?.finish(.left, .webSocketClose(code: nil, reason: ""), at: now) ?? []
        self.take(out, &actions, at: now)
    }

    // MARK: One life

    private mutating func advance(_ actions: inout [ClientAction], at now: Timestamp) {
        switch self.phase {
        case .idle, .finished, .stopping: return
        case .living, .resting: break
        }
        if self.limit <= now { return self.stop(&actions, at: now) }
        let said = self.run?.advance(&self.memory, at: now) ?? []
        self.perform(said, &actions, at: now)
    }

    private mutating func perform(_ said: [LifeRun.Output], _ actions: inout [ClientAction], at now: Timestamp) {
        for output in said {
            // In place: a copy of either would cost what it holds, at each packet.
            switch output {
            case .send(let packets):
                self.take(self.link?.send(packets, at: now) ?? [], &actions, at: now)
                // The first that is sent is CONNECT.
                if self.settings.misbehaviour == .duplicateSessions, self.twin == nil, let plan {
                    var twin = TwinSession(plan, joining: packets)
                    actions += twin.begin(at: now)
                    self.twin = twin
                }
            case .close(let end): self.take(self.link?.close(end, at: now) ?? [], &actions, at: now)
            case .fetchAuth(let namespace, let recorded):
                guard let id = self.link?.number() else { return }
                self.asked[id] = namespace
                actions.append(.fetchAuth(namespace: namespace, recorded: recorded, as: id))
            }
        }
    }

    private mutating func take(_ out: [LinkOutput], _ actions: inout [ClientAction], at now: Timestamp) {
        for output in out {
            switch output {
            case .action(let action): actions.append(action)
            case .opened(let handshake):
                if self.run == nil, case .living = self.phase {
                    // Here the recorded server said no.
                    self.take(
                        self.link?.close(.webSocketClose(code: nil, reason: ""), at: now) ?? [], &actions, at: now)
                } else {
                    self.run?.opened(handshake, &self.memory, at: now)
                }
            case .message(let content):
                self.latest = now
                self.run?.receive(content, &self.memory, at: now)
            case .ended(let end): self.lifeEnded(end, &actions, at: now)
            }
        }
    }
}
