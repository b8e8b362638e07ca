import EngineIO
import SocketIO
import TimelineModel

// What the client says, and what it is taken for.
extension LifePlay {
    /// The data of one `message` packet.
    mutating func receive(_ content: EngineIOPacket.Content, at now: Timestamp, _ outputs: inout [Output]) {
        for packet in self.reader.receive(content) { self.receive(packet, at: now, &outputs) }
    }

    mutating func receive(_ live: LivePacket, at now: Timestamp, _ outputs: inout [Output]) {
        switch live {
        case .message(let content): self.match(.message(content), ackID: nil, at: now)
        case .malformed(let content, let what):
            guard self.dialect == .lenient else {
                outputs.append(.violated("no packet of Socket.IO: \(what)"))
                return
            }
            self.diverge(
                .unexpected, content: .message(content), at: now, detail: "no packet of Socket.IO: \(what)")
        case .packet(let packet): self.receive(packet, at: now, &outputs)
        }
    }

    mutating func receive(_ packet: ScriptedPacket, at now: Timestamp, _ outputs: inout [Output]) {
        let content = RecordedPacket.Content.socketIO(packet)
        let state = self.namespaces[packet.namespace]
        switch packet.kind {
        case .connect:
            if state != nil {
                self.match(content, ackID: nil, at: now)
                if self.dialect == .strict {
                    outputs.append(.violated("a second connect to \(packet.namespace)"))
                } else {
                    outputs.append(.send(self.refusal(of: packet.namespace, "Unable to connect")))
                }
                return
            }
            self.connect(packet, at: now, &outputs)
        case .disconnect:
            self.namespaces[packet.namespace] = nil
            // A goodbye more than recorded is the client's own affair.
            self.match(content, ackID: nil, at: now, isOptional: true)
        case .event:
            let place = self.match(content, ackID: nil, at: now)
            if let place, let id = packet.ackID { self.liveAckIDs[place] = id }
            if let place { self.release(acksOf: place, at: now) }
            if let event = packet.event, SocketIOPacketHead.isReserved(event), self.dialect == .strict {
                outputs.append(.violated("an event named \(event), which is reserved"))
            } else {
                self.judge(packet, state, &outputs)
            }
        case .ack:
            // An answer that the recorded client owed is no more than right.
            let isOwed = packet.ackID.map { self.owes(ackID: $0, packet.namespace) } ?? false
            self.match(content, ackID: packet.ackID, at: now, isOptional: isOwed)
            self.judge(packet, state, &outputs)
        case .connectError:
            self.match(content, ackID: nil, at: now)
            if self.dialect == .strict { outputs.append(.violated("a connect_error, which only servers send")) }
        }
    }

    /// The server asked for this ack live, and it has not come in the recording.
    private mutating func owes(ackID: Int64, _ namespace: String) -> Bool {
        self.unanswered.remove(LifePlan.AckName(namespace: namespace, id: ackID)) != nil
    }

    /// What is sent while a CONNECT waits for its answer is a race that servers decide differently: it passes.
    func judge(_ packet: ScriptedPacket, _ state: LiveNamespace?, _ outputs: inout [Output]) {
        guard state == nil, self.dialect == .strict else { return }
        outputs.append(.violated("\(packet.kind.rawValue) for \(packet.namespace), which is not connected"))
    }

    mutating func connect(_ packet: ScriptedPacket, at now: Timestamp, _ outputs: inout [Output]) {
        let namespace = packet.namespace
        self.hasConnected = true
        if let match = self.expected.match(.socketIO(packet)) {
            self.note(match, .socketIO(packet), at: now)
            self.namespaces[namespace] = .connecting
            return
        }
        guard self.plan.assumed.contains(namespace) || self.plan.connectsNothing else {
            self.diverge(
                .unexpected, content: .socketIO(packet), at: now,
                detail: "the recorded client did not connect to it, or not so often")
            outputs.append(.send(self.refusal(of: namespace, "Invalid namespace")))
            return
        }
        self.nextSuffix += 1
        let payload =
            self.plan.version == .v4 ? "{\"sid\":\"replay-\(self.number)-\(self.nextSuffix)\(self.sidSuffix)\"}" : nil
        self.namespaces[namespace] = .connected
        for place in self.lanes.indices where self.lane(place, isOf: namespace) { self.lanes[place].assumedAt = now }
        outputs.append(.send(self.encode(ScriptedPacket(type: .connect, namespace: namespace, payload: payload))))
    }

    func lane(_ place: Int, isOf namespace: String) -> Bool {
        self.plan.lanes[place].first.map {
            PacketText.namespace(self.plan.packets[self.plan.steps[$0].index].content) == namespace
        } ?? false
    }

    func refusal(of namespace: String, _ message: String) -> [EngineIOPacket] {
        let payload = self.plan.version == .v4 ? "{\"message\":\"\(message)\"}" : "\"\(message)\""
        return self.encode(ScriptedPacket(type: .connectError, namespace: namespace, payload: payload))
    }

    @discardableResult
    mutating func match(
        _ content: RecordedPacket.Content, ackID: Int64?, at now: Timestamp, isOptional: Bool = false
    ) -> Int? {
        guard let match = self.expected.match(content, ackID: ackID) else {
            if !isOptional {
                self.diverge(.unexpected, content: content, at: now, detail: "the recording has nothing like it here")
            }
            return nil
        }
        self.note(match, content, at: now)
        return match.index
    }

    mutating func note(_ match: ExpectedPackets.Match, _ content: RecordedPacket.Content, at now: Timestamp) {
        let wasGivenUp = if case .givenUp = self.heard[match.index] { true } else { false }
        self.heard[match.index] = .at(now)
        if self.isDemanded(match.index) { self.demandedLeft -= 1 }
        self.givenUpInARow = 0
        self.skipHeard()
        self.advance(self.plan.atNs(match.index), at: now)
        if wasGivenUp {
            self.diverge(.late, match, content, at: now, detail: "it came after the replay had gone on without it")
        }
        if match.isReordered {
            self.diverge(.reordered, match, content, at: now, detail: "it followed another event in the recording")
        }
        if !match.differences.isEmpty {
            let places = match.differences.map { $0.pointer.isEmpty ? "the whole" : $0.pointer }
            self.diverge(
                .changed, match, content, at: now,
                detail:
                    "\(places.count) \(places.count == 1 ? "place" : "places"): \(places.prefix(5).joined(separator: ", "))"
            )
        }
    }

    func isDemanded(_ index: Int) -> Bool {
        // Ascending: a search by halves.
        var low = 0
        var high = self.plan.demanded.count
        while low < high {
            let middle = (low + high) / 2
            if self.plan.demanded[middle] < index { low = middle + 1 } else { high = middle }
        }
        return low < self.plan.demanded.count && self.plan.demanded[low] == index
    }

    mutating func release(acksOf place: Int, at now: Timestamp) {
        for step in self.plan.acks[place] ?? [] {
            let delay = self.plan.steps[step].atNs - self.plan.atNs(place)
            self.dueAcks.append(DueStep(step: step, due: now.advanced(byNs: self.settings.pace.scaled(delay))))
        }
    }

    mutating func advance(_ recordedNs: Int64, at now: Timestamp) {
        self.progress = (now, max(self.progress.recordedNs, recordedNs))
    }
}
