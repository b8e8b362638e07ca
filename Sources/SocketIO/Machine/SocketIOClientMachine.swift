import TimelineModel

/// The client's side of Socket.IO 5 over one open Engine.IO session: its namespaces, events and acks. No socket, no
/// clock: messages, wishes and times go in, actions come out. A reconnect is a new machine.
///
/// ```
/// one namespace:  (none) --connect--> connecting --40--> connected --41, disconnect--> (none)
///                              |  |                 ^
///                              |  +--disconnect--> leaving --40: says 41--> (none)
///                              +--44, no sid, no answer in time--> (none)
/// ```
///
/// Nothing but CONNECT is sent in a namespace before the server accepted it, for Node's server ends a connection for
/// that; what the server sends before (python's, and Node's recovery) is kept and handed out behind `connected`.
/// Packets for namespaces that were not asked for are ignored, as by the reference client.
///
/// Sources: Socket.IO protocol v5; socket.io-client 4.8 `socket.ts`, socket.io-parser 4.2 where the document is silent.
/// Times are of any one clock that does not step.
public struct SocketIOClientMachine: Sendable {
    public enum Action: Equatable, Sendable {
        /// The messages of one packet, to be sent in this order with nothing between.
        case send([SocketIOMessage])
        /// The server accepted a namespace; `sid` is its name of this client there.
        case connected(namespace: String, sid: String)
        /// The server said no, with the payload of its CONNECT_ERROR; the connection stays.
        case refused(namespace: String, payload: SocketIOValue?)
        /// The server accepted without a `sid`: it speaks an older Socket.IO.
        case acceptedWithoutSid(namespace: String)
        /// The server did not answer a CONNECT in time.
        case unanswered(namespace: String)
        /// The server ended a namespace.
        case disconnected(namespace: String, payload: SocketIOValue?)
        case event(SocketIOIncomingEvent)
        case acknowledged(token: UInt64, arguments: [SocketIOValue])
        case ackFailed(token: UInt64, SocketIOAckFailure)
        /// No namespace is left that is joined or being joined.
        case idle
        /// What the server sends cannot be read: the connection is to be closed. Comes once, and last.
        case failed(SocketIOPacketError)
    }

    /// An ack that is asked for: the token comes back with the answer; `timeoutNs` nil waits as long as the namespace is
    /// there.
    public struct AckRequest: Hashable, Sendable {
        public var token: UInt64
        public var timeoutNs: Int64?

        public init(token: UInt64, timeoutNs: Int64?) {
            self.token = token
            self.timeoutNs = timeoutNs
        }
    }

    private let limits: SocketIOClientLimits
    private var decoder: SocketIOPacketDecoder
    private var namespaces: [String: SocketIONamespaceState] = [:]
    private var isOver = false
    /// Not later than anything that is waited for; may be earlier where the wait has ended.
    public private(set) var deadline: Timestamp?

    public init(_ limits: SocketIOClientLimits = SocketIOClientLimits()) {
        self.limits = limits
        self.decoder = SocketIOPacketDecoder(
            attachmentLimit: limits.attachments, attachmentBytesLimit: limits.attachmentBytes)
    }

    public func isConnected(_ namespace: String) -> Bool {
        if case .connected = self.namespaces[namespace] { true } else { false }
    }

    // MARK: The user

    /// Asks to join.
    public mutating func connect(
        _ namespace: String, auth: SocketIOValue?, at now: Timestamp
    ) throws(SocketIORequestError) -> [Action] {
        guard let namespace = SocketIOPacket.normalized(namespace: namespace) else { throw .badNamespace(namespace) }
        guard !self.isOver else { throw .notConnected(namespace: namespace) }
        guard self.namespaces[namespace] == nil else { throw .alreadyJoined(namespace: namespace) }
        let due = now.advanced(byNs: self.limits.connectTimeoutNs)
        self.namespaces[namespace] = .connecting(until: due, early: [])
        self.wait(until: due)
        return [.send(SocketIOPacket(namespace: namespace, .connect(auth)).encoded())]
    }

