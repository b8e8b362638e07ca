import Decoding
import HookLog
import TimelineModel

/// The doors for what goes on while it is decoded: lines of several clients' hooks, streams of a proxy's connections.
///
/// The first byte chooses the door, 0 lines and 1 streams, by its lowest bit. Steps follow, each a head of one byte:
/// what is done, bits 0 to 2; by the server, bit 3; which client or connection, bits 4 and 5; how long after the last
/// step, bits 6 and 7. For what takes bytes or a count, 16 bits say how many. Ticks come at moments that follow from the
/// whole input.
enum LiveDoorsTarget {
    static func run(_ bytes: Span<UInt8>) throws {
        var random = FuzzRandom(bytes)
        let often = [1, 2, 10][random.below(3)]
        let plain = try self.decode(bytes, self.patient) { false }
        let ticked = try self.decode(bytes, self.patient) { random.below(often) == 0 }
        // What one client's clock says was before what another's has already been handed over for keeps its place there.
        let isLines = bytes.count == 0 || bytes[0] & 1 == 0
        let isInOrder = zip(ticked.frames, ticked.frames.dropFirst()).allSatisfy { $0.at <= $1.at }
        if !isLines || isInOrder { try ticked.requireEqual(to: plain, "with ticks") }
        _ = try self.decode(bytes, self.hasty) { random.below(often) == 0 }
    }

    /// Nothing is let go or let out for its age: that is when a tick changes rows.
    private static var patient: DecodingLimits {
        var limits = DecodingLimits.live
        limits.holdNs = .max
        limits.silentSessionNs = .max
        return limits
    }

    private static var hasty: DecodingLimits {
        var limits = DecodedCapture.tightLimits
        limits.holdNs = 10_000_000
        limits.silentSessionNs = 1_000_000_000
        limits.sessions = 2
        return limits
    }

    private static func decode(
        _ bytes: Span<UInt8>, _ limits: DecodingLimits, ticks: () -> Bool
    ) throws -> DecodedCapture {
        var reader = FuzzReader()
        if reader.byte(bytes) & 1 == 0 {
            let door = HookDecoder(CaptureFacts(kind: .hook, source: "fuzz"), limits: limits)
            return try self.decode(bytes, &reader, door, ticks) { self.feedLines(door, $0, $1) }
        }
        let door = StreamDecoder(CaptureFacts(kind: .proxy, source: "fuzz"), limits: limits)
        var connections: [Int64] = []
        return try self.decode(bytes, &reader, door, ticks) { self.feedStream(door, &connections, $0, $1) }
    }

    private struct Step {
        var head: UInt8
        var at: Timestamp
        /// What the 16 bits say, if there are any.
        var count = 0

        var action: Int { Int(self.head & 7) }
        var sender: Sender { self.head & 8 == 0 ? .client : .server }
        var place: Int { Int(self.head >> 4 & 3) }
    }

    private static func decode(
        _ bytes: Span<UInt8>, _ reader: inout FuzzReader, _ door: some LiveDoor, _ ticks: () -> Bool,
        _ feed: (Step, Span<UInt8>) -> Void
    ) throws -> DecodedCapture {
        var output = LiveOutput()
        var now = Timestamp.zero
        while !reader.isAtEnd(bytes) {
            if ticks() { door.tick(at: now) { output.add($0) } }
            let head = reader.byte(bytes)
            now = Timestamp(
                nanoseconds: now.nanoseconds + [0, 1_000_000, 250_000_000, 11_000_000_000][Int(head >> 6)])
            var step = Step(head: head, at: now)
            let hasCount = step.action < 5
            if hasCount { step.count = Int(reader.uint16(bytes)) }
            feed(step, bytes.extracting(reader.range(step.action < 4 ? step.count : 0, bytes)))
        }
        door.finish { output.add($0) }
        return try output.decoded(door.facts)
    }

    private static func feedLines(_ door: HookDecoder, _ step: Step, _ bytes: Span<UInt8>) {
        switch step.action {
        case 0...2: door.receive(bytes, client: step.place, at: step.at)
        case 3: if let line = try? HookLine(bytes) { door.receive(line, client: step.place) }
        default: door.end(client: step.place, at: step.at)
        }
    }

    private static func feedStream(
        _ door: StreamDecoder, _ connections: inout [Int64], _ step: Step, _ bytes: Span<UInt8>
    ) {
        if step.action == 7 || connections.isEmpty {
            connections.append(
                door.open(
                    ConnectionOpening(
                        clientAddress: "10.0.0.\(step.place)", clientPort: 50_000 + connections.count,
                        serverAddress: "10.0.0.9", serverPort: 80, at: step.at)))
        }
        // Of the last four, some of which may be over.
        let id = connections[max(0, connections.count - 1 - step.place)]
        switch step.action {
        case 0...3: door.receive(id, bytes, from: step.sender, at: step.at)
        case 4: door.gap(id, step.count, from: step.sender, at: step.at)
        case 5: door.end(id, by: step.sender, at: step.at)
        case 6: door.reset(id, by: step.sender, at: step.at)
        default: break
        }
    }
}

/// What a live door gave, as a writer would hold it: of each row the last state.
private struct LiveOutput {
    private var rows = TimelineBatch()
    private var connections: [Int64: ConnectionFacts] = [:]
    private var sessions: [Int64: SessionFacts] = [:]
    private var exchanges: [Int64: ExchangeFacts] = [:]
    private var dangling: String?

    mutating func add(_ batch: TimelineBatch) {
        for facts in batch.connections { self.connections[facts.id] = facts }
        for facts in batch.sessions { self.sessions[facts.id] = facts }
        for facts in batch.exchanges { self.exchanges[facts.id] = facts }
        self.rows.frames += batch.frames
        self.rows.anomalies += batch.anomalies
        for frame in batch.frames {
            self.check("frame \(frame.id)", frame.connectionID, frame.sessionID, frame.exchangeID)
        }
        for anomaly in batch.anomalies {
            self.check("\(anomaly.code)", anomaly.connectionID, anomaly.sessionID, nil)
        }
        for facts in batch.exchanges { self.check("exchange \(facts.id)", facts.connectionID, facts.sessionID, nil) }
    }

    /// What a row refers to is there before it, or with it.
    private mutating func check(_ name: String, _ connection: Int64?, _ session: Int64?, _ exchange: Int64?) {
        if let connection, self.connections[connection] == nil {
            self.dangling = "\(name) comes before its connection \(connection)"
        }
        if let session, self.sessions[session] == nil {
            self.dangling = "\(name) comes before its session \(session)"
        }
        if let exchange, self.exchanges[exchange] == nil {
            self.dangling = "\(name) comes before its exchange \(exchange)"
        }
    }

    func decoded(_ facts: CaptureFacts) throws(BrokenInvariant) -> DecodedCapture {
        if let dangling { throw BrokenInvariant(dangling) }
        var rows = self.rows
        rows.connections = self.connections.values.sorted { $0.id < $1.id }
        rows.sessions = self.sessions.values.sorted { $0.id < $1.id }
        rows.exchanges = self.exchanges.values.sorted { $0.id < $1.id }
        return try DecodedCapture(rows, facts)
    }
}
