import EngineIO
import TimelineModel

/// The WebSocket of a session, from the first byte on or by an upgrade. Source: Engine.IO protocol v4, "Upgrade".
extension ClientLink {
    private static let probe = "probe"

    /// Begins an upgrade.
    mutating func dial(sid: String) -> [LinkOutput] {
        let id = self.number()
        self.socket = Socket(id: id, stage: .dialing)
        return self.dial(self.plan.target(.websocket, sid: sid, stamp: nil), as: id)
    }

    mutating func socketOpened(_ id: Int) -> [LinkOutput] {
        guard id == self.socket?.id, case .dialing = self.socket?.stage else { return [] }
        guard self.polling != nil else {
            self.socket?.stage = .active
            return []
        }
        guard !self.habits.dropsUpgrade else {
            self.socket = nil
            return [.action(.end(.fin, on: id))]
        }
        self.socket?.stage = .probing
        return [.action(.send(EngineIOPacket(.ping, Self.probe).webSocketMessage(), on: id))]
    }

    mutating func socketRefused(
        _ response: HTTPResponse?, _ reason: String, _ id: Int, at now: Timestamp
    ) -> [LinkOutput] {
        guard id == self.socket?.id else {
            self.strays.remove(id)
            return []
        }
        self.socket = nil
        switch self.phase {
        case .opening: return self.finish(.refused(response, reason: reason), nil, at: now)
        case .closing(let end, _): return self.endIfQuiet(end)
        // An upgrade that fails costs nothing: the session stays with polling.
        case .open: return self.flush() + self.poll()
        case .idle, .afterwards, .ended: return []
        }
    }

    mutating func receive(_ content: EngineIOPacket.Content, on id: Int, at now: Timestamp) -> [LinkOutput] {
        guard id == self.socket?.id, let stage = self.socket?.stage else { return [] }
        let packet: EngineIOPacket
        do throws(EngineIODecodeError) {
            packet = try EngineIOPacket(webSocketMessage: content, self.plan.version)
        } catch {
            switch self.phase {
            case .opening, .open: return self.finish(.garbled(error.description), nil, at: now)
            case .idle, .closing, .afterwards, .ended: return []
            }
        }
        switch stage {
        case .active: return self.receive(packet, at: now)
        case .probing where packet.type == .pong && packet.content == .text(Self.probe):
            self.socket?.stage = .pausing
            return self.goOnUpgrading()
        case .dialing, .probing, .pausing: return []
        }
    }

    /// Sends the `upgrade` packet once nothing is under way over polling any more, and what is queued behind it.
    mutating func goOnUpgrading() -> [LinkOutput] {
        guard let socket, case .pausing = socket.stage, self.habits.finishesUpgrade, self.handshake != nil,
            let polling, polling.get == nil, polling.post == nil
        else { return [] }
        self.socket?.stage = .active
        self.polling = nil
        let packets = [EngineIOPacket(.upgrade)] + polling.queue
        return packets.map { .action(.send($0.webSocketMessage(self.plan.version), on: socket.id)) }
    }

    mutating func socketClosed(_ id: Int, wasReset: Bool, at now: Timestamp) -> [LinkOutput] {
        guard id == self.socket?.id, let socket else {
            self.strays.remove(id)
            return []
        }
        self.socket = nil
        let how = socket.farewell ?? (wasReset ? "a reset" : "FIN without a close frame")
        switch self.phase {
        case .opening:
            return self.finish(
                .refused(nil, reason: "the connection ended before the open packet: \(how)"), nil, at: now)
        case .closing(let end, _): return self.endIfQuiet(end)
        case .afterwards(let end, _): return self.end(end)
        case .open where self.polling == nil: return self.finish(.ended(how), nil, at: now)
        case .open: return self.flush() + self.poll()
        case .idle, .ended: return []
        }
    }
}
