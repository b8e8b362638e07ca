import Foundation
import TimelineModel

@testable import Timeline

/// A folder of its own for a test, removed with it.
final class TemporaryFolder {
    let path: String

    init() throws {
        self.path = NSTemporaryDirectory() + "timeline-tests-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: self.path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: self.path)
    }

    func file(_ name: String) -> String { self.path + "/" + name }

    /// What stands in it, hidden files too.
    var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: self.path).sorted()) ?? [] }

    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: self.file(name)))
        return self.file(name)
    }

    func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: self.file(name))))
    }
}

enum Sample {
    static let second: Int64 = 1_000_000_000
    static let start: Int64 = 1_764_000_000 * second

    static let capture = CaptureFacts(kind: .pcap, source: "sample.pcap", tap: .server)

    static func at(_ milliseconds: Int64) -> Timestamp {
        Timestamp(nanoseconds: self.start + milliseconds * 1_000_000)
    }

    static func connection(_ id: Int64) -> ConnectionFacts {
        ConnectionFacts(
            id: id, clientAddress: "127.0.0.1", clientPort: 40_000 + Int(id), serverAddress: "127.0.0.1",
            serverPort: 3000, opened: self.at(0))
    }

    /// A frame of Engine.IO on connection 1.
    static func frame(
        _ id: Int64, session: Int64? = 1, at milliseconds: Int64? = nil, _ sender: Sender, _ type: EngineIOType,
        payload: String? = nil
    ) -> Frame {
        Frame(
            id: id, sessionID: session, connectionID: 1, at: self.at(milliseconds ?? id), sender: sender,
            transport: .websocket, layer: .engineio, opcode: 1, engineIOType: type,
            sizeBytes: 1 + (payload?.utf8.count ?? 0), wireBytes: 7, payload: payload)
    }

    /// A frame of Socket.IO on connection 1.
    static func packet(
        _ id: Int64, session: Int64 = 1, at milliseconds: Int64? = nil, _ sender: Sender, _ type: SocketIOType,
        event: String? = nil, ack: Int64? = nil, namespace: String = "/", payload: String? = nil
    ) -> Frame {
        var frame = self.frame(id, session: session, at: milliseconds, sender, .message, payload: payload)
        frame.socketIOType = type
        frame.event = event
        frame.ackID = ack
        frame.namespace = namespace
        return frame
    }

    /// One connection, one session, one refused exchange, `count` frames, one anomaly at the last of them.
    static func batch(frames count: Int64) -> TimelineBatch {
        var batch = TimelineBatch()
        batch.connections = [self.connection(1)]
        var session = SessionFacts(id: 1, sid: "abc", opened: self.at(0))
        session.transports = [.polling, .websocket]
        batch.sessions = [session]
        var exchange = ExchangeFacts(
            id: 1, connectionID: 1, method: "GET", target: "/socket.io/?EIO=4", requested: self.at(0))
        exchange.sessionID = 1
        batch.exchanges = [exchange]
        batch.frames = (0..<count).map { index in
            var frame = self.packet(index + 1, .server, .event, event: "tick", payload: "[\"tick\",\(index)]")
            frame.exchangeID = index == 0 ? 1 : nil
            return frame
        }
        batch.anomalies = [
            Anomaly(
                Anomaly.Code("socketio.bad-json"), at: self.at(count), detail: "cut at byte 3", sessionID: 1,
                connectionID: 1, frameID: count)
        ]
        return batch
    }

    /// Writes one capture with these batches.
    static func write(_ batches: TimelineBatch..., to path: String, mode: TimelineWriter.Mode = .importing) throws {
        let writer = try TimelineWriter(path: path, mode: mode)
        try writer.begin(Self.capture, toolVersion: "test")
        for batch in batches { try writer.write(batch) }
        try writer.endCapture(Self.capture)
        try writer.finish()
    }
}

/// All rows of a query, each as the `description`s of its values joined by "|", NULL as nothing: as sqlite3 prints them.
func rows(_ path: String, _ sql: String, _ parameters: [String: TimelineValue] = [:]) throws -> [String] {
    var lines: [String] = []
    try TimelineReader(path: path).query(sql, parameters: parameters) { row in
        lines.append(row.map(\.text).joined(separator: "|"))
    }
    return lines
}

extension TimelineValue {
    var text: String {
        switch self {
        case .null: ""
        case .integer(let value): "\(value)"
        case .real(let value): "\(value)"
        case .text(let value): value
        case .blob(let value): "x'" + value.map { String($0, radix: 16) }.joined() + "'"
        }
    }
}

/// All that a timeline holds, for comparing it with what it held before.
func contents(_ path: String) throws -> [String] {
    try ["captures", "connections", "sessions", "exchanges", "frames", "anomalies", "findings"].flatMap { table in
        try [table] + rows(path, "SELECT * FROM \(table) ORDER BY id")
    }
}

/// Runs SQL with a plain connection, to make files that no writer of ours would make.
func execute(_ sql: String, on path: String) throws {
    try SQLiteConnection(FilePlace(path: path)).execute(sql)
}
