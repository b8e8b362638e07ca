import Decoding
import Foundation
import TimelineModel

/// All that a door gave for one input, with the newest state of each row.
struct DoorOutput: Equatable {
    var facts = CaptureFacts(kind: .hook, source: "")
    var frames: [Frame] = []
    var anomalies: [Anomaly] = []
    var connections: [ConnectionFacts] = []
    var sessions: [SessionFacts] = []
    var exchanges: [ExchangeFacts] = []

    mutating func add(_ batch: TimelineBatch) {
        self.frames += batch.frames
        self.anomalies += batch.anomalies
        self.connections += batch.connections
        self.sessions += batch.sessions
        self.exchanges += batch.exchanges
    }

    func anomalies(_ code: Anomaly.Code) -> [Anomaly] { self.anomalies.filter { $0.code == code } }

    static func run(_ door: some Door, _ chunks: [[UInt8]]) throws -> DoorOutput {
        var output = DoorOutput()
        for chunk in chunks { try door.feed(chunk.span) { output.add($0) } }
        try door.finish { output.add($0) }
        output.facts = door.facts
        return output
    }

    static func hookLog(_ chunks: [[UInt8]], limits: DecodingLimits = DecodingLimits()) throws -> DoorOutput {
        try self.run(HookLogDecoder(CaptureFacts(kind: .hook, source: "test"), limits: limits), chunks)
    }

    static func hookLog(_ text: String, limits: DecodingLimits = DecodingLimits()) throws -> DoorOutput {
        try self.hookLog([Array(text.utf8)], limits: limits)
    }

    static func har(_ bytes: [UInt8]) throws -> DoorOutput {
        try self.run(HARDecoder(CaptureFacts(kind: .har, source: "test")), [bytes])
    }

    static func har(_ text: String) throws -> DoorOutput { try self.har(Array(text.utf8)) }

    static func capture(_ bytes: [UInt8]) throws -> DoorOutput {
        try self.run(CaptureDecoder(CaptureFacts(kind: .pcap, source: "test")), [bytes])
    }

    /// What `export` makes of these rows.
    func exported() -> String {
        var notes: [Int64: HookLogEncoder.Notes] = [:]
        for anomaly in self.anomalies {
            if let id = anomaly.frameID { notes[id, default: .init()].add(anomaly.code.text, detail: anomaly.detail) }
        }
        var encoder = HookLogEncoder(connections: self.connections, sessions: self.sessions, exchanges: self.exchanges)
        var text = ""
        for frame in self.frames { encoder.encode(frame, notes[frame.id] ?? .init(), to: &text) }
        encoder.finish(to: &text)
        return text
    }
}

/// The folder that holds the package.
let packageRoot = URL(filePath: #filePath).appending(path: "../../../..").standardized
