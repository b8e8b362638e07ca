import TimelineModel
import Wire

/// One thing that happens to a direction of a connection. Offsets count from the first byte of the stream, times are
/// milliseconds.
enum StreamStep: Sendable {
    /// A segment at an offset; `length` where a snap length cut its payload.
    case data(Int, String, at: Double = 0, length: Int? = nil, flags: TCPFlags = [.ack])
    /// A SYN, with data where it is fast open.
    case syn(String = "", at: Double = 0)
    /// The other side has everything before the offset.
    case acked(Int, at: Double)
}

/// What comes out, as text that a failure shows well.
enum StreamOutput: Equatable, Sendable {
    case text(String, at: Double = 0)
    /// Bytes that were waited for, and came again.
    case retransmitted(String, at: Double)
    case gap(Int, at: Double = 0)
    case fin(at: Double = 0)
}

/// A reassembler that is told steps and tells its output.
struct StreamRun {
    private var stream: StreamReassembler
    private let initial: UInt32
    private(set) var output: [StreamOutput] = []

    static let client = Endpoint(ipv4: 0x0A00_0001, port: 50_000)
    static let server = Endpoint(ipv4: 0x0A00_0002, port: 80)

    /// - Parameter initial: sequence number of the stream's first byte.
    init(initial: UInt32, limitBytes: Int = 1 << 20) {
        self.stream = StreamReassembler(limitBytes: limitBytes)
        self.initial = initial
    }

    var state: StreamReassembler { self.stream }

    mutating func take(_ step: StreamStep) {
        switch step {
        case .data(let offset, let text, let at, let length, let flags):
            self.receive(offset, Array(text.utf8), at, length, flags)
        case .syn(let text, let at):
            // The SYN's own number is the one before the first byte.
            self.receive(-1, Array(text.utf8), at, nil, .syn)
        case .acked(let offset, let at):
            var output: [StreamOutput] = []
            self.stream.acknowledge(self.number(offset), at: Self.time(at)) { output.append(Self.output($0, $1)) }
            self.output += output
        }
    }

    mutating func receive(_ offset: Int, _ bytes: [UInt8], _ at: Double, _ length: Int?, _ flags: TCPFlags) {
        let segment = Segment(
            at: Self.time(at), source: Self.client, destination: Self.server, sequence: self.number(offset),
            flags: flags, payloadLength: length ?? bytes.count)
        var output: [StreamOutput] = []
        self.stream.receive(segment, bytes.span) { output.append(Self.output($0, $1)) }
        self.output += output
    }

    mutating func finish() {
        var output: [StreamOutput] = []
        self.stream.finish { output.append(Self.output($0, $1)) }
        self.output += output
    }

    private func number(_ offset: Int) -> UInt32 { self.initial &+ UInt32(truncatingIfNeeded: offset) }

    static func time(_ milliseconds: Double) -> Timestamp { Timestamp(nanoseconds: Int64(milliseconds * 1e6)) }

    private static func output(_ event: StreamEvent, _ bytes: Span<UInt8>) -> StreamOutput {
        switch event {
        case .bytes(let facts):
            let text = bytes.text(0..<bytes.count)
            let at = Double(facts.at.nanoseconds) / 1e6
            return facts.isRetransmitted ? .retransmitted(text, at: at) : .text(text, at: at)
        case .gap(let count, let at): return .gap(count, at: Double(at.nanoseconds) / 1e6)
        case .fin(let at): return .fin(at: Double(at.nanoseconds) / 1e6)
        }
    }
}
