import EngineIO
import TimelineModel
import Wire

extension ConnectionScope {
    /// The session that begins with a packet on this connection: with the open packet, which says what it is, or with
    /// any other one where the beginning is not in the capture.
    ///
    /// - Parameter firstText: the packet; empty where it is no text that can be read.
    func makeSession(
        firstText: Span<UInt8>, from sender: Sender, _ version: EngineIOVersion, _ opening: WebSocketLane.Opening?,
        at: Timestamp
    ) -> SessionLane {
        let isOpen = sender == .server && firstText.has("0{", at: 0)
        let handshake = isOpen ? EngineIOHandshake(json: firstText.extracting(1..<firstText.count)) : nil
        let session = self.context.sessions.make(
            sid: handshake?.sid ?? opening?.target?.sid, version: version, target: opening?.target,
            identity: self.identity(opening?.exchange, opening?.target), host: opening?.host, at: opening?.at ?? at)
        if let handshake { session.open(handshake) }
        self.session = session
        return session
    }
}

extension FrameOrigin {
    /// A packet for a session that the server did not know, and refused: a row without a session.
    ///
    /// - Parameter place: where it stood, where the source tells that.
    func refused(
        _ bytes: Span<UInt8>, _ version: EngineIOVersion, sid: String, place: String? = nil
    ) -> (Frame, [Anomaly]) {
        var frame = self.frame(.engineio, sessionID: nil)
        var anomaly = self.anomaly(
            "engineio.refused-packet",
            "a packet for session \(sid), which the server does not know\(place.map { ", \($0)" } ?? ""); "
                + "expected the sid of an open one")
        if let head = try? EngineIOPacketHead.text(bytes, version), head.form == .text {
            frame.engineIOType = head.type
            let data = bytes.extracting(head.dataOffset..<bytes.count)
            if data.count > 0 { frame.payload = data.text(0..<data.count) }
        } else {
            anomaly.detail += " (not decoded)"
        }
        return (frame, [anomaly])
    }
}
