import EngineIO
import Replay
import TimelineModel

/// Writes recordings for tests, line by line: `>` the client, `<` the server, `+ms` the time before it, then the Engine.IO
/// packet as text. `b64` is not needed: `>* 1,2,3` is a binary message.
struct Script {
    var version = 4
    var transports: [Transport] = [.websocket]
    var endedBy: Sender? = .client
    var endClass: EndClass? = .webSocketClose
    var closeCode: UInt16?
    /// Of the session, after its last line.
    var endMs: Int64 = 10
    var startMs: Int64 = 0
    var lines: [String]

    init(_ lines: [String]) { self.lines = lines }

    func session(id: Int64 = 1) -> RecordedSession {
        var at = Timestamp(nanoseconds: 1_700_000_000_000_000_000 + self.startMs * 1_000_000)
        var facts = SessionFacts(id: id, sid: "recorded-eio-\(id)", opened: at)
        facts.engineIOVersion = self.version
        facts.socketIOVersion = self.version == 4 ? 5 : 4
        facts.transports = self.transports
        facts.path = "/socket.io/"
        facts.completeHead = true
        var collector = SessionCollector(facts)
        var frameID = id * 1_000
        for line in self.lines {
            let parts = line.split(separator: " ", maxSplits: 2).map(String.init)
            let text = parts.count > 2 ? parts[2] : ""
            at = at.advanced(byNs: (Int64(parts[1].dropFirst()) ?? 0) * 1_000_000)
            frameID += 1
            let sender: Sender = parts[0].hasPrefix(">") ? .client : .server
            collector.see(Self.frame(frameID, at, sender, text, isBinary: parts[0].hasSuffix("*"), self.version))
        }
        at = at.advanced(byNs: self.endMs * 1_000_000)
        if self.endClass == .webSocketClose, let endedBy {
            var close = Frame(
                id: frameID + 1, connectionID: 1, at: at, sender: endedBy, transport: .websocket, layer: .websocket,
                opcode: 8, sizeBytes: 0, wireBytes: 0)
            close.closeCode = self.closeCode
            collector.see(close)
        }
        var session = collector.finish()
        session.facts.ended = at
        session.facts.endClass = self.endClass
        session.facts.endedBy = self.endedBy
        return session
    }

    static func frame(
        _ id: Int64, _ at: Timestamp, _ sender: Sender, _ text: String, isBinary: Bool, _ version: Int
    ) -> Frame {
        var frame = Frame(
            id: id, connectionID: 1, at: at, sender: sender, transport: .websocket, layer: .engineio, sizeBytes: 0,
            wireBytes: 0)
        if isBinary {
            frame.engineIOType = .message
            frame.socketIOType = .attachment
            frame.binary = text.split(separator: ",").compactMap { UInt8($0) }
            return frame
        }
        frame.engineIOType = text.utf8.first.flatMap { EngineIOType(rawValue: $0 &- 0x30) }
        let data = String(text.dropFirst())
        frame.payload = data
        guard frame.engineIOType == .message else { return frame }
        var reader = LivePacketReader(.socketIO(version == 3 ? .v3 : .v4, .json))
        // A header waits for its attachments inside the reader: none of them is asked for here.
        let bare = data.first == "5" || data.first == "6"
        let count = bare ? Int(data.dropFirst().prefix { $0.isNumber }) ?? 0 : 0
        let plain = bare ? (data.first == "5" ? "2" : "3") + data.drop { $0 != "-" }.dropFirst() : data
        guard case .packet(let packet)? = reader.receive(.text(plain)).first else { return frame }
        frame.socketIOType = bare ? (data.first == "5" ? .binaryEvent : .binaryAck) : packet.type
        frame.namespace = packet.namespace
        frame.event = packet.event
        frame.ackID = packet.ackID
        frame.payload = packet.payload
        frame.attachments = bare ? count : nil
        return frame
    }

    var lineage: RecordedLineage { RecordedLineage(lives: [.session(self.session())]) }
}

extension RecordedLineage {
    init(_ scripts: [Script]) {
        self.init(lives: scripts.enumerated().map { .session($0.element.session(id: Int64($0.offset) + 1)) })
    }
}
