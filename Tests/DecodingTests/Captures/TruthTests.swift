import Foundation
import TestSupport
import Testing
import TimelineModel

/// What hooks inside the peers of a recorded session counted: `truth.json` beside a capture.
struct Truth: Decodable {
    struct Capture: Decodable { var file: String }
    struct Session: Decodable {
        var sid: String?
        var eio: Int
        var pingInterval: Int?
        var pingTimeout: Int?
        var openPacketInCapture: Bool
    }
    struct SocketIOCount: Decodable {
        var dir: String
        var type: String
        var nsp: String
        var event: String?
        var count: Int
    }
    struct Acks: Decodable {
        var answeredByServer: Int
        var answeredByClient: Int
    }
    struct Totals: Decodable {
        var eioPackets: [String: [String: Int]]
        var sioPackets: [SocketIOCount]
        var acks: Acks?
    }
    struct Fault: Decodable { var kind: String }

    var capture: Capture
    var sessionCount: Int
    var sessions: [Session]
    var totals: Totals
    var faults: [Fault]

    init(_ folder: URL) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(Truth.self, from: Data(contentsOf: folder.appending(path: "truth.json")))
    }

    func has(_ fault: String) -> Bool { self.faults.contains { $0.kind == fault } }
}

/// Captures with their truth, in the repository and beside it.
struct TruthFolder: CustomTestStringConvertible, Sendable {
    let url: URL
    var name: String { self.url.lastPathComponent }
    var testDescription: String { self.name }

    static let bundled = Self.all(in: TestFiles.captures)
    static let shared = Self.all(in: TestFiles.shared.appending(path: "captures"))

    private static func all(in folder: URL) -> [TruthFolder] {
        TestFiles.names(in: folder).map { TruthFolder(url: folder.appending(path: $0)) }
            .filter { TestFiles.exists($0.url.appending(path: "truth.json")) }
    }
}

@Suite("Captures of real sessions, against what their peers counted")
struct TruthTests {
    /// Where the timeline counts something else than the peers did, and why.
    static let differences = [
        "capture-gap": "the truth counts what was sent; one message of each side was taken out of the file",
        "bad-missing-attachment": "the truth counts what the server could decode, the timeline what crossed the wire",
        "bad-too-large": "the truth counts what the server could decode, the timeline what crossed the wire",
        "wss-tls13": "TLS: the session is not decrypted",
    ]

    @Test(
        "bundled captures", .enabled(if: !TruthFolder.bundled.isEmpty, "the folder captures is not there"),
        arguments: TruthFolder.bundled)
    func bundled(_ folder: TruthFolder) throws { try self.check(folder) }

    @Test(
        "captures beside the repository",
        .enabled(if: !TruthFolder.shared.isEmpty, "../shared/captures is not there: it is no part of the repository"),
        arguments: TruthFolder.shared)
    func shared(_ folder: TruthFolder) throws { try self.check(folder) }

    private func check(_ folder: TruthFolder) throws {
        let truth = try Truth(folder.url)
        let decoded = try DecodedCapture(TestFiles.bytes(folder.url.appending(path: truth.capture.file)))
        let differences = self.sessionDifferences(truth, decoded) + self.countDifferences(truth, decoded)
        #expect(differences.isEmpty == (Self.differences[folder.name] == nil), "\(differences.joined(separator: "\n"))")
        #expect(decoded.frames.map(\.id) == Array(1..<Int64(decoded.frames.count) + 1))
        #expect(zip(decoded.frames, decoded.frames.dropFirst()).allSatisfy { $0.at <= $1.at })
        for session in decoded.sessions {
            let frames = decoded.frames.filter { $0.sessionID == session.id }
            #expect(frames.count { $0.sender == .client } == Int(session.framesClient))
            #expect(frames.count { $0.sender == .server } == Int(session.framesServer))
        }
    }

    private func sessionDifferences(_ truth: Truth, _ decoded: DecodedCapture) -> [String] {
        var differences: [String] = []
        if decoded.sessions.count != truth.sessionCount {
            differences.append("sessions: want \(truth.sessionCount), have \(decoded.sessions.count)")
        }
        // A WebSocket that began before the capture never names its sid.
        for session in truth.sessions where session.openPacketInCapture {
            guard let ours = decoded.sessions.first(where: { $0.sid == session.sid }) else {
                differences.append("session \(session.sid ?? "") missing")
                continue
            }
            let want = [session.eio, session.pingInterval, session.pingTimeout]
            let have = [ours.engineIOVersion, ours.pingIntervalMs, ours.pingTimeoutMs]
            if want != have { differences.append("session \(session.sid ?? ""): want \(want), have \(have)") }
        }
        return differences
    }

    private func countDifferences(_ truth: Truth, _ decoded: DecodedCapture) -> [String] {
        func sender(_ direction: String) -> String { direction == "c2s" ? "client" : "server" }
        var want: [String: Int] = [:]
        for (direction, kinds) in truth.totals.eioPackets {
            // An invalid one is no packet, but an anomaly.
            for (kind, count) in kinds where kind != "invalid" {
                want["\(sender(direction)) \(kind)", default: 0] += count
            }
        }
        var have: [String: Int] = [:]
        for frame in decoded.frames {
            guard let type = frame.engineIOType else { continue }
            let isProbe = (type == .ping || type == .pong) && frame.payload == "probe"
            have["\(frame.sender.rawValue) \(type.name)\(isProbe ? "(probe)" : "")", default: 0] += 1
            if type == .message, frame.binary != nil {
                have["\(frame.sender.rawValue) message(binary)", default: 0] += 1
            }
        }
        if !["malformed-packet", "unknown-sio-type", "unknown-eio-type"].contains(where: truth.has) {
            for row in truth.totals.sioPackets {
                want["\(sender(row.dir)) sio \(row.type.lowercased()) \(row.nsp) \(row.event ?? "")", default: 0] +=
                    row.count
            }
            for frame in decoded.frames {
                guard let type = frame.socketIOType, type != .attachment else { continue }
                have[
                    "\(frame.sender.rawValue) sio \(type.name) \(frame.namespace ?? "") \(frame.event ?? "")",
                    default: 0] += 1
            }
        }
        if let acks = truth.totals.acks, !truth.faults.contains(where: { $0.kind.contains("ack") }) {
            want["acks answered"] = acks.answeredByServer + acks.answeredByClient
            have["acks answered"] = self.answeredAcks(decoded.frames)
        }
        return Set(want.keys).union(have.keys).sorted().compactMap { key in
            want[key, default: 0] == have[key, default: 0]
                ? nil : "\(key): want \(want[key] ?? 0), have \(have[key] ?? 0)"
        }
    }

    /// Events with an ack id that the other end answered later in the session.
    private func answeredAcks(_ frames: [Frame]) -> Int {
        struct Question: Hashable {
            var session: Int64?
            var namespace: String?
            var ackID: Int64
            var askedBy: Sender
        }
        var asked: Set<Question> = []
        var answered = 0
        for frame in frames {
            guard let id = frame.ackID else { continue }
            switch frame.socketIOType {
            case .event, .binaryEvent:
                asked.insert(
                    Question(session: frame.sessionID, namespace: frame.namespace, ackID: id, askedBy: frame.sender))
            case .ack, .binaryAck:
                let question = Question(
                    session: frame.sessionID, namespace: frame.namespace, ackID: id,
                    askedBy: frame.sender == .client ? .server : .client)
                if asked.remove(question) != nil { answered += 1 }
            default: break
            }
        }
        return answered
    }
}
