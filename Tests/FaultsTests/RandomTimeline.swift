import TestSupport
import TimelineModel

@testable import Faults

/// A timeline that no decoder would write: each value may be at the edge of its type, times go back, ids name what is
/// not there. The same for the same seed.
struct RandomTimeline {
    enum Event {
        case frame(Frame)
        case exchange(ExchangeFacts)
        case anomaly(Anomaly)
    }

    private(set) var capture = CaptureFacts(kind: .pcap, source: "random")
    private(set) var connections: [ConnectionFacts] = []
    private(set) var sessions: [SessionFacts] = []
    private(set) var events: [Event] = []

    private var random: SeededRandom
    /// Near this moment most things happen: rules that measure need times that fit each other.
    private var now: Int64 = 1_700_000_000_000_000_000
    /// Of so many things one has a value from the edge.
    private let rarity: Int

    init(seed: UInt64) {
        self.random = SeededRandom(seed: seed)
        self.rarity = [1, 4, 40, 400][Int(seed % 4)]
        self.capture.kind = self.pick(CaptureKind.allCases)
        self.capture.tap = self.pick(TapPosition.allCases)
        self.capture.completeHead = Bool.random(using: &self.random)
        self.capture.completeTail = Bool.random(using: &self.random)
        self.capture.droppedPackets = self.maybe { $0.number } ?? 0
        self.connections = (1...4).map { self.connection(Int64($0)) }
        self.sessions = (1...6).map { self.session(Int64($0)) }
        self.capture.started = self.maybe { $0.time }
        for id in 1...Int64(self.below(300) + 1) { self.events.append(self.event(id)) }
        self.capture.ended = self.maybe { $0.time }
    }

    /// What the rules find in it, and what the diagnosis says.
    func analysed(_ configuration: Configuration = Configuration()) -> (Analysis.Outcome, [Diagnosis]) {
        var analysis = Analysis(
            self.capture, connections: self.connections, sessions: self.sessions, configuration: configuration)
        for event in self.events {
            switch event {
            case .frame(let frame): analysis.see(frame)
            case .exchange(let exchange): analysis.see(exchange)
            case .anomaly(let anomaly): analysis.see(anomaly)
            }
        }
        let outcome = analysis.finish()
        return (outcome, Diagnoser(outcome).diagnoses())
    }

    // MARK: Values