    /// Leaves one namespace; the others stay.
    public mutating func disconnect(_ namespace: String) throws(SocketIORequestError) -> [Action] {
        switch self.namespaces[namespace] {
        case .connected(let acks):
            self.namespaces[namespace] = nil
            let bye = Action.send(SocketIOPacket(namespace: namespace, .disconnect(nil)).encoded())
            return [bye] + acks.failures(.disconnected) + self.idleIfEmpty()
        case .connecting(let until, _):
            // The server would take a DISCONNECT now for one in a namespace that is not joined.
            self.namespaces[namespace] = .leaving(until: until)
            return []
        case .leaving, nil: throw .notConnected(namespace: namespace)
        }
    }

    /// Sends an event, and asks for its ack where one is wanted. Ids count from 0 in each namespace.
    public mutating func emit(
        _ name: String, _ arguments: [SocketIOValue], namespace: String, ack: AckRequest? = nil, at now: Timestamp
    ) throws(SocketIORequestError) -> [Action] {
        guard !SocketIOPacketHead.isReserved(name) else { throw .reservedEvent(name) }
        guard case .connected(var acks) = self.namespaces[namespace] else { throw .notConnected(namespace: namespace) }
        var id: Int64?
        if let ack {
            guard acks.count < self.limits.pendingAcks else {
                throw .tooManyPendingAcks(limit: self.limits.pendingAcks)
            }
            let due = ack.timeoutNs.map { now.advanced(byNs: $0) }
            // No copy is made of what the dictionary holds while it is changed.
            self.namespaces[namespace] = nil
            id = acks.ask(token: ack.token, until: due)
            self.namespaces[namespace] = .connected(acks)
            if let due { self.wait(until: due) }
        }
        let event = SocketIOPacket(namespace: namespace, .event(name: name, arguments: arguments, ackID: id))
        return [.send(event.encoded())]
    }

    /// Answers an event that came with an ack id. To be done once for each; a server ignores a second answer.
    public mutating func acknowledge(
        _ id: Int64, _ arguments: [SocketIOValue], namespace: String
    ) throws(SocketIORequestError) -> [Action] {
        guard self.isConnected(namespace) else { throw .notConnected(namespace: namespace) }
        return [.send(SocketIOPacket(namespace: namespace, .ack(id: id, arguments: arguments)).encoded())]
    }

    /// Gives up an ack: nothing comes for its token any more.
    public mutating func forget(token: UInt64, namespace: String) {
        guard case .connected(var acks) = self.namespaces[namespace] else { return }
        acks.forget(token: token)
        self.namespaces[namespace] = .connected(acks)
    }

    /// The goodbyes of a clean end: a DISCONNECT in each namespace that is joined. Nothing is accepted any more.
    public mutating func close() -> [Action] {
        guard !self.isOver else { return [] }
        let goodbyes = self.namespaces.keys.sorted().filter { self.isConnected($0) }.map {
            Action.send(SocketIOPacket(namespace: $0, .disconnect(nil)).encoded())
        }
        return goodbyes + self.transportClosed()
    }

    // MARK: The wire

    /// The Engine.IO session is over: every ack that was asked for fails.
    public mutating func transportClosed() -> [Action] {
        guard !self.isOver else { return [] }
        self.isOver = true
        self.deadline = nil
        let failures = self.namespaces.sorted { $0.key < $1.key }.flatMap { $0.value.ackFailures(.disconnected) }
        self.namespaces.removeAll()
        return failures
    }

    /// The data of an Engine.IO `message`.
    public mutating func receive(_ message: SocketIOMessage, at now: Timestamp) -> [Action] {
        guard !self.isOver else { return [] }
        do throws(SocketIOPacketError) {
            guard let packet = try self.decoder.receive(message) else { return [] }
            return try self.receive(packet)
        } catch {
            return self.transportClosed() + [.failed(error)]
        }
    }

