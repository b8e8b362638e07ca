import TimelineModel
import Wire

/// Segments of one TCP connection in any order: lost, doubled, overlapping, cut by a snap length.
///
/// The input is a list of steps of eight bytes. The payload of each segment follows from its sequence number, so that
/// every byte that comes out can be checked: it is the byte of its place in the stream, whatever arrived how.
enum TCPStreamTarget {
    private static let low = Endpoint(ipv4: 0x0A00_0001, port: 80)
    private static let high = Endpoint(ipv4: 0x0A00_0002, port: 50_000)

    /// One direction, as the target follows it.
    private struct Stream {
        /// Sequence number of the first byte; nil before the first segment.
        var base: UInt32?
        var position: Int64 = 0
        var isEnded = false
    }

    static func run(_ bytes: Span<UInt8>) throws {
        var reader = FuzzReader()
        let limit = [64, 1_000, 1 << 20][Int(reader.byte(bytes)) % 3]
        let start = [reader.uint32(bytes), reader.uint32(bytes)]
        var connection: TCPConnection?
        var streams = [Stream(), Stream()]
        var broken: BrokenInvariant?
        var at = Timestamp.zero
        var longest = 0
        func check(_ side: FlowSide, _ event: StreamEvent, _ span: Span<UInt8>) {
            do throws(BrokenInvariant) {
                try self.take(event, span, &streams[side.rawValue])
            } catch {
                broken = broken ?? error
            }
        }
        while !reader.isAtEnd(bytes) {
            let (segment, payload) = self.segment(bytes, &reader, start, at)
            at = segment.at
            longest = max(longest, segment.payloadLength)
            if connection == nil { connection = TCPConnection(FlowKey(segment), limitBytes: limit) }
            let side = segment.source == self.low ? 0 : 1
            let hasBegun =
                !segment.flags.contains(.rst)
                && (segment.payloadLength > 0 || !segment.flags.isDisjoint(with: [.syn, .fin]))
            if streams[side].base == nil, hasBegun {
                streams[side].base = segment.flags.contains(.syn) ? segment.sequence &+ 1 : segment.sequence
            }
            connection?.receive(segment, payload.span, check)
            if let broken { throw broken }
        }
        connection?.finish(check)
        if let broken { throw broken }
        try require(connection?.heldSince == nil, "bytes are held after the end")
        for side in FlowSide.allCases {
            try require(connection?.bytes(side) ?? 0 == streams[side.rawValue].position, "bytes were not counted")
        }
    }

    /// Who, flags, time, where, how long, how much of it was captured.
    private static func segment(
        _ bytes: Span<UInt8>, _ reader: inout FuzzReader, _ start: [UInt32], _ last: Timestamp
    ) -> (Segment, [UInt8]) {
        let head = reader.byte(bytes)
        let flags = TCPFlags(rawValue: reader.byte(bytes) & 0x17)
        // Nothing, reordering, retransmission, giving up; a clock may step back.
        let wait: Int64 = [0, 1_000_000, 300_000_000, -2_000_000, 5_000_000_000, 121_000_000_000, 1, 0][
            Int(head >> 1 & 7)]
        let place = UInt32(reader.uint16(bytes)) &- 0x100
        let acknowledged = UInt32(reader.uint16(bytes))
        let length = Int(reader.byte(bytes)) * (head & 0x10 == 0 ? 1 : 16)
        let cut = Int(reader.byte(bytes))
        let isLow = head & 1 == 0
        let sequence = start[isLow ? 0 : 1] &+ place
        let segment = Segment(
            at: Timestamp(nanoseconds: last.nanoseconds + wait), source: isLow ? self.low : self.high,
            destination: isLow ? self.high : self.low, sequence: sequence,
            acknowledgement: start[isLow ? 1 : 0] &+ acknowledged, flags: flags, payloadLength: length)
        let first = flags.contains(.syn) ? sequence &+ 1 : sequence
        let captured = head & 0x20 == 0 ? length : min(length, cut)
        return (segment, (0..<captured).map { self.byte(first &+ UInt32($0)) })
    }

    private static func take(
        _ event: StreamEvent, _ span: Span<UInt8>, _ stream: inout Stream
    ) throws(BrokenInvariant) {
        guard let base = stream.base else { throw BrokenInvariant("\(event) before the first segment") }
        try require(!stream.isEnded, "\(event) after the end")
        switch event {
        case .bytes:
            try require(span.count > 0, "a chunk without bytes")
            for index in span.indices {
                let sequence = base &+ UInt32(truncatingIfNeeded: stream.position) &+ UInt32(index)
                try require(
                    span[index] == self.byte(sequence), "a wrong byte at position \(stream.position) + \(index)")
            }
            stream.position += Int64(span.count)
        case .gap(let count, _):
            try require(count > 0, "a gap of \(count) bytes")
            stream.position += Int64(count)
        case .fin:
            stream.isEnded = true
        }
    }

    private static func byte(_ sequence: UInt32) -> UInt8 {
        UInt8(truncatingIfNeeded: (sequence &* 0x9E37_79B1) >> 24)
    }
}
