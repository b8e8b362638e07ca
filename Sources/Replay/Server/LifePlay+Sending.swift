import EngineIO
import JSONText
import SocketIO
import TimelineModel

// What of the server's packets is due, and how it is written.
extension LifePlay {
    enum Head {
        case due(Timestamp)
        /// On a packet of the client.
        case waits(on: Int)
        /// On a CONNECT that the recording lacks.
        case waitsForConnect
        /// What it needs will not come.
        case dead
    }

    func head(_ lane: Lane, _ step: LifePlan.Step) -> Head {
        if let connect = step.connect {
            switch self.heard[connect] {
            case .at: break
            case .givenUp: return .dead
            case nil: return .waits(on: connect)
            }
        }
        if step.needsAssumedConnect, lane.assumedAt == nil { return .waitsForConnect }
        let base: (live: Timestamp, recordedNs: Int64)
        switch step.cause {
        case .opening: base = (self.began, 0)
        case .reply(let asked):
            switch self.heard[asked] {
            case .at(let at): base = (at, self.plan.atNs(asked))
            case .givenUp: return .dead
            case nil: return .waits(on: asked)
            }
        case .barrier(let index):
            switch self.heard[index] {
            case .at(let at), .givenUp(let at): base = (at, self.plan.atNs(index))
            case nil where self.settings.policy == .timed: base = (self.began, 0)
            case nil: return .waits(on: index)
            }
        }
        // The pause counts from whichever came last in the recording: the client's packet or the server's own.
        var from = base
        if let last = lane.last, last.recordedNs > base.recordedNs { from = last }
        var due = from.live.advanced(byNs: self.settings.pace.scaled(step.atNs - from.recordedNs))
        if self.settings.policy == .timed {
            due = self.began.advanced(byNs: self.settings.pace.scaled(step.atNs))
            if case .reply = step.cause { due = max(due, base.live) }
        }
        if let last = lane.last { due = max(due, last.live) }
        return .due(lane.assumedAt.map { max(due, $0) } ?? due)
    }

    /// When something is to be done without a word of the client.
    var deadline: Timestamp? {
        guard !self.isDone else { return nil }
        var earliest = (self.dueAcks.map(\.due) + self.duePongs.map(\.due)).min()
        func offer(_ time: Timestamp?) {
            guard let time else { return }
            earliest = earliest.map { min($0, time) } ?? time
        }
        for lane in self.lanes {
            guard let first = lane.steps.first else { continue }
            switch self.head(lane, self.plan.steps[first]) {
            case .due(let due): offer(due)
            case .dead: offer(self.began)
            case .waits, .waitsForConnect: continue
            }
        }
        if earliest == nil { offer(self.waiting?.until ?? self.connectDue ?? self.closing) }
        return earliest
    }

    mutating func pass(_ now: Timestamp, _ outputs: inout [Output]) {
        for pong in self.duePongs where pong.due <= now && !self.isDone {
            outputs.append(.send([EngineIOPacket(.pong, pong.data)]))
        }
        self.duePongs.removeAll { $0.due <= now }
        while !self.isDone {
            if self.sendNext(now, &outputs) { continue }
            if let waiting = self.waiting {
                guard waiting.until <= now, self.isIdle else { return }
                guard self.giveUp(waiting.index, at: now, &outputs) else { return }
            } else if let due = self.connectDue {
                guard due <= now else { return }
                outputs.append(.violated("no connect to any namespace"))
                return
            } else if let closing = self.closing, closing <= now, self.isIdle {
                self.isDone = true
                if case .server(let end) = self.plan.end { outputs.append(.end(end)) }
            } else {
                return
            }
        }
    }

    /// Nothing is due on its own.
    var isIdle: Bool {
        self.dueAcks.isEmpty
            && self.lanes.allSatisfy { lane in
                guard let first = lane.steps.first else { return true }
                switch self.head(lane, self.plan.steps[first]) {
                case .due, .dead: return false
                case .waits, .waitsForConnect: return true
                }
            }
    }

    /// Sends what is due first; false where nothing is.
    mutating func sendNext(_ now: Timestamp, _ outputs: inout [Output]) -> Bool {
        var next: (due: Timestamp, step: Int, lane: Int?)?
        for place in self.lanes.indices {
            guard let first = self.lanes[place].steps.first else { continue }
            switch self.head(self.lanes[place], self.plan.steps[first]) {
            case .due(let due):
                guard due <= now, next.map({ (due, first) < ($0.due, $0.step) }) ?? true else { continue }
                next = (due, first, place)
            case .dead:
                self.lanes[place].steps.removeFirst()
                return true
            case .waits, .waitsForConnect: continue
            }
        }
        for due in self.dueAcks where due.due <= now {
            if next.map({ (due.due, due.step) < ($0.due, $0.step) }) ?? true { next = (due.due, due.step, nil) }
        }
        guard let next else { return false }
        let step = self.plan.steps[next.step]
        if let lane = next.lane {
            self.lanes[lane].steps.removeFirst()
            self.lanes[lane].last = (now, step.atNs)
        } else {
            self.dueAcks.removeAll { $0.step == next.step }
        }
        if case .engineIO(.ping, _) = self.plan.packets[step.index].content {
            outputs.append(.ping)
        } else {
            guard let packets = self.packets(of: step) else { return true }
            outputs.append(.send(packets))
        }
        self.lateness.add(now.nanoseconds(since: next.due))
        self.advance(step.atNs, at: now)
        return true
    }

    /// Nil for an answer that nobody waits for.
    mutating func packets(of step: LifePlan.Step) -> [EngineIOPacket]? {
        switch self.plan.packets[step.index].content {
        case .engineIO(let type, let data): return [EngineIOPacket(type, data)]
        case .unreadable: return nil
        case .message(.text(let text)): return [EngineIOPacket(.message, text)]
        case .message(.binary(let bytes)): return [EngineIOPacket(.message, binary: bytes)]
        case .socketIO(var packet):
            switch packet.kind {
            case .connect:
                self.namespaces[packet.namespace] = .connected
                if !self.sidSuffix.isEmpty { packet.payload = packet.payload.map { self.renamed($0) } }
            case .connectError, .disconnect: self.namespaces[packet.namespace] = nil
            case .ack:
                guard case .reply(let asked) = step.cause, let id = self.liveAckIDs[asked] else { return nil }
                packet.ackID = id
            case .event:
                if let name = self.plan.unanswered[step.index] { self.unanswered.insert(name) }
            }
            return self.encode(packet)
        }
    }

    func encode(_ packet: ScriptedPacket) -> [EngineIOPacket] {
        if case .socketIO(_, .msgpack) = self.plan.language {
            return [EngineIOPacket(.message, binary: packet.messagePack)]
        }
        return [EngineIOPacket(.message, packet.header)]
            + packet.attachments.map { EngineIOPacket(.message, binary: $0) }
    }

    /// The payload of a CONNECT with ids that no other live session has.
    func renamed(_ payload: String) -> String {
        guard case .object(var members)? = try? JSONValue(payload) else { return payload }
        for place in members.indices where members[place].key == "sid" || members[place].key == "pid" {
            if let text = members[place].value.string { members[place].value = .string(text + self.sidSuffix) }
        }
        return JSONValue.object(members).description
    }
}
