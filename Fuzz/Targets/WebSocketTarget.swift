import TimelineModel
import Wire

/// One direction of a WebSocket: frames, messages, permessage-deflate, gaps.
///
/// The first byte chooses how the stream was agreed on, the next two where a gap lies and how long it is.
enum WebSocketTarget {
    private struct Setting {
        var compression: Compression
        var isLost: Bool
        var limitBytes: Int
        var hasGap: Bool

        init(_ byte: UInt8) {
            self.compression =
                switch byte & 3 {
                case 0: .none
                case 1: .deflate(noContextTakeover: false)
                case 2: .deflate(noContextTakeover: true)
                default: .unknown
                }
            self.isLost = byte & 4 != 0
            self.hasGap = byte & 8 != 0
            self.limitBytes = byte & 16 != 0 ? 100 : 64 << 10
        }
    }

    private struct Message: Equatable {
        var facts: WebSocketMessage
        var bytes: [UInt8]
    }

    private struct Outcome {
        var messages: [Message] = []
        /// Compared sorted: frames and messages keep theirs apart until the end of a chunk.
        var anomalies: [String] = []
        var undecodedBytes = 0
        var frameBytes = 0
    }

    static func run(_ bytes: Span<UInt8>) throws {
        var reader = FuzzReader()
        let setting = Setting(reader.byte(bytes))
        let place = Int(reader.uint16(bytes))
        let stream = bytes.extracting(min(reader.offset, bytes.count)..<bytes.count)
        var random = FuzzRandom(bytes)
        let first = min(place >> 4, stream.count)
        let gap = setting.hasGap ? first..<min(first + 1 + (place & 15), stream.count) : nil
        let whole = try self.decode(stream, [0..<stream.count], gap, setting)
        let cut = try self.decode(stream, random.cuts(stream.count), gap, setting)
        // Without a known boundary the search begins anew with each segment: cuts matter then.
        if !setting.isLost, gap == nil {
            try requireEqual(cut.messages, whole.messages, "fed in pieces: messages")
            try requireEqual(cut.anomalies.sorted(), whole.anomalies.sorted(), "fed in pieces: anomalies")
            try require(cut.undecodedBytes == whole.undecodedBytes, "fed in pieces: undecoded bytes")
        }
        try self.roundTrip(stream, &random)
    }

    private static func decode(
        _ bytes: Span<UInt8>, _ cuts: [Range<Int>], _ gap: Range<Int>?, _ setting: Setting
    ) throws -> Outcome {
        var outcome = Outcome()
        var decoder = WebSocketFrameDecoder(
            isLost: setting.isLost, mayBeCompressed: setting.compression != .none, limitBytes: setting.limitBytes)
        var assembler = WebSocketMessageAssembler(setting.compression, limitBytes: setting.limitBytes)
        func facts(_ offset: Int) -> ChunkFacts { ChunkFacts(at: .zero, offset: Int64(offset)) }
        var broken: BrokenInvariant?
        func pass(_ frame: WebSocketFrame, _ payload: Span<UInt8>) {
            if frame.isWhole {
                outcome.frameBytes += frame.header.totalBytes
                if payload.count != frame.header.payloadBytes {
                    broken = BrokenInvariant("a payload of \(payload.count) bytes: \(frame)")
                }
            }
            assembler.receive(frame, payload) { message, content in
                // Deflate data that could not be inflated comes as it was.
                let isKept = message.loss == nil || message.flags.contains(.compressed)
                if content.count > 0, !isKept { broken = BrokenInvariant("bytes of an incomplete message: \(message)") }
                if content.count > setting.limitBytes { broken = BrokenInvariant("\(content.count) bytes: \(message)") }
                outcome.messages.append(Message(facts: message, bytes: content.copy()))
            }
        }
        func collect() {
            outcome.anomalies += (decoder.anomalies + assembler.anomalies).map { "\($0)" }
            decoder.anomalies.removeAll()
            assembler.anomalies.removeAll()
        }
        for cut in cuts {
            if let gap, gap.overlaps(cut) {
                decoder.feed(
                    bytes.extracting(cut.lowerBound..<max(cut.lowerBound, gap.lowerBound)), facts(cut.lowerBound), pass)
                if cut.contains(gap.lowerBound) {
                    decoder.gap(gap.count, at: .zero, pass)
                    if decoder.isLost { assembler.lose() }
                }
                let behind = min(cut.upperBound, gap.upperBound)
                decoder.feed(bytes.extracting(behind..<cut.upperBound), facts(behind), pass)
            } else {
                decoder.feed(bytes.extracting(cut), facts(cut.lowerBound), pass)
            }
            collect()
            if let broken { throw broken }
        }
        decoder.finish(at: .zero)
        collect()
        outcome.undecodedBytes = decoder.undecodedBytes
        try require(
            gap != nil || outcome.frameBytes + outcome.undecodedBytes <= bytes.count,
            "\(outcome.frameBytes) + \(outcome.undecodedBytes) bytes out of \(bytes.count)")
        return outcome
    }

    /// A frame made of the bytes is read as what it was.
    private static func roundTrip(_ payload: Span<UInt8>, _ random: inout FuzzRandom) throws {
        let content = payload.copy()
        let mask = random.below(2) == 0 ? nil : UInt32(truncatingIfNeeded: random.next())
        var wire: [UInt8] = [0x82]
        let bit: UInt8 = mask == nil ? 0 : 0x80
        switch content.count {
        case 0...125: wire.append(bit | UInt8(content.count))
        case 126...0xFFFF: wire += [bit | 126, UInt8(content.count >> 8), UInt8(content.count & 0xFF)]
        default: wire += [bit | 127] + (0..<8).map { UInt8(truncatingIfNeeded: content.count >> (56 - 8 * $0)) }
        }
        let key = (0..<4).map { UInt8(truncatingIfNeeded: (mask ?? 0) >> UInt32(24 - 8 * $0)) }
        if mask != nil { wire += key }
        wire += content.enumerated().map { $1 ^ key[$0 & 3] }
        var decoder = WebSocketFrameDecoder(isLost: false, mayBeCompressed: false, limitBytes: 1 << 20)
        var read: [[UInt8]] = []
        for cut in random.cuts(wire.count) {
            decoder.feed(wire.span.extracting(cut), ChunkFacts(at: .zero)) { read.append($1.copy()) }
        }
        try requireEqual(read, [content], "a frame of \(content.count) bytes")
    }
}
