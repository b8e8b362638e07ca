import EngineIO
import JSONText
import TestSupport
import Testing
import TimelineModel

@testable import Decoding

/// Facts of other implementations' test suites (`Tests/Fixtures/README.md`), each decoded by the layer it is of.
@Suite("Vectors")
struct VectorTests {
    /// Where the timeline shows something else, and why.
    static let differences: [String: String] = [
        "eio4-webtransport-001": Self.webTransport,
        "eio4-webtransport-002": Self.webTransport,
        "eio4-webtransport-003": Self.webTransport,
        "eio4-webtransport-004": Self.webTransport,
        "eio3-payload-binary-divergent-001":
            "go-socket.io counts characters where the reference parser counts bytes: a length that does not fit",
        "eio3-payload-binary-divergent-002":
            "the v3 document leaves out the type byte of a binary record; the reference parser and its test suite have it",
        "sio5-packet-004": Self.kept + "a payload of a disconnect, as python-socketio sends",
        "sio5-packet-046":
            "python-socketio takes a query off a v5 namespace; the reference parser keeps it as the name",
        "sio5-binary-007": Self.kept + "placeholders that number no attachment",
        "sio5-binary-008": Self.kept + "placeholders that number no attachment",
        "sio5-binary-011": "a limit on attachments is the receiver's own setting; a capture does not show it",
    ]

    private static let webTransport = "runs over QUIC, which a tap of TCP does not see"
    /// The reference parser refuses these; the timeline shows them whole, for a rule to judge.
    private static let kept = "kept as a row and judged by a rule: "

    @Test("there are 207, and every difference is of one of them")
    func count() {
        #expect(Vector.all.count == 207)
        #expect(Set(Self.differences.keys).isSubset(of: Vector.all.map(\.id)))
    }

    @Test("agrees, or differs for a stated reason", arguments: Vector.all)
    func agrees(_ vector: Vector) throws {
        let ours = try #require(Self.outcome(vector), "no layer decodes \(vector.layer)")
        let theirs = Self.normalised(Self.expectation(vector))
        #expect((Self.normalised(ours) == theirs) == (Self.differences[vector.id] == nil), "\(ours) and \(theirs)")
    }

    private static func outcome(_ vector: Vector) -> JSONValue? {
        let version: EngineIOVersion = vector.layer.hasPrefix("eio3") || vector.layer.hasPrefix("sio4") ? .v3 : .v4
        switch vector.layer {
        case "eio3-packet", "eio4-packet":
            return vector.messages.first.map { Self.packet($0.bytes, $0.isBinary, version) }
        case "eio4-webtransport":
            return .null
        case "eio3-payload-text", "eio4-payload", "eio3-payload-binary", "eio3-payload-binary-divergent":
            return vector.messages.first.map { Self.payload($0.bytes, version) }
        case "eio3-jsonp", "eio4-jsonp":
            guard let body = vector.messages.first?.bytes else { return nil }
            let payload = (try? JSONP.payload(ofAnswer: body.span)) ?? (try? JSONP.payload(ofRequest: body.span))
            return payload.map { Self.payload($0, version) }
        case "sio4-packet", "sio5-packet", "sio5-binary":
            return Self.socketIO(vector, version)
        case "eio4+sio5-frames":
            return Self.conversation(vector)
        default:
            return nil
        }
    }

    // MARK: Engine.IO

    private static func packet(_ bytes: [UInt8], _ isBinary: Bool, _ version: EngineIOVersion) -> JSONValue {
        do throws(EngineIODecodeError) {
            let head = isBinary ? try EngineIOPacketHead.binary(bytes.span, version) : try .text(bytes.span, version)
            let packet = try EngineIOPacket(head, bytes.span)
            switch packet.content {
            case .text(let text):
                return .object([.init("type", .string(packet.type.name)), .init("data", .string(text))])
            case .binary(let data):
                return .object([.init("type", .string(packet.type.name)), .init("binary_hex", Self.hex(data))])
            }
        } catch {
            return Self.error
        }
    }

    /// The packets up to the first error, as the reference parser gives them.
    private static func payload(_ body: [UInt8], _ version: EngineIOVersion) -> JSONValue {
        var packets: [JSONValue] = []
        do throws(PollingPayloadError) {
            try PollingPayload.split(body.span, version) {
                packets.append(Self.packet(Array(body[$0.range]), $0.isBinary, version))
            }
        } catch {
            packets.append(Self.error)
        }
        let end = packets.firstIndex(of: Self.error).map { $0 + 1 } ?? packets.count
        return .array(Array(packets[..<end]))
    }

    // MARK: Socket.IO

