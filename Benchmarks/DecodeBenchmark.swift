import Decoding
import Foundation
import TimelineModel
import Wire

/// Time of a piece of work, and what it did.
struct Timing {
    var seconds: Double
    var units: Int

    static func measure(_ body: () throws -> Int) rethrows -> Timing {
        let began = ContinuousClock.now
        let units = try body()
        let time = (ContinuousClock.now - began).components
        return Timing(seconds: Double(time.seconds) + Double(time.attoseconds) / 1e18, units: units)
    }
}

/// Capture bytes, read before the clock starts and fed in pieces as the import reads them.
struct CaptureBytes {
    let bytes: [UInt8]

    init(path: String) throws {
        self.bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe))
    }

    func forEachPiece(_ body: (Span<UInt8>) throws -> Void) rethrows {
        var offset = 0
        while offset < self.bytes.count {
            let end = min(offset + 1 << 20, self.bytes.count)
            try body(self.bytes.span.extracting(offset..<end))
            offset = end
        }
    }
}

/// The whole decoder from file bytes to rows, on one thread, without a database.
struct DecodeBenchmark {
    let capture: CaptureBytes

    init(path: String) throws {
        self.capture = try CaptureBytes(path: path)
    }

    func run() throws -> (seconds: Double, frames: Int, bytes: Int) {
        let timing = try Timing.measure {
            var frames = 0
            let decoder = CaptureDecoder(CaptureFacts(kind: .pcap, source: "bench"))
            try self.capture.forEachPiece { try decoder.feed($0) { frames += $0.frames.count } }
            try decoder.finish { frames += $0.frames.count }
            return frames
        }
        return (timing.seconds, timing.units, self.capture.bytes.count)
    }
}

/// The time up to each layer; a layer's own cost is the difference to the one before it.
struct LayerBenchmark {
    enum Layer: String, CaseIterable {
        case file
        case link
        case streams
        case all
    }

    let capture: CaptureBytes

    init(path: String) throws {
        self.capture = try CaptureBytes(path: path)
    }

    func run(_ layer: Layer) throws -> Timing {
        try Timing.measure {
            switch layer {
            case .file: try self.records()
            case .link: try self.segments { _, _ in }
            case .streams: try self.streams()
            case .all: try DecodeBenchmark(capture: self.capture).run().frames
            }
        }
    }

    private func records() throws -> Int {
        var file = CaptureFileDecoder()
        var records = 0
        try self.capture.forEachPiece { piece in try file.feed(piece) { _, _ in records += 1 } }
        return records
    }

    private func segments(_ body: (Segment, Span<UInt8>) -> Void) throws -> Int {
        var file = CaptureFileDecoder()
        var link = LinkDecoder()
        var segments = 0
        try self.capture.forEachPiece { piece in
            try file.feed(piece) { record, bytes in
                try? link.decode(record, bytes) { segment, payload in
                    segments += 1
                    body(segment, payload)
                }
            }
        }
        return segments
    }

    private func streams() throws -> Int {
        final class Flow {
            var connection: TCPConnection
            init(_ connection: TCPConnection) { self.connection = connection }
        }
        var flows: [FlowKey: Flow] = [:]
        var chunks = 0
        _ = try self.segments { segment, payload in
            let key = FlowKey(segment)
            let flow = flows[key] ?? Flow(TCPConnection(key, limitBytes: 4 << 20))
            flows[key] = flow
            flow.connection.noteHandshake(segment)
            flow.connection.receive(segment, payload) { _, _, _ in chunks += 1 }
        }
        return chunks
    }
}

extension DecodeBenchmark {
    init(capture: CaptureBytes) {
        self.capture = capture
    }
}