    private mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self.random) }

    private mutating func pick<Value>(_ values: [Value]) -> Value { values[self.below(values.count)] }

    private mutating func maybe<Value>(_ value: (inout Self) -> Value) -> Value? {
        self.below(4) > 0 ? value(&self) : nil
    }

    private var isEdge: Bool {
        mutating get { self.below(self.rarity) == 0 }
    }

    private static let numbers: [Int64] = [.min, .min + 1, -1, 0, 1, 2, 255, 65_536, 1 << 40, 1 << 53, .max - 1, .max]

    private var number: Int64 {
        mutating get { self.isEdge ? self.pick(Self.numbers) : Int64(self.below(8)) }
    }

    private var size: Int {
        mutating get { self.isEdge ? Int(self.pick(Self.numbers)) : self.pick([0, 1, 100, 70_000, 2_000_000]) }
    }

    private var time: Timestamp {
        mutating get {
            if self.isEdge { return Timestamp(nanoseconds: self.pick(Self.numbers)) }
            let steps: [Int64] = [0, 1, 1_000_000, 300_000_000, 1_100_000_000, 6_000_000_000, 26_000_000_000]
            self.now += self.pick(steps)
            return Timestamp(nanoseconds: self.below(20) == 0 ? self.now - self.pick(steps) : self.now)
        }
    }

    private static let texts = [
        "", "/", "/admin", "probe", "chat", "\u{1B}[2J\r\n\u{7}", "\u{202E}abc\u{200B}\u{2028}", "\0", "\"\\", "é🙂",
        "connect",
        "/admin?token=1", "{\"a\":", "[]", "null", "\"Unable to connect\"",
        "{\"message\":\"Invalid namespace\\u0007\"}",
        "{\"message\":\"token expired\"}", "{\"sid\":\"x\",\"upgrades\":[],\"pingInterval\":-1,\"pingTimeout\":1e400}",
        "{\"token\":\"eyJ.eyJleHAiOjFlNDAwfQ.x\"}", "{\"token\":\"eyJ.eyJleHAiOjF9.x\",\"pid\":\"p\"}",
        "[\"chat\",{\"_placeholder\":true,\"num\":99999999999999999999}]",
        "websocket.http-text HTTP/1.1 999999999999999999999",
        "the clock went back by 9223372036854775807 ms", "the clock went back by 5 ms", "EIO=4&transport=polling",
        String(repeating: "x", count: 5000), String(repeating: "[", count: 3000),
    ]

    private static let targets = [
        "", "?", "/socket.io/?EIO=4&transport=polling", "/socket.io/?EIO=3&transport=polling&sid=a&t=1",
        "/socket.io/?EIO=4&transport=websocket&sid=a", "/socket.io/?EIO=4&transport=websocket",
        "/x?EIO=99999999999999999999&transport=\u{7}&token=\u{1B}", "/socket.io/?sid=&=&&&t", "\u{1B}[1m?EIO=4",
    ]

    private var text: String {
        mutating get { self.pick(Self.texts) }
    }

    // MARK: Rows

    private mutating func connection(_ id: Int64) -> ConnectionFacts {
        var facts = ConnectionFacts(
            id: self.isEdge ? self.number : id, clientAddress: self.pick(["10.0.0.1", "10.0.0.2", "", "\u{1B}[2J"]),
            clientPort: Int(self.number), serverAddress: self.pick(["10.0.0.9", self.text]),
            serverPort: Int(self.number), opened: self.time)
        facts.closed = self.maybe { $0.time }
        facts.closedBy = self.maybe { $0.pick(Sender.allCases) }
        facts.closeKind = self.maybe { $0.pick(CloseKind.allCases) }
        facts.application = self.pick(ConnectionApplication.allCases)
        facts.completeHead = Bool.random(using: &self.random)
        facts.roundTripNs = self.maybe { $0.number }
        (facts.bytesClient, facts.bytesServer) = (self.number, self.number)
        (facts.missingBytes, facts.undecodedBytes) = (self.number, self.number)
        facts.retransmittedSegments = self.number
        return facts
    }

    private mutating func session(_ id: Int64) -> SessionFacts {
        var facts = SessionFacts(
            id: self.isEdge ? self.number : id, sid: self.maybe { $0.pick(["a", "b", $0.text]) }, opened: self.time)
        facts.engineIOVersion = self.maybe { $0.pick([3, 4, 4, .max]) }
        facts.socketIOVersion = self.maybe { $0.pick([3, 5, 5, .min]) }
        facts.parser = self.maybe { $0.pick(PacketParser.allCases) }
        facts.transports = self.pick([[], [.polling], [.websocket], [.polling, .websocket]])
        facts.path = self.maybe { $0.text }
        facts.host = self.maybe { $0.text }
        facts.pingIntervalMs = self.maybe { $0.isEdge ? Int($0.number) : 25_000 }
        facts.pingTimeoutMs = self.maybe { $0.isEdge ? Int($0.number) : 20_000 }
        facts.maxPayload = self.maybe { $0.size }
        facts.upgrades = self.maybe { $0.pick(["websocket", "", $0.text]) }
        facts.ended = self.maybe { $0.time }
        facts.endClass = self.maybe { $0.pick(EndClass.allCases) }
        facts.endedBy = self.maybe { $0.pick(Sender.allCases) }
        facts.closeCode = self.maybe { $0.pick([0, 1000, 1005, 1009, .max]) }
        facts.lineage = self.pick([1, id, self.number])
        (facts.framesClient, facts.framesServer) = (self.number, self.number)
        facts.userAgent = self.maybe { $0.text }
        facts.origin = self.maybe { $0.text }
        facts.forwardedFor = self.maybe { $0.text }
        facts.completeHead = self.below(3) > 0
        facts.completeTail = Bool.random(using: &self.random)
        facts.holes = self.below(3) == 0 ? Int(self.number) : 0
        return facts
    }

    private mutating func event(_ id: Int64) -> Event {
        switch self.below(10) {
        case 0..<2: .exchange(self.exchange(id))
        case 2: .anomaly(self.anomaly())
        default: .frame(self.frame(id))
        }
    }

    private mutating func frame(_ id: Int64) -> Frame {
        let isPacket = self.below(8) > 0
        let socketIO = isPacket ? self.maybe { $0.pick(SocketIOType.allCases) } : nil
        let text = self.maybe { $0.text }
        return Frame(
            id: self.isEdge ? self.number : id, sessionID: self.maybe { Int64($0.below(7)) },
            connectionID: self.isEdge ? self.number : Int64(1 + self.below(4)), at: self.time,
            sender: self.pick(Sender.allCases), transport: self.pick(Transport.allCases),
            layer: isPacket ? .engineio : self.pick(Layer.allCases),
            opcode: self.maybe { $0.pick([1, 2, 8, 9, 10, 255]) },
            engineIOType: isPacket ? (socketIO == nil ? self.pick(EngineIOType.allCases) : .message) : nil,
            socketIOType: socketIO,
            namespace: self.maybe { $0.pick(["/", "/", "/admin", $0.text, "/\($0.below(3000))"]) },
            event: self.maybe { $0.pick(["chat", $0.text]) }, ackID: self.maybe { $0.number },
            attachments: self.maybe { Int($0.number) }, closeCode: self.maybe { $0.pick([0, 1000, 1005, .max]) },
            sizeBytes: self.size, wireBytes: self.size, payload: text,
            binary: self.maybe { $0.random.bytes($0.below(12)) },
            flags: FrameFlags(rawValue: UInt8(truncatingIfNeeded: self.random.next())),
            exchangeID: self.maybe { $0.number })
    }

    private mutating func exchange(_ id: Int64) -> ExchangeFacts {
        var facts = ExchangeFacts(
            id: self.isEdge ? self.number : id, connectionID: self.isEdge ? self.number : Int64(1 + self.below(4)),
            method: self.pick(["GET", "GET", "POST", "OPTIONS", "", self.text]),
            target: self.pick(Self.targets + [self.text]), requested: self.time)
        facts.sessionID = self.maybe { Int64($0.below(7)) }
        facts.status = self.maybe { $0.pick([200, 101, 400, 400, 403, 404, 413, 502, 0, -1, .max, .min]) }
        facts.requestEnded = self.maybe { $0.time }
        facts.answered = self.maybe { $0.time }
        facts.responded = self.maybe { $0.time }
        (facts.requestBytes, facts.responseBytes) = (self.size, self.size)
        facts.errorCode = self.maybe { $0.pick([0, 1, 2, 3, 4, 5, .max, .min]) }
        facts.errorMessage = self.maybe { $0.text }
        facts.errorBody = self.maybe { $0.text }
        facts.userAgent = self.maybe { $0.text }
        facts.origin = self.maybe { $0.text }
        facts.requestType = self.maybe { $0.text }
        facts.responseType = self.maybe { $0.text }
        facts.allowOrigin = self.maybe { $0.text }
        facts.upgrade = self.maybe { $0.pick(["websocket", $0.text]) }
        facts.extensions = self.maybe { $0.text }
        facts.server = self.maybe { $0.pick(["uvicorn", $0.text]) }
        facts.forwardedFor = self.maybe { $0.text }
        return facts
    }

    private mutating func anomaly() -> Anomaly {
        Anomaly(
            self.pick(Self.codes), at: self.time, detail: self.text, sessionID: self.maybe { Int64($0.below(7)) },
            connectionID: self.maybe { $0.number }, frameID: self.maybe { $0.number })
    }

    private static let codes: [Anomaly.Code] = [
        "capture.clock-step", "capture.dropped", "engineio.length-mismatch", "engineio.malformed-packet",
        "engineio.malformed-payload", "http.incomplete-body", "socketio.attachment-interleaved",
        "socketio.malformed-packet", "socketio.orphan-attachment", "socketio.reserved-event-name",
        "socketio.space-before-payload", "tcp.gap", "websocket.deflate-error", "websocket.http-text",
        "websocket.incomplete-frame", "websocket.invalid-close", "websocket.invalid-control-frame",
        "websocket.invalid-length", "websocket.invalid-utf8", "websocket.masked-server-frame",
        "websocket.orphan-continuation", "websocket.reserved-bits", "websocket.reserved-opcode",
        "websocket.unfinished-message", "websocket.unmasked-client-frame",
    ]
}