    /// A session in which both ends have connected, and the rows that messages give behind that.
    private static func rows(_ messages: [Vector.Message], prefix: String, _ version: EngineIOVersion) -> TimelineBatch
    {
        let identity = ClientIdentity(clientAddress: "", server: "", path: "/socket.io/")
        let lane = SessionLane(
            SessionFacts(id: 1, sid: nil, opened: .zero), version: version, pathHint: true, client: identity)
        if let open = EngineIOHandshake(json: Array(#"{"sid":"s"}"#.utf8).span) { lane.open(open) }
        let log = TimelineLog(DecodingLimits())
        func receive(_ bytes: [UInt8], isBinary: Bool, _ sender: Sender) {
            let origin = FrameOrigin(
                connectionID: 1, at: .zero, sender: sender, transport: .websocket, opcode: isBinary ? 2 : 1,
                sizeBytes: bytes.count,
                wireBytes: bytes.count, flags: [])
            if isBinary {
                lane.receiveBinary(bytes.span, origin, log)
            } else {
                lane.receiveText(bytes.span, origin, log)
            }
        }
        for sender in Sender.allCases { receive(Array("40".utf8), isBinary: false, sender) }
        _ = log.drain()
        for message in messages {
            let bytes = message.isBinary ? message.bytes : Array(prefix.utf8) + message.bytes
            receive(bytes, isBinary: message.isBinary, message.isFromClient == true ? .client : .server)
        }
        return log.drain()
    }

    private static func socketIO(_ vector: Vector, _ version: EngineIOVersion) -> JSONValue {
        let batch = Self.rows(vector.messages, prefix: "4", version)
        if !batch.anomalies.isEmpty { return Self.error }
        return Self.packets(batch.frames, version).first ?? Self.error
    }

    /// The Socket.IO packets among frames, attachments put in where their placeholders are.
    private static func packets(_ frames: [Frame], _ version: EngineIOVersion) -> [JSONValue] {
        frames.indices.compactMap { index -> JSONValue? in
            let frame = frames[index]
            guard let type = frame.socketIOType, type != .attachment else { return nil }
            let count = frame.attachments ?? 0
            let attachments = frames[(index + 1)...].filter {
                $0.sender == frame.sender && $0.socketIOType == .attachment
            }.prefix(count)
            let payload = frame.payload.flatMap { try? JSONValue($0) } ?? .null
            let name = type == .connectError && version == .v3 ? "ERROR" : type.name.uppercased()
            return .object(
                [
                    .init("type", .string(name)), .init("nsp", frame.namespace.map { .string($0) } ?? .null),
                    .init("id", frame.ackID.map { .integer($0) } ?? .null),
                    .init("data", Self.filled(payload, attachments.map { $0.binary ?? [] })),
                ] + (frame.attachments.map { [.init("attachments", .integer($0))] } ?? []))
        }
    }

    private static func filled(_ value: JSONValue, _ attachments: [[UInt8]]) -> JSONValue {
        switch value {
        case .object(let members):
            if value["_placeholder"]?.bool == true, let number = value["num"]?.integer,
                attachments.indices.contains(Int(number))
            {
                return .object([.init("$binary_hex", Self.hex(attachments[Int(number)]))])
            }
            return .object(members.map { .init($0.key, Self.filled($0.value, attachments)) })
        case .array(let values): return .array(values.map { Self.filled($0, attachments) })
        case .null, .bool, .number, .string: return value
        }
    }

    // MARK: Whole conversations

    /// Packets of both layers, and which event is answered by which ack.
    private static func conversation(_ vector: Vector) -> JSONValue {
        let batch = Self.rows(vector.messages, prefix: "", .v4)
        if !batch.anomalies.isEmpty { return Self.error }
        let names = batch.frames.map { frame -> JSONValue in
            let name = frame.engineIOType?.name ?? ""
            return .string(frame.binary != nil ? "binary" : frame.payload == "probe" ? "\(name) probe" : name)
        }
        let headers = batch.frames.filter { $0.socketIOType != nil && $0.socketIOType != .attachment }
        let pairs = headers.indices.compactMap { answer -> JSONValue? in
            guard [.ack, .binaryAck].contains(headers[answer].socketIOType) else { return nil }
            let asked = headers[..<answer].lastIndex {
                $0.ackID == headers[answer].ackID && $0.namespace == headers[answer].namespace
                    && $0.sender != headers[answer].sender
            }
            return asked.map { .array([.integer($0), .integer(answer)]) }
        }
        let all: [JSONValue.Member] = [
            .init("eio", .array(names)), .init("sio", .array(Self.packets(batch.frames, .v4))),
            .init("ack_pairs", .array(pairs)),
        ]
        // A vector tells of what its document is about.
        return .object(all.filter { vector.expect[$0.key] != nil })
    }

    // MARK: Comparing

    private static let error = JSONValue.object([.init("error", .bool(true))])

    private static func hex(_ bytes: [UInt8]) -> JSONValue {
        .string(bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
    }

    private static func expectation(_ vector: Vector) -> JSONValue {
        vector.expect["error"] != nil ? Self.error : vector.expect
    }

    /// Keys sorted; no data and empty data are the same, for not all implementations tell them apart.
    private static func normalised(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let members):
            let kept = members.filter { !($0.key == "data" && ($0.value == .null || $0.value == .string(""))) }
            return .object(kept.map { .init($0.key, Self.normalised($0.value)) }.sorted { $0.key < $1.key })
        case .array(let values): return .array(values.map { Self.normalised($0) })
        case .null, .bool, .number, .string: return value
        }
    }
}
