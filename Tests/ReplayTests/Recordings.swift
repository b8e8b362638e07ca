import Decoding
import Foundation
import JSONText
import Replay
import TestSupport
import TimelineModel

/// The bundled captures as lineages, and recordings made by hand.
enum Recordings {
    static func capture(_ name: String, session: Int64 = 1) throws -> RecordedLineage {
        let folder = TestFiles.captures.appending(path: name)
        let file = folder.appending(path: "capture.pcap")
        let bytes = try TestFiles.bytes(TestFiles.exists(file) ? file : folder.appending(path: "capture.pcapng"))
        let decoder = CaptureDecoder(CaptureFacts(kind: .pcap, source: name))
        var rows = Rows()
        try decoder.feed(bytes.span) { rows.add($0) }
        try decoder.finish { rows.add($0) }
        return rows.lineage(of: session)
    }

    static func lineages(_ folder: URL) throws -> [RecordedLineage] {
        guard let name = TestFiles.names(in: folder).first(where: { $0.hasPrefix("capture.") }) else { return [] }
        let bytes = try TestFiles.bytes(folder.appending(path: name))
        let decoder = CaptureDecoder(CaptureFacts(kind: .pcap, source: name))
        var rows = Rows()
        try decoder.feed(bytes.span) { rows.add($0) }
        try decoder.finish { rows.add($0) }
        return Set(rows.sessions.values.map(\.lineage)).sorted().map { rows.lineage(of: $0) }
    }

    private struct Rows {
        var frames: [Frame] = []
        var exchanges: [ExchangeFacts] = []
        var sessions: [Int64: SessionFacts] = [:]

        mutating func add(_ batch: TimelineBatch) {
            self.frames += batch.frames
            self.exchanges += batch.exchanges
            for facts in batch.sessions { self.sessions[facts.id] = facts }
        }

        func lineage(of session: Int64) -> RecordedLineage {
            let lineage = self.sessions[session]?.lineage
            let own = self.sessions.values.filter { $0.lineage == lineage }.sorted { $0.id < $1.id }
            return RecordedLineage(
                lives: own.map { facts in
                    var collector = SessionCollector(facts)
                    for frame in self.frames where frame.sessionID == facts.id { collector.see(frame) }
                    for exchange in self.exchanges where exchange.sessionID == facts.id { collector.see(exchange) }
                    return .session(collector.finish())
                })
        }
    }

    /// A session written as a script: one packet a line, `ms sender text`, the text as on a WebSocket; `<01ff>` is a
    /// binary message, `close`, `close 1000`, `fin` and `rst` at the end are how it ended.
    static func script(
        _ lines: String, version: Int = 4, pingInterval: Int = 25000, pingTimeout: Int = 20000, began: Int64 = 0,
        id: Int64 = 1
    ) -> RecordedSession {
        func time(_ ms: Int64) -> Timestamp { Timestamp(nanoseconds: (began + ms) * 1_000_000) }
        var facts = SessionFacts(id: id, sid: "recorded-\(id)", opened: time(0))
        facts.engineIOVersion = version
        facts.socketIOVersion = version + 1
        facts.parser = .json
        facts.transports = [.websocket]
        facts.pingIntervalMs = pingInterval
        facts.pingTimeoutMs = pingTimeout
        facts.completeHead = true
        facts.lineage = 1
        facts.endClass = .captureEnd
        var closeFrames: [RecordedSession.CloseFrame] = []
        var reader: [Sender: LivePacketReader] = [
            .client: LivePacketReader(.socketIO(version == 3 ? .v3 : .v4, .json)),
            .server: LivePacketReader(.socketIO(version == 3 ? .v3 : .v4, .json)),
        ]
        var packets: [RecordedPacket] = []
        for (number, line) in lines.split(separator: "\n").enumerated() {
            let words = line.split(separator: " ", maxSplits: 2)
            let at = time(Int64(words[0]) ?? 0)
            let sender: Sender = words[1] == "C" ? .client : .server
            let text = words.count > 2 ? String(words[2]) : ""
            let ends = text == "fin" || text == "rst" || text.hasPrefix("close")
            if ends {
                (facts.ended, facts.endedBy, facts.completeTail) = (at, sender, true)
                facts.endClass = text == "fin" ? .fin : text == "rst" ? .rst : .webSocketClose
                let code = text.split(separator: " ").dropFirst().first.flatMap { UInt16($0) }
                facts.closeCode = code
                if facts.endClass == .webSocketClose {
                    closeFrames.append(.init(at: at, sender: sender, code: code, reason: ""))
                }
                continue
            }
            func add(_ content: RecordedPacket.Content) {
                packets.append(
                    RecordedPacket(
                        frameID: Int64(number + 1), at: at, sender: sender, transport: .websocket, content: content))
            }
            if text.first != "4", text.first != "<" {
                let type = text.utf8.first.flatMap { EngineIOType(rawValue: $0 &- 48) }
                add(type.map { .engineIO($0, String(text.dropFirst())) } ?? .unreadable(.text(text)))
                continue
            }
            let live =
                text.hasPrefix("<")
                ? reader[sender]?.receive(.binary(bytes(text)))
                : reader[sender]?.receive(.text(String(text.dropFirst())))
            for packet in live ?? [] {
                switch packet {
                case .packet(let packet): add(.socketIO(packet))
                case .message(let content), .malformed(let content, _): add(.message(content))
                }
            }
        }
        var session = RecordedSession(facts: facts)
        session.packets = packets
        session.closeFrames = closeFrames
        return session
    }

    static func bytes(_ text: String) -> [UInt8] {
        let digits = Array(text.utf8.dropFirst().prefix { $0 != UInt8(ascii: ">") })
        return stride(from: 0, to: digits.count - 1, by: 2).compactMap {
            UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16)
        }
    }

    static func lineage(_ sessions: RecordedSession...) -> RecordedLineage {
        RecordedLineage(lives: sessions.map { .session($0) })
    }
}
