import EngineIO
import TimelineModel

/// What the steps do that need more than a line.
extension ConformancePlay {
    mutating func open(_ handshake: Handshake, at now: Timestamp) {
        self.sessions += 1
        self.namespaces = NamespaceRegister()
        self.inbox = []
        (self.pongs, self.pingsAwaited) = (0, 0)
        self.controlPongs = []
        self.leaving = nil
        self.closeAnswered = false
        var session = PlayedSession(sid: "conformance-\(self.sessions)", scenario: self.scenario)
        session.begin(handshake.request, on: handshake.connection, overWebSocket: handshake.overWebSocket)
        self.session = session
    }

    mutating func takeHandshake() -> Handshake? { self.held.isEmpty ? nil : self.held.removeFirst() }

    mutating func send(
        _ text: String, _ attachments: [[UInt8]], _ form: ScenarioStep.Form, at now: Timestamp
    ) -> Bool {
        guard self.isStillThere(at: now) else { return false }
        if text.hasPrefix("2") { self.pingsAwaited += 1 }
        if text.hasPrefix("4") { self.namespaces.send(String(text.dropFirst())) }
        self.session?.send(text, attachments: attachments, form: form)
        return true
    }

    mutating func expect(
        _ pattern: PacketPattern, _ elseSkip: String?, _ isLate: Bool, _ within: Int64, at now: Timestamp
    ) -> Bool {
        guard !self.inbox.isEmpty else { return self.missed(pattern.text, isLate, within, at: now) }
        let packet = self.inbox.removeFirst()
        guard let mismatch = pattern.mismatch(with: packet, &self.captures) else { return true }
        if let elseSkip {
            self.verdict = .skipped(elseSkip)
        } else {
            self.fail("it sends \(PacketPattern.short("4" + packet.header)): \(mismatch)", at: now)
        }
        return false
    }

    mutating func join(_ namespace: String, _ isLate: Bool, _ within: Int64, at now: Timestamp) -> Bool {
        let suffix = namespace == "/" ? "" : namespace + ","
        // Those of other namespaces may come before.
        guard let index = self.inbox.firstIndex(where: { $0.kind != .connect || $0.namespace == namespace }) else {
            return self.missed("40\(suffix)", isLate, within, at: now)
        }
        let packet = self.inbox.remove(at: index)
        guard packet.kind == .connect else {
            self.fail(
                "it sends \(PacketPattern.short("4" + packet.header)) where a CONNECT of \(namespace) is due", at: now)
            return false
        }
        return self.send("40\(suffix){\"sid\":\"socket-\(self.sessions)\(namespace)\"}", [], .whole, at: now)
    }

    /// Source: Engine.IO protocol v4, "Heartbeat": the next ping comes pingInterval after the pong.
    mutating func beat(_ rounds: Int, at now: Timestamp) -> Bool {
        guard self.isStillThere(at: now) else { return false }
        let interval = Int64(self.scenario.pingIntervalMs) * 1_000_000
        let timeout = Int64(self.scenario.pingTimeoutMs) * 1_000_000
        switch self.progress {
        case .fresh, .begun, .asked: self.progress = .resting(now.advanced(byNs: interval), roundsLeft: rounds)
        case .resting(let due, let left):
            guard now >= due else { break }
            _ = self.send("2", [], .whole, at: now)
            self.progress = .pinged(now, roundsLeft: left)
        case .pinged(let at, let left):
            if self.pongs > 0 {
                self.pongs -= 1
                if left <= 1 { return true }
                self.progress = .resting(now.advanced(byNs: interval), roundsLeft: left - 1)
            } else if now >= at.advanced(byNs: timeout) {
                self.fail(
                    rule: "pong-missing", "it did not answer a ping within pingTimeout, \(Self.time(timeout))",
                    isLateness: true, at: now)
            }
        }
        return false
    }

