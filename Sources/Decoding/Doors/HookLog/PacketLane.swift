import EngineIO
import HookLog
import TimelineModel

/// The long-polling transport where the source gives its packets one by one, without HTTP around them.
final class PacketLane {
    private let scope: ConnectionScope
    private let opening: WebSocketLane.Opening
    private var session: SessionLane?

    init(_ scope: ConnectionScope, _ opening: WebSocketLane.Opening) {
        self.scope = scope
        self.opening = opening
        scope.facts.application = .http
    }

    private var version: EngineIOVersion {
        // Without a version in the URL: 4, which nearly all speak.
        self.opening.isVague ? .v4 : self.opening.target?.version ?? .v4
    }

    func receive(_ message: HookLine.Message, at: Timestamp) {
        let limit = self.scope.context.limits.messageBytes
        let (bytes, told, loss) = message.body.content(limit: limit)
        let size = message.measure.sizeBytes ?? told
        let origin = FrameOrigin(
            connectionID: self.scope.id, at: at, sender: message.sender, transport: .polling, opcode: nil,
            sizeBytes: size, wireBytes: message.measure.wireBytes ?? size, flags: message.measure.flags)
        let log = self.scope.context.log
        self.scope.count(told, from: message.sender)
        if message.isRefused {
            let (frame, anomalies) = origin.refused(
                bytes.span, self.version, sid: self.opening.target?.sid ?? "unknown")
            return log.add(frame, anomalies)
        }
        let session = self.session ?? self.findSession(message, bytes, at)
        if let loss {
            let reason = loss.reason(limitBytes: limit)
            session.addUnreadable(origin, origin.anomaly("engineio.unreadable-packet", reason), log)
        } else if case .text = message.body {
            session.receiveText(bytes.span, origin, log)
        } else {
            session.receiveBinary(bytes.span, origin, log)
        }
        if message.sender == .server { session.pollSucceeded() }
    }

    func ended(_ end: EndClass, by sender: Sender?, at: Timestamp) {
        self.session?.pollFailed(end, by: sender, at: at)
    }

    /// The session that the URL names, or the one that begins with this packet.
    private func findSession(_ message: HookLine.Message, _ bytes: [UInt8], _ at: Timestamp) -> SessionLane {
        var session = self.opening.target?.sid.flatMap {
            self.scope.context.sessions.find($0, server: self.scope.server)
        }
        if session == nil {
            var isText = false
            if case .text = message.body { isText = true }
            session = self.scope.makeSession(
                firstText: bytes.span.extracting(0..<(isText ? bytes.count : 0)), from: message.sender, self.version,
                self.opening, at: at)
        }
        self.scope.session = session
        self.session = session
        return session!
    }
}
