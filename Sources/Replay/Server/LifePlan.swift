import EngineIO
import SocketIO
import TimelineModel

/// One recorded session, taken apart for who plays its server: what is to be sent and what for, what is expected.
///
/// Times are nanoseconds from the session's beginning, unscaled.
struct LifePlan: Sendable {
    /// A packet of the server.
    struct Step: Hashable, Sendable {
        /// In `packets`.
        var index: Int
        var atNs: Int64
        var cause: Cause
        /// The CONNECT without which the packet would belong to no namespace; in `packets`.
        var connect: Int?
        /// Its namespace is used in the recording without a CONNECT, which lies before its beginning: the live client
        /// has to send one first.
        var needsAssumedConnect: Bool
    }

    /// Names an ack that a server's event asks for.
    struct AckName: Hashable, Sendable {
        var namespace: String
        var id: Int64
    }

    enum Cause: Hashable, Sendable {
        /// The session's beginning.
        case opening
        /// Answers this packet, and makes no sense without it.
        case reply(to: Int)
        /// Came after this packet of the client.
        case barrier(Int)
    }

    let session: RecordedSession
    let version: EngineIOVersion
    let language: LivePacketReader.Language
    let end: RecordedEnd
    let endNs: Int64
    let steps: [Step]
    /// Steps in the order in which they have to be sent: one row a namespace, one for messages and closes, one for
    /// recorded pings. Acks stand in none.
    let lanes: [[Int]]
    /// The steps that are acks, by what they answer.
    let acks: [Int: [Int]]
    /// Version 3: how long after each ping of the client its answer came; nil for one that had none. Nanoseconds.
    let pongs: [Int64?]
    /// Events of the server whose ack the recorded client owes.
    let unanswered: [Int: AckName]
    /// Packets of the client: all that may come.
    let expected: ExpectedPackets
    /// Of those the ones that have to come.
    let demanded: [Int]
    /// Namespaces that are used without a CONNECT of the client.
    let assumed: Set<String>
    /// The live client may connect where it likes: the recorded one should have.
    let connectsNothing: Bool
    /// Packets whose breaking of the protocol was recorded.
    let violations: [ClientViolation]
    private let base: Timestamp

    var packets: [RecordedPacket] { self.session.packets }

    init(_ session: RecordedSession, recordedHeartbeat: Bool = false, ignoring: [String] = []) {
        self.session = session
        self.version = session.facts.engineIOVersion == 3 ? .v3 : .v4
        self.language = LivePacketReader.language(of: session)
        let open = session.packets.first { $0.isEngineIO(.open, of: .server) }
        self.base = open?.at ?? min(session.facts.opened, session.packets.first?.at ?? session.facts.opened)
        self.violations = ClientViolation.all(in: session, self.language)
        self.end = RecordedEnd(session, violations: self.violations, base: self.base)
        let last = session.packets.last?.at ?? self.base
        self.endNs = max(0, (session.facts.ended ?? last).nanoseconds(since: self.base))
        let said = ClientScript(session, self.language, self.violations, self.end, base: self.base)
        self.expected = ExpectedPackets(said.expected, PacketComparison(ignoring: ignoring))
        self.demanded = said.demanded
        self.assumed = said.assumed
        self.connectsNothing = session.connectsNothing
        var builder = StepBuilder(
            said: said, version: self.version, base: self.base, recordedHeartbeat: recordedHeartbeat)
        for (index, packet) in session.packets.enumerated() { builder.see(packet, at: index) }
        self.steps = builder.steps
        self.lanes = builder.lanes.map(\.steps)
        self.acks = builder.acks
        self.unanswered = Self.unanswered(session.packets)
        self.pongs = self.version == .v3 ? Self.pongs(session.packets) : []
    }

    private static func unanswered(_ packets: [RecordedPacket]) -> [Int: AckName] {
        var asked: [AckName: Int] = [:]
        for (index, packet) in packets.enumerated() {
            guard case .socketIO(let scripted) = packet.content, let id = scripted.ackID else { continue }
            let name = AckName(namespace: scripted.namespace, id: id)
            switch (packet.sender, scripted.kind) {
            case (.server, .event): asked[name] = index
            case (.client, .ack): asked[name] = nil
            default: continue
            }
        }
        return Dictionary(asked.map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    }

    private static func pongs(_ packets: [RecordedPacket]) -> [Int64?] {
        var pongs: [Int64?] = []
        var last: Timestamp?
        for packet in packets {
            guard case .engineIO(let type, let data) = packet.content, data != "probe" else { continue }
            switch (type, packet.sender) {
            case (.ping, .client):
                pongs.append(nil)
                last = packet.at
            case (.pong, .server):
                guard let pinged = last.take() else { continue }
                pongs[pongs.count - 1] = max(0, packet.at.nanoseconds(since: pinged))
            default: continue
            }
        }
        return pongs
    }

    /// When a packet was recorded.
    func atNs(_ index: Int) -> Int64 { self.atNs(self.packets[index].at) }

    func atNs(_ time: Timestamp) -> Int64 { max(0, time.nanoseconds(since: self.base)) }
}

/// What the client of a recorded session said: what may come again, and what has to.
struct ClientScript {
    var expected: [(index: Int, packet: RecordedPacket)] = []
    var demanded: [Int] = []
    var assumed: Set<String> = []
    private(set) var isDemanded: Set<Int> = []