    /// The deadline may have passed.
    public mutating func timePassed(at now: Timestamp) -> [Action] {
        guard let due = self.deadline, due <= now else { return [] }
        self.deadline = nil
        var actions: [Action] = []
        for (namespace, state) in self.namespaces.sorted(by: { $0.key < $1.key }) {
            switch state {
            case .connecting(let until, _), .leaving(let until):
                if until <= now {
                    self.namespaces[namespace] = nil
                    actions.append(.unanswered(namespace: namespace))
                } else {
                    self.wait(until: until)
                }
            case .connected(var acks):
                actions += acks.expire(at: now)
                if let next = acks.deadline { self.wait(until: next) }
                self.namespaces[namespace] = .connected(acks)
            }
        }
        return actions + (actions.contains { $0.isUnanswered } ? self.idleIfEmpty() : [])
    }

    private mutating func receive(_ packet: SocketIOPacket) throws(SocketIOPacketError) -> [Action] {
        let namespace = packet.namespace
        switch (self.namespaces[namespace], packet.content) {
        case (nil, _): return []

        case (.connecting(_, let early), .connect(let payload)):
            guard let sid = payload?["sid"]?.string else {
                self.namespaces[namespace] = nil
                return [.acceptedWithoutSid(namespace: namespace)] + self.idleIfEmpty()
            }
            self.namespaces[namespace] = .connected(PendingAcks())
            return [.connected(namespace: namespace, sid: sid)] + early.map { .event($0) }
        case (.leaving, .connect):
            self.namespaces[namespace] = nil
            let bye = Action.send(SocketIOPacket(namespace: namespace, .disconnect(nil)).encoded())
            return [bye] + self.idleIfEmpty()
        case (.connected, .connect(let payload)):
            // The reference client connects again, under the new id.
            return payload?["sid"]?.string.map { [.connected(namespace: namespace, sid: $0)] } ?? []

        case (.leaving, .connectError), (.leaving, .disconnect):
            self.namespaces[namespace] = nil
            return self.idleIfEmpty()
        case (let state?, .connectError(let payload)):
            self.namespaces[namespace] = nil
            return state.ackFailures(.disconnected) + [.refused(namespace: namespace, payload: payload)]
                + self.idleIfEmpty()
        case (let state?, .disconnect(let payload)):
            self.namespaces[namespace] = nil
            return state.ackFailures(.disconnected) + [.disconnected(namespace: namespace, payload: payload)]
                + self.idleIfEmpty()

        case (.connecting(let until, var early), .event(let name, let arguments, let ackID)):
            guard early.count < self.limits.earlyPackets else {
                throw .tooManyEarlyPackets(namespace: namespace, limit: self.limits.earlyPackets)
            }
            self.namespaces[namespace] = nil
            early.append(
                SocketIOIncomingEvent(namespace: namespace, name: name, arguments: arguments, ackID: ackID))
            self.namespaces[namespace] = .connecting(until: until, early: early)
            return []
        case (.connected, .event(let name, let arguments, let ackID)):
            return [
                .event(SocketIOIncomingEvent(namespace: namespace, name: name, arguments: arguments, ackID: ackID))
            ]

        case (.connected(var acks), .ack(let id, let arguments)):
            self.namespaces[namespace] = nil
            let token = acks.answer(id)
            self.namespaces[namespace] = .connected(acks)
            // One that nobody asked for, or that came before or too late, is ignored as by the reference client.
            return token.map { [.acknowledged(token: $0, arguments: arguments)] } ?? []
        case (.leaving, .event), (.leaving, .ack), (.connecting, .ack): return []
        }
    }

    private func idleIfEmpty() -> [Action] {
        self.namespaces.isEmpty ? [.idle] : []
    }

    private mutating func wait(until due: Timestamp) {
        self.deadline = min(self.deadline ?? due, due)
    }
}

extension SocketIOClientMachine.Action {
    fileprivate var isUnanswered: Bool {
        if case .unanswered = self { true } else { false }
    }
}
