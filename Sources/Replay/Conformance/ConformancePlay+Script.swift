import EngineIO
import SocketIO
public import TimelineModel

/// Which step of the script is played, and how long.
extension ConformancePlay {
    mutating func play(at now: Timestamp, _ actions: inout [ServerAction]) {
        while self.verdict == nil {
            guard let step = self.step else {
                self.session?.flush()
                self.drain(at: now, &actions)
                if self.verdict == nil { self.verdict = .passed }
                return
            }
            let begun: Timestamp
            switch self.progress {
            case .fresh:
                begun = now
                self.progress = .begun(now)
            case .begun(let at), .asked(let at), .resting(let at, _), .pinged(let at, _): begun = at
            }
            let isDone = self.perform(step, begun: begun, at: now, &actions)
            // What one run of sends gives shares a polling body; a step that waits needs them gone.
            if !isDone { self.session?.flush() }
            self.drain(at: now, &actions)
            guard isDone else {
                self.checkTime(at: now)
                return
            }
            self.position += 1
            self.progress = .fresh
        }
    }

    mutating func checkTime(at now: Timestamp) {
        guard self.verdict == nil, let begunAt, now.nanoseconds(since: begunAt) >= self.scenario.limitNs else { return }
        self.fail(
            "the scenario took longer than its limit of \(Self.time(self.scenario.limitNs))", isLateness: true, at: now)
    }

    public var deadline: Timestamp? {
        guard self.verdict == nil, let begunAt else { return nil }
        let limit = begunAt.advanced(byNs: self.scenario.limitNs)
        guard let step = self.step else { return limit }
        switch self.progress {
        case .fresh: return limit
        case .resting(let due, _): return min(limit, due)
        case .pinged(let at, _):
            return min(limit, at.advanced(byNs: Int64(self.scenario.pingTimeoutMs) * 1_000_000))
        case .begun(let at), .asked(let at): return min(limit, self.due(step, begun: at))
        }
    }

    /// When a step has to be done, or is.
    func due(_ step: ScenarioStep, begun: Timestamp) -> Timestamp {
        if self.sessions == 0, self.needsSession(step) { return begun.advanced(byNs: Self.firstConnectionNs) }
        switch step.action {
        case .send, .sendRaw, .beat, .end: return begun
        case .wait(let ns), .quiet(let ns), .noReconnect(let ns): return begun.advanced(byNs: ns)
        case .expect(_, let within, _), .expectAnywhere(_, let within), .expectPong(let within),
            .join(_, let within), .sendControlPing(_, let within), .expectCloseAnswer(let within),
            .left(_, let within), .probed(let within), .upgraded(let within), .alive(let within),
            .pollError(_, _, let within):
            return begun.advanced(byNs: within)
        case .reconnect(_, let within), .refuse(_, _, _, let within):
            let base =
                self.sessions == 0 && self.endedAt == nil
                ? begun.advanced(byNs: max(0, Self.firstConnectionNs - within)) : self.endedAt ?? begun
            return base.advanced(byNs: within)
        }
    }

    /// True where the step is done.
    mutating func perform(
        _ step: ScenarioStep, begun: Timestamp, at now: Timestamp, _ actions: inout [ServerAction]
    ) -> Bool {
        if self.sessions == 0, self.needsSession(step) {
            if let first = self.takeHandshake() {
                self.open(first, at: now)
                self.progress = .begun(now)
                return self.perform(step, begun: now, at: now, &actions)
            }
            if self.isClientGone {
                self.fail("its program ended without a connection", at: now)
            } else if now >= self.due(step, begun: begun) {
                self.fail("it did not connect within \(Self.time(Self.firstConnectionNs))", isLateness: true, at: now)
            }
            return false
        }
        let isLate = now >= self.due(step, begun: begun)
        switch step.action {
        case .send(let text, let attachments, let form):
            return self.send(text.filled(from: self.captures), attachments, form, at: now)
        case .sendRaw(let bytes):
            guard self.isStillThere(at: now) else { return false }
            self.session?.sendRaw(bytes)
            return true
        case .sendControlPing(let data, let within):
            if self.isFirstTime(begun) { self.session?.sendControlPing(data) }
            if self.controlPongs.contains(Array(data.utf8)) { return true }
            return self.missed("the pong of a WebSocket ping", isLate, within, at: now)
        case .expect(let pattern, let within, let elseSkip):
            return self.expect(pattern, elseSkip, isLate, within, at: now)
        case .expectAnywhere(let pattern, let within):
            for (index, packet) in self.inbox.enumerated()
            where pattern.mismatch(with: packet, &self.captures) == nil {
                self.inbox.remove(at: index)
                return true
            }
            return self.missed(pattern.text, isLate, within, at: now)
        case .expectPong(let within):
            if self.pongs > 0 {
                self.pongs -= 1
                return true
            }
            return self.missed("a pong", rule: "pong-missing", isLate, within, at: now)
        case .join(let namespace, let within): return self.join(namespace, isLate, within, at: now)
        case .beat(let rounds): return self.beat(rounds, at: now)
        case .wait: return isLate
        case .quiet(let ns):
            if let packet = self.inbox.first {
                self.fail("it sends \(PacketPattern.short("4" + packet.header)) where nothing is due", at: now)
                return false
            }
            return self.isStillThere(at: now) && isLate && ns >= 0
        case .end(let end):
            self.session?.end(end)
            self.endedAt = now
            self.closeAnswered = false
            return true
        case .pollError(let status, let body, let within):
            guard self.session?.failPoll(status, body) == true else {
                return self.missed("a poll", isLate, within, at: now)
            }
            self.endedAt = now
            return true
        case .expectCloseAnswer(let within):
            if self.closeAnswered { return true }
            if isLate {
                self.fail(
                    rule: "ws-close-unanswered",
                    "it did not answer the server's close frame within \(Self.time(within))",
                    isLateness: true, at: now)
            }
            return false
        case .left(let after, let within): return self.left(after, isLate, within, begun: begun, at: now)
        case .reconnect(let after, let within):
            guard let next = self.nextAttempt(after, isLate, within, at: now) else { return false }
            self.open(next, at: now)
            return true
        case .noReconnect:
            if let early = self.held.first {
                self.fail(
                    "it connects again, \(Self.time(early.at.nanoseconds(since: self.endedAt ?? begun))) after "
                        + "the end", at: now)
                return false
            }
            return isLate || self.isClientGone
        case .refuse(let status, let body, let after, let within):
            guard let next = self.nextAttempt(after, isLate, within, at: now) else { return false }
            actions.append(.respond(PlayedSession.refusal(status, body, to: next.request), on: next.connection))
            self.note("> HTTP \(status) \(body)", at: now)
            self.endedAt = now
            return true
        case .probed(let within):
            if self.session?.isProbed == true { return true }
            return self.missed("the probe of an upgrade", isLate, within, at: now)
        case .upgraded(let within):
            if self.session?.isUpgraded == true { return true }
            return self.missed("the upgrade", isLate, within, at: now)
        case .alive(let within): return self.alive(begun: begun, isLate, within, at: now)
        }
    }
}
