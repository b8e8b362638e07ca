import TimelineModel

/// Its WebSocket, and the upgrade to it.
extension EngineIOServerMachine {
    /// How often a waiting GET is answered with a noop while the client upgrades; engine.io `socket.ts`: 100 ms.
    static let noopIntervalNs: Int64 = 100_000_000

    static let probe = "probe"

    mutating func probe(_ connection: Int, at now: Timestamp, _ actions: inout [Action]) {
        guard case .polling(let poll, nil) = self.state else {
            actions.append(.closeWebSocket(on: connection, code: nil))
            return
        }
        let probe = Probe(connection: connection, until: now.advanced(byNs: self.settings.upgradeTimeoutNs))
        self.state = .polling(poll, probe)
    }

    mutating func receive(
        _ content: Content, _ connection: Int, at now: Timestamp, _ actions: inout [Action]
    ) {
        switch self.state {
        case .webSocket(connection): self.receive(content, at: now, &actions)
        case .polling(let poll, let probe?) where probe.connection == connection:
            let packet = try? EngineIOPacket(webSocketMessage: content, self.settings.version)
            if packet == EngineIOPacket(.ping, Self.probe) {
                actions.append(.received(EngineIOPacket(.ping, Self.probe), over: .websocket))
                let answer = EngineIOPacket(.pong, Self.probe).webSocketMessage(self.settings.version)
                actions.append(.send(answer, on: connection))
                let answered = Probe(connection: connection, isAnswered: true, until: probe.until)
                self.state = .polling(nil, answered)
                if let poll { self.answer(poll, [EngineIOPacket(.noop)], &actions) }
            } else if packet?.type == .upgrade {
                actions.append(.received(EngineIOPacket(.upgrade), over: .websocket))
                self.state = .webSocket(connection)
                actions.append(.upgraded(on: connection))
                if let poll { self.answer(poll, [EngineIOPacket(.noop)], &actions) }
                self.flush(&actions)
            } else {
                // The session lives on over polling. Source: engine.io `socket.ts`, `maybeUpgrade`.
                self.state = .polling(poll, nil)
                actions.append(.closeWebSocket(on: connection, code: nil))
            }
        case .polling, .webSocket, .closing, .over: return
        }
    }

    mutating func receive(_ content: Content, at now: Timestamp, _ actions: inout [Action]) {
        let size =
            switch content {
            case .text(let text): text.utf8.count
            case .binary(let bytes): bytes.count
            }
        if let limit = self.settings.maxMessageBytes, size > limit {
            // No server passes it over.
            return self.finish(.violation(.tooBig(bytes: size, limit: limit)), &actions)
        }
        do throws(EngineIODecodeError) {
            let packet = try EngineIOPacket(webSocketMessage: content, self.settings.version)
            self.take(packet, over: .websocket, at: now, &actions)
        } catch {
            self.judge(.malformed(error), &actions)
        }
    }

    mutating func close(_ connection: Int, _ wasReset: Bool, _ actions: inout [Action]) {
        switch self.state {
        case .webSocket(connection): self.finish(.transportClosed(wasReset: wasReset), &actions)
        case .polling(let poll, let probe):
            if probe?.connection == connection { self.state = .polling(poll, nil) }
            guard let poll, poll.connection == connection else { return }
            self.state = .polling(nil, probe?.connection == connection ? nil : probe)
            self.judge(.pollAborted, &actions)
        case .webSocket, .closing, .over: return
        }
    }
}