    init(
        _ session: RecordedSession, _ language: LivePacketReader.Language, _ violations: [ClientViolation],
        _ end: RecordedEnd, base: Timestamp
    ) {
        // What was said behind the fatal packet went to a server that no longer listened.
        let fatal: Timestamp? = if case .reaction(.violation(let at)) = end { base.advanced(byNs: at) } else { nil }
        // Of one body all have one time.
        let fatalIndex = violations.last { $0.at == fatal }?.index ?? session.packets.count
        let broken = Set(violations.compactMap(\.index))
        var connected: Set<String> = session.facts.engineIOVersion == 3 ? ["/"] : []
        for (index, packet) in session.packets.enumerated() {
            switch packet.content {
            case .engineIO, .unreadable: continue
            case .message:
                guard case .engineIO = language, packet.sender == .client else { continue }
            case .socketIO(let scripted):
                if packet.sender == .client, scripted.kind == .connect { connected.insert(scripted.namespace) }
                if !connected.contains(scripted.namespace), scripted.kind != .disconnect,
                    scripted.kind != .connectError,
                    case .socketIO = language
                {
                    self.assumed.insert(scripted.namespace)
                }
                guard packet.sender == .client else { continue }
            }
            self.expected.append((index, packet))
            let isHeard = fatal.map { packet.at < $0 || packet.at == $0 && index < fatalIndex } ?? true
            if isHeard, !broken.contains(index) { self.demanded.append(index) }
        }
        // How a client says goodbye is its own affair.
        if end == .client {
            while let last = self.demanded.last, case .socketIO(let packet) = session.packets[last].content,
                packet.kind == .disconnect, !session.packets[last...].contains(where: Self.isServerSpeech)
            {
                self.demanded.removeLast()
            }
        }
        self.isDemanded = Set(self.demanded)
    }

    private static func isServerSpeech(_ packet: RecordedPacket) -> Bool {
        switch packet.content {
        case .engineIO, .unreadable: false
        case .message, .socketIO: packet.sender == .server
        }
    }
}

/// Finds what released each packet of the server.
private struct StepBuilder {
    private struct AckKey: Hashable {
        var namespace: String
        var id: Int64
    }

    let said: ClientScript
    let version: EngineIOVersion
    let base: Timestamp
    let recordedHeartbeat: Bool
    var steps: [LifePlan.Step] = []
    var lanes: [(name: String, steps: [Int])] = []
    var acks: [Int: [Int]] = [:]
    private var laneOf: [String: Int] = [:]
    /// The last packet of the client that has to come.
    private var barrier: Int?
    /// CONNECTs without an answer, oldest first.
    private var connecting: [String: [Int]] = [:]
    private var connect: [String: Int] = [:]
    private var asked: [AckKey: Int] = [:]

    init(said: ClientScript, version: EngineIOVersion, base: Timestamp, recordedHeartbeat: Bool) {
        self.said = said
        self.version = version
        self.base = base
        self.recordedHeartbeat = recordedHeartbeat
    }

    mutating func see(_ packet: RecordedPacket, at index: Int) {
        switch packet.sender {
        case .client: self.seeClient(packet, at: index)
        case .server: self.seeServer(packet, at: index)
        }
    }

    private mutating func seeClient(_ packet: RecordedPacket, at index: Int) {
        if self.said.isDemanded.contains(index) { self.barrier = index }
        guard case .socketIO(let scripted) = packet.content else { return }
        switch scripted.kind {
        case .connect where self.said.isDemanded.contains(index):
            self.connecting[scripted.namespace, default: []].append(index)
            self.connect[scripted.namespace] = index
        case .event:
            if let id = scripted.ackID { self.asked[AckKey(namespace: scripted.namespace, id: id)] = index }
        case .connect, .ack, .disconnect, .connectError: return
        }
    }

    private mutating func seeServer(_ packet: RecordedPacket, at index: Int) {
        switch packet.content {
        case .engineIO(.ping, let data):
            if self.recordedHeartbeat, self.version == .v4, data != "probe" {
                self.add(index, packet, .opening, lane: "heartbeat")
            }
        case .engineIO(.close, _):
            // Over polling it is the end itself.
            if packet.transport == .websocket { self.add(index, packet, self.released, lane: "") }
        case .engineIO, .unreadable: return
        case .message: self.add(index, packet, self.released, lane: "")
        case .socketIO(let scripted):
            let namespace = scripted.namespace
            switch scripted.kind {
            case .connect, .connectError:
                if self.connecting[namespace]?.isEmpty == false, let asked = self.connecting[namespace]?.removeFirst() {
                    self.add(index, packet, .reply(to: asked), lane: namespace)
                } else if self.version == .v3 || scripted.kind == .connectError {
                    self.add(index, packet, self.released, lane: namespace)
                }
            case .ack:
                guard let id = scripted.ackID, let asked = self.asked[AckKey(namespace: namespace, id: id)] else {
                    return
                }
                self.acks[asked, default: []].append(self.steps.count)
                self.add(index, packet, .reply(to: asked), lane: nil)
            case .event, .disconnect: self.add(index, packet, self.released, lane: namespace)
            }
        }
    }

    private var released: LifePlan.Cause { self.barrier.map { .barrier($0) } ?? .opening }

    private mutating func add(_ index: Int, _ packet: RecordedPacket, _ cause: LifePlan.Cause, lane: String?) {
        let namespace = PacketText.namespace(packet.content)
        if let lane {
            let place = self.laneOf[lane] ?? self.lanes.count
            if place == self.lanes.count { self.lanes.append((lane, [])) }
            self.laneOf[lane] = place
            self.lanes[place].steps.append(self.steps.count)
        }
        self.steps.append(
            LifePlan.Step(
                index: index, atNs: max(0, packet.at.nanoseconds(since: self.base)), cause: cause,
                connect: namespace.flatMap { self.connect[$0] },
                needsAssumedConnect: namespace.map {
                    self.said.assumed.contains($0) && self.connect[$0] == nil && self.version == .v4
                } ?? false))
    }
}
