import TimelineModel
import Wire

@testable import Decoding

/// What a live door gave: the rows as a writer would hold them, and whether each batch could be written by itself.
struct LiveOutput: Equatable {
    var frames: [Frame] = []
    var anomalies: [Anomaly] = []
    var connections: [Int64: ConnectionFacts] = [:]
    var sessions: [Int64: SessionFacts] = [:]
    var exchanges: [Int64: ExchangeFacts] = [:]
    /// References to rows that were not there.
    var dangling: [String] = []
    var facts = CaptureFacts(kind: .live, source: "")

    mutating func add(_ batch: TimelineBatch) {
        for facts in batch.connections { self.connections[facts.id] = facts }
        for facts in batch.sessions { self.sessions[facts.id] = facts }
        for facts in batch.exchanges { self.exchanges[facts.id] = facts }
        self.frames += batch.frames
        self.anomalies += batch.anomalies
        for frame in batch.frames {
            self.check("frame \(frame.id)", frame.connectionID, frame.sessionID)
            if let id = frame.exchangeID, self.exchanges[id] == nil {
                self.dangling.append("frame \(frame.id): exchange \(id)")
            }
        }
        for anomaly in batch.anomalies { self.check("\(anomaly.code)", anomaly.connectionID, anomaly.sessionID) }
        for facts in batch.exchanges { self.check("exchange \(facts.id)", facts.connectionID, facts.sessionID) }
    }

    private mutating func check(_ name: String, _ connection: Int64?, _ session: Int64?) {
        if let connection, self.connections[connection] == nil {
            self.dangling.append("\(name): connection \(connection)")
        }
        if let session, self.sessions[session] == nil { self.dangling.append("\(name): session \(session)") }
    }

    /// The rows that a door gave at once.
    init(_ output: DoorOutput) {
        var batch = TimelineBatch()
        batch.frames = output.frames
        batch.anomalies = output.anomalies
        batch.connections = output.connections
        batch.sessions = output.sessions
        batch.exchanges = output.exchanges
        self.add(batch)
        self.facts = output.facts
        self.facts.completeTail = true
    }

    /// Feeds a door event by event, with ticks between some.
    ///
    /// - Parameters:
    ///   - door: made anew.
    ///   - events: feeds one; answers its time.
    ///   - ticks: asked before each event whether there is a tick.
    init(_ door: some LiveDoor, _ events: [() -> Timestamp], ticks: () -> Bool) {
        var now = Timestamp.zero
        for event in events {
            if ticks() { door.tick(at: now) { self.add($0) } }
            now = event()
        }
        door.finish { self.add($0) }
        self.facts = door.facts
    }

    /// With ids and order left out of anomalies: those of a finish come in another order than those of a run.
    func expectable() -> LiveOutput {
        var output = self
        output.facts.source = ""
        output.facts.kind = .live
        output.anomalies.sort { ($0.at, $0.code.text, $0.detail) < ($1.at, $1.code.text, $1.detail) }
        return output
    }
}

/// Packets of a capture file.
func packets(of capture: [UInt8]) throws -> [(record: CaptureRecord, bytes: [UInt8])] {
    var decoder = CaptureFileDecoder()
    var packets: [(record: CaptureRecord, bytes: [UInt8])] = []
    try decoder.feed(capture.span) { record, bytes in
        packets.append((record, bytes.withUnsafeBufferPointer { Array($0) }))
    }
    try decoder.finish()
    return packets
}
