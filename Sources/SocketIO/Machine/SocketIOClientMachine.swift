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

    /// An ack that is asked for: the token, of this one alone, comes back with the answer; `timeoutNs` nil waits as long as the namespace is
    /// there.
    public struct AckRequest: Hashable, Sendable {
        public var token: UInt64
        public var timeoutNs: Int64?

        public init(token: UInt64, timeoutNs: Int64?) {
            self.token = token
            self.timeoutNs = timeoutNs
        }
    }

    /// The largest message that the server takes, `maxPayload` of its open packet: a request that needs a larger one is
    /// refused, and nothing has changed. Nil for any.
    public var messageLimit: Int?

    private let limits: SocketIOClientLimits
    private var decoder: SocketIOPacketDecoder
    private var namespaces: [String: SocketIONamespaceState] = [:]
    /// Of the namespaces that are connected. Beside their states, so that they change in place: a copy for each of many
    /// acks would hold the caller up.
    private var acks: [String: PendingAcks] = [:]
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
        let connect = try self.send(SocketIOPacket(namespace: namespace, .connect(auth)))
        let due = now.advanced(byNs: self.limits.connectTimeoutNs)
        self.namespaces[namespace] = .connecting(until: due, early: [])
        self.wait(until: due)
        return [connect]
    }

    /// Leaves one namespace; the others stay.
    public mutating func disconnect(_ namespace: String) throws(SocketIORequestError) -> [Action] {
        switch self.namespaces[namespace] {
        case .connected:
            let bye = Action.send(SocketIOPacket(namespace: namespace, .disconnect(nil)).encoded())
            return [bye] + self.remove(namespace) + self.idleIfEmpty()
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
        guard self.isConnected(namespace) else { throw .notConnected(namespace: namespace) }
        var id: Int64?
        if ack != nil {
            guard self.acks[namespace]?.count ?? 0 < self.limits.pendingAcks else {
                throw .tooManyPendingAcks(limit: self.limits.pendingAcks)
            }
            id = self.acks[namespace]?.nextID ?? 0
        }
        let event = try self.send(
            SocketIOPacket(namespace: namespace, .event(name: name, arguments: arguments, ackID: id)))
        if let ack {
            let due = ack.timeoutNs.map { now.advanced(byNs: $0) }
            self.acks[namespace, default: PendingAcks()].ask(token: ack.token, until: due)
            if let due { self.wait(until: due) }
        }
        return [event]
    }

    /// Answers an event that came with an ack id. To be done once for each; a server ignores a second answer.
    public mutating func acknowledge(
        _ id: Int64, _ arguments: [SocketIOValue], namespace: String
    ) throws(SocketIORequestError) -> [Action] {
        guard self.isConnected(namespace) else { throw .notConnected(namespace: namespace) }
        return [try self.send(SocketIOPacket(namespace: namespace, .ack(id: id, arguments: arguments)))]
    }

    /// Gives up an ack: nothing comes for its token any more.
    public mutating func forget(token: UInt64, namespace: String) {
        self.acks[namespace]?.forget(token: token)
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
        return self.namespaces.keys.sorted().flatMap { self.remove($0) }
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
    ///
    /// - Parameter isReading: where it is not, what the server sends waits unread. Acks are late all the same, for
    ///   whoever takes what is read may wait for one; a CONNECT is not taken for unanswered.
    public mutating func timePassed(at now: Timestamp, isReading: Bool = true) -> [Action] {
        guard let due = self.deadline, due <= now else { return [] }
        self.deadline = nil
        var actions: [Action] = []
        for (namespace, state) in self.namespaces.sorted(by: { $0.key < $1.key }) {
            switch state {
            case .connecting(let until, _), .leaving(let until):
                if !isReading {
                    // Until it is again.
                    continue
                } else if until <= now {
                    self.namespaces[namespace] = nil
                    actions.append(.unanswered(namespace: namespace))
                } else {
                    self.wait(until: until)
                }
            case .connected:
                actions += self.acks[namespace]?.expire(at: now) ?? []
                if let next = self.acks[namespace]?.deadline { self.wait(until: next) }
            }
        }
        return actions + (actions.contains { $0.isUnanswered } ? self.idleIfEmpty() : [])
    }

    /// What the server sends was not read until now: the answers to a CONNECT may lie there, and have their time anew.
    public mutating func readingResumed(at now: Timestamp) {
        let due = now.advanced(byNs: self.limits.connectTimeoutNs)
        for (namespace, state) in self.namespaces {
            switch state {
            case .connecting(_, let early): self.namespaces[namespace] = .connecting(until: due, early: early)
            case .leaving: self.namespaces[namespace] = .leaving(until: due)
            case .connected: continue
            }
            self.wait(until: due)
        }
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
            self.namespaces[namespace] = .connected
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
        case (_?, .connectError(let payload)):
            return self.remove(namespace) + [.refused(namespace: namespace, payload: payload)] + self.idleIfEmpty()
        case (_?, .disconnect(let payload)):
            return self.remove(namespace) + [.disconnected(namespace: namespace, payload: payload)]
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

        case (.connected, .ack(let id, let arguments)):
            let token = self.acks[namespace]?.answer(id)
            // One that nobody asked for, or that came before or too late, is ignored as by the reference client.
            return token.map { [.acknowledged(token: $0, arguments: arguments)] } ?? []
        case (.leaving, .event), (.leaving, .ack), (.connecting, .ack): return []
        }
    }

    /// To be asked for before anything changes.
    private func send(_ packet: SocketIOPacket) throws(SocketIORequestError) -> Action {
        let messages = packet.encoded()
        if let limit = self.messageLimit, let bytes = messages.map(\.payloadBytes).max(), bytes > limit {
            throw .tooBig(bytes: bytes, limit: limit)
        }
        return .send(messages)
    }

    /// It is over: what fails with it.
    private mutating func remove(_ namespace: String) -> [Action] {
        self.namespaces[namespace] = nil
        return self.acks.removeValue(forKey: namespace)?.failures(.disconnected) ?? []
    }

    private func idleIfEmpty() -> [Action] {
        self.namespaces.isEmpty ? [.idle] : []
    }

    private mutating func wait(until due: Timestamp) {
        self.deadline = min(self.deadline ?? due, due)
    }
}

extension SocketIOMessage {
    /// As Engine.IO counts it: a text has the digit of its type in front.
    fileprivate var payloadBytes: Int {
        switch self {
        case .text(let text): text.utf8.count + 1
        case .binary(let bytes): bytes.count
        }
    }
}

extension SocketIOClientMachine.Action {
    fileprivate var isUnanswered: Bool {
        if case .unanswered = self { true } else { false }
    }
}
