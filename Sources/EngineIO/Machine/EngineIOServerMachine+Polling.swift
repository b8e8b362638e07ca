import TimelineModel

/// Its polling requests.
extension EngineIOServerMachine {
    mutating func poll(_ poll: Poll, at now: Timestamp, _ actions: inout [Action]) {
        switch self.state {
        case .polling(nil, let probe):
            var poll = poll
            if probe?.isAnswered == true { poll.noopAt = now.advanced(byNs: Self.noopIntervalNs) }
            self.state = .polling(poll, probe)
            self.flush(&actions)
        case .polling(let waiting?, let probe):
            switch self.settings.dialect {
            case .strict:
                actions.append(.refuse(code: nil, on: poll.connection))
                self.finish(.violation(.pollOverlap), &actions)
            case .lenient:
                actions.append(.tolerated(.pollOverlap))
                self.answer(waiting, [EngineIOPacket(.noop)], &actions)
                self.state = .polling(poll, probe)
            }
        case .webSocket: actions.append(.refuse(code: 3, on: poll.connection))
        case .closing:
            self.state = .over
            self.answer(poll, [EngineIOPacket(.close)], &actions)
        case .over: actions.append(.refuse(code: 1, on: poll.connection))
        }
    }

    mutating func post(_ body: [UInt8], _ connection: Int, at now: Timestamp, _ actions: inout [Action]) {
        guard case .polling = self.state else {
            actions.append(.refuse(code: self.webSocket == nil ? 1 : 3, on: connection))
            return
        }
        var packets: [EngineIOPacket] = []
        var violation: EngineIOViolation?
        do throws(PollingPayloadError) {
            try PollingPayload.split(body.span, self.settings.version) { piece in
                guard violation == nil else { return }
                let bytes = body.span.extracting(piece.range)
                do throws(EngineIODecodeError) {
                    let head =
                        piece.isBinary
                        ? try EngineIOPacketHead.binary(bytes, self.settings.version)
                        : try EngineIOPacketHead.text(bytes, self.settings.version)
                    packets.append(try EngineIOPacket(head, bytes))
                } catch {
                    violation = .malformed(error)
                }
            }
        } catch {
            violation = .malformedPayload(error)
        }
        // What the packets release may answer the waiting GET; the POST is answered first, as servers do.
        actions.append(.acceptPost(on: connection))
        for packet in packets {
            guard !self.isEnding else { return }
            self.take(packet, over: .polling, at: now, &actions)
        }
        if let violation, !self.isEnding { self.judge(violation, &actions) }
    }

    func answer(_ poll: Poll, _ packets: [EngineIOPacket], _ actions: inout [Action]) {
        let body = PollingPayload.encode(packets, self.settings.version, base64: poll.form.base64)
        actions.append(.answerPoll(body, poll.form, on: poll.connection))
    }

    mutating func flush(_ actions: inout [Action]) {
        guard !self.outbox.isEmpty else { return }
        switch self.state {
        case .polling(let poll?, let probe):
            self.state = .polling(nil, probe)
            self.answer(poll, self.outbox, &actions)
            self.outbox = []
        case .webSocket(let connection):
            for packet in self.outbox {
                actions.append(.send(packet.webSocketMessage(self.settings.version), on: connection))
            }
            self.outbox = []
        case .polling(nil, _), .closing, .over: return
        }
    }

    mutating func send(_ packets: [EngineIOPacket], _ actions: inout [Action]) {
        guard !self.isEnding else { return }
        if self.settings.version == .v3 { self.heartbeat.answered() }
        self.outbox += packets
        self.flush(&actions)
    }
}