    mutating func left(
        _ after: Int64, _ isLate: Bool, _ within: Int64, begun: Timestamp, at now: Timestamp
    ) -> Bool {
        let leftAt = self.leaving?.at ?? self.held.first?.at ?? (self.isClientGone ? now : nil)
        guard let leftAt else {
            if isLate { self.fail("it has not left within \(Self.time(within))", isLateness: true, at: now) }
            return false
        }
        let lived = leftAt.nanoseconds(since: begun)
        guard lived >= after else {
            let how = self.leaving.map { "it \($0.how)" } ?? "it left"
            self.fail(
                "\(how) after \(Self.time(lived)), too early: not before \(Self.time(after))",
                isLateness: true, at: now)
            return false
        }
        if self.leaving == nil {
            // It has let go of the session without a word.
            self.session?.end(.fin)
            self.endedAt = leftAt
        }
        return true
    }

    mutating func nextAttempt(
        _ after: Int64, _ isLate: Bool, _ within: Int64, at now: Timestamp
    ) -> Handshake? {
        guard let next = self.takeHandshake() else {
            if self.isClientGone {
                self.fail("its program ended instead of connecting again", at: now)
            } else if isLate {
                self.fail("it has not connected again within \(Self.time(within))", isLateness: true, at: now)
            }
            return nil
        }
        if let endedAt, next.at.nanoseconds(since: endedAt) < after {
            self.fail(
                rule: "reconnect-storm",
                "it connects again after \(Self.time(next.at.nanoseconds(since: endedAt))), too early: not before "
                    + Self.time(after), at: now)
            return nil
        }
        return next
    }

    /// On this session or a new one; what else the client sends is not looked at.
    mutating func alive(begun: Timestamp, _ isLate: Bool, _ within: Int64, at now: Timestamp) -> Bool {
        let question = "42[\"message\",\"still there?\"]"
        if let next = self.takeHandshake() { self.open(next, at: now) }
        if self.isFirstTime(begun), self.leaving == nil { _ = self.send(question, [], .whole, at: now) }
        while !self.inbox.isEmpty {
            let packet = self.inbox.removeFirst()
            if packet.kind == .connect {
                let suffix = packet.namespace == "/" ? "" : packet.namespace + ","
                _ = self.send(
                    "40\(suffix){\"sid\":\"socket-\(self.sessions)\(packet.namespace)\"}", [], .whole, at: now)
                if packet.namespace == "/" { _ = self.send(question, [], .whole, at: now) }
            } else if packet.header == "2[\"message-back\",\"still there?\"]" {
                return true
            }
        }
        if self.isClientGone {
            self.fail("its program ended", at: now)
        } else if isLate {
            self.fail(
                self.leaving.map { "it \($0.how), and did not connect again within \(Self.time(within))" }
                    ?? "it neither echoes nor connects again within \(Self.time(within))",
                isLateness: true, at: now)
        }
        return false
    }

    /// True once in a step.
    mutating func isFirstTime(_ begun: Timestamp) -> Bool {
        guard case .begun = self.progress else { return false }
        self.progress = .asked(begun)
        return true
    }

    /// False always; fails where nothing more can come, or the time is over.
    mutating func missed(
        _ what: String, rule: String? = nil, _ isLate: Bool, _ within: Int64, at now: Timestamp
    ) -> Bool {
        guard self.isStillThere(waitingFor: what, at: now) else { return false }
        if isLate {
            self.fail(
                rule: rule, "\(PacketPattern.short(what)) has not come within \(Self.time(within))",
                isLateness: true, at: now)
        }
        return false
    }

    /// Fails where the client has left the session.
    mutating func isStillThere(waitingFor what: String? = nil, at now: Timestamp) -> Bool {
        let instead = what.map { " where \(PacketPattern.short($0)) is due" } ?? ""
        if let leaving {
            self.fail("it \(leaving.how)\(instead)", isLateness: true, at: now)
        } else if !self.held.isEmpty, self.session?.isOpen == true {
            self.fail("it opens another session\(instead)", at: now)
        } else if self.isClientGone {
            self.fail("its program ended\(instead)", at: now)
        } else {
            return true
        }
        return false
    }
}
