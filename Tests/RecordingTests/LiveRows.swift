import Foundation
import Testing
import Timeline
import TimelineModel

/// Rows as a tap hands them in.
enum LiveRows {
    /// One connection and one session.
    static func batch(
        frames: ClosedRange<Int64>, session: Int64 = 1, at: Timestamp = .now(), ended: Bool = false,
        payloadBytes: Int = 480
    ) -> TimelineBatch {
        var batch = TimelineBatch()
        var connection = ConnectionFacts(
            id: session, clientAddress: "10.0.0.1", clientPort: 1, serverAddress: "10.0.0.2", serverPort: 2, opened: at)
        var facts = SessionFacts(id: session, sid: "s\(session)", opened: at)
        facts.engineIOVersion = 4
        facts.socketIOVersion = 5
        facts.completeHead = true
        if ended {
            (connection.closed, connection.closeKind) = (at, .fin)
            (facts.ended, facts.endClass, facts.completeTail) = (at, .fin, true)
        }
        batch.connections = [connection]
        batch.sessions = [facts]
        batch.frames = frames.map { id in
            Frame(
                id: id, sessionID: session, connectionID: session, at: at, sender: .server, transport: .websocket,
                layer: .engineio, opcode: 1, engineIOType: .message, socketIOType: .event, namespace: "/",
                event: "tick", sizeBytes: 500, wireBytes: 504,
                payload: "[\"tick\",\"\(String(repeating: "x", count: payloadBytes))\"]")
        }
        return batch
    }
}

final class TemporaryFolder {
    let url: URL

    init() throws {
        self.url = FileManager.default.temporaryDirectory.appending(path: "sioscope-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: self.url, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: self.url)
    }

    func file(_ name: String) -> String { self.url.appending(path: name).path }

    var names: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: self.url.path)) ?? []).sorted()
    }

    func integers(_ path: String, _ sql: String) throws -> [Int64] {
        try TimelineReader(path: path).texts(sql).compactMap { Int64($0) }
    }
}

extension TimelineReader {
    /// The first column of each row.
    func texts(_ sql: String) throws -> [String] {
        var texts: [String] = []
        try self.query(sql) { row in
            switch row.first {
            case .integer(let value): texts.append(String(value))
            case .text(let value): texts.append(value)
            default: texts.append("")
            }
        }
        return texts
    }
}
