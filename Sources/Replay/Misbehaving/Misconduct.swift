import EngineIO
import TimelineModel

/// What a client does wrong, as changes to a link that would do everything right.
protocol Misconduct: Sendable {
    /// When `timePassed` is due at the latest.
    var deadline: Timestamp? { get }

    /// The session is open.
    mutating func opened(_ handshake: EngineIOHandshake, _ version: EngineIOVersion, at now: Timestamp) -> [LinkAct]

    /// These packets are about to be sent, together; what comes back is sent in their place.
    mutating func saying(_ packets: [EngineIOPacket], at now: Timestamp) -> [EngineIOPacket]

    /// A packet of the session came.
    mutating func hearing(_ packet: EngineIOPacket, at now: Timestamp) -> [LinkAct]

    mutating func timePassed(at now: Timestamp) -> [LinkAct]

    /// The client is about to end the session.
    mutating func leaving() -> [LinkAct]
}

extension Misconduct {
    var deadline: Timestamp? { nil }
    mutating func opened(_ handshake: EngineIOHandshake, _ version: EngineIOVersion, at now: Timestamp) -> [LinkAct] {
        []
    }
    mutating func saying(_ packets: [EngineIOPacket], at now: Timestamp) -> [EngineIOPacket] { packets }
    mutating func hearing(_ packet: EngineIOPacket, at now: Timestamp) -> [LinkAct] { [] }
    mutating func timePassed(at now: Timestamp) -> [LinkAct] { [] }
    mutating func leaving() -> [LinkAct] { [] }
}

/// What a misconduct makes a link do.
enum LinkAct: Hashable, Sendable {
    /// As they are, with nothing between.
    case packets([EngineIOPacket])
    /// A WebSocket message, or the whole body of a POST, that need not be a packet.
    case raw(EngineIOPacket.Content)
    /// A body with this `Content-Type`; nothing over a WebSocket.
    case post(PollingBody.Encoded)
    /// Frames as they are, in one write; nothing over polling.
    case frames([RawFrame])
    /// A GET although one is open, or although the session has left polling.
    case extraGet
    case abortGet
    /// The next GET, where none is open.
    case poll
    /// Lets neither GET nor POST begin, or lets go on what has waited.
    case holdPolling(Bool)
    /// Begins an upgrade, where none is under way.
    case upgrade
    /// Another WebSocket with the sid of the session.
    case extraWebSocket([HTTPField])
    /// Lets go of those others.
    case dropWebSockets
    /// Lets go of the connections without a word.
    case vanish(ConnectionEnd)
}

extension ClientLink {
    mutating func act(_ acts: [LinkAct], at now: Timestamp) -> [LinkOutput] {
        acts.flatMap { self.act($0, at: now) }
    }

    private mutating func act(_ act: LinkAct, at now: Timestamp) -> [LinkOutput] {
        guard let sid = self.handshake?.sid else { return [] }
        switch act {
        case .packets(let packets): return self.write(packets)
        case .raw(let content):
            if self.isOnWebSocket, let socket { return [.action(.send(content, on: socket.id))] }
            guard case .text(let text) = content else {
                guard case .binary(let bytes) = content else { return [] }
                return self.write([EngineIOPacket(.message, binary: bytes)])
            }
            return self.act(
                .post(PollingBody.Encoded(contentType: "text/plain;charset=UTF-8", bytes: Array(text.utf8))), at: now)
        case .post(let body):
            guard !self.isOnWebSocket, self.polling != nil else { return [] }
            self.polling?.bodies.append(body)
            return self.flush()
        case .extraGet:
            let id = self.number()
            return [self.get(sid, as: id)]
        case .abortGet:
            guard let get = self.polling?.get else { return [] }
            self.polling?.get = nil
            return [.action(.abort(get))]
        case .poll: return self.poll()
        case .frames(let frames):
            guard self.isOnWebSocket, let socket else { return [] }
            return [.action(.sendFrames(frames, on: socket.id))]
        case .holdPolling(let isHeld):
            self.polling?.isHeld = isHeld
            return isHeld ? [] : self.flush() + self.poll()
        case .upgrade: return self.polling == nil || self.socket != nil ? [] : self.dial(sid: sid)
        case .extraWebSocket(let headers):
            let id = self.number()
            self.strays.insert(id)
            let target = self.plan.target(.websocket, sid: sid, stamp: nil)
            return [.action(.openWebSocket(target: target, headers: headers, as: id))]
        case .dropWebSockets: return self.strays.sorted().map { .action(.end(.fin, on: $0)) }
        case .vanish(let end): return self.close(end, at: now)
        }
    }
}
