/// The two byte streams of one TCP connection, from HTTP up: polling, upgrade, WebSocket, Engine.IO, Socket.IO.
///
/// The input is a list of steps, each a head of two bytes and data: bit 15 says who sends, bit 14 that what follows is
/// lost, bits 0 to 13 how many bytes. A head without bytes ends that side's stream.
enum ConversationTarget {
    static func run(_ bytes: Span<UInt8>) throws {
        var random = FuzzRandom(bytes)
        let whole = try self.decode(self.capture(bytes))
        let cut = try self.decode(self.capture(bytes) { random.cuts($0) })
        _ = try self.decode(self.capture(bytes), isTight: true)
        // Where decoding lost its way it looks for a new start at the beginning of a segment: cuts matter then.
        let isLost = (whole.connections + cut.connections).contains {
            $0.undecodedBytes > 0 || $0.missingBytes > 0 || $0.application == .unknown
        }
        guard !isLost else { return }
        try requireEqual(cut.frames, whole.frames, "in smaller segments: frames")
        try requireEqual(cut.sessions, whole.sessions, "in smaller segments: sessions")
        try requireEqual(cut.exchanges, whole.exchanges, "in smaller segments: exchanges")
        try requireEqual(cut.anomalies, whole.anomalies, "in smaller segments: anomalies")
    }

    private static func decode(_ capture: [UInt8], isTight: Bool = false) throws -> DecodedCapture {
        let span = capture.span
        let all = [0..<span.count]
        return isTight
            ? try DecodedCapture(span, all, limits: DecodedCapture.tightLimits) : try DecodedCapture(span, all)
    }

    /// The capture of the conversation that the input describes; `cuts` says how each step is cut into segments.
    static func capture(_ bytes: Span<UInt8>, _ cuts: (Int) -> [Range<Int>] = { [0..<$0] }) -> [UInt8] {
        var reader = FuzzReader()
        var builder = CaptureBuilder()
        builder.handshake()
        while !reader.isAtEnd(bytes) {
            let head = reader.uint16(bytes)
            let side: CaptureBuilder.Side = head & 0x8000 == 0 ? .client : .server
            let data = bytes.extracting(reader.range(Int(head & 0x3FFF), bytes))
            builder.wait(microseconds: 1000)
            if head & 0x3FFF == 0 {
                builder.finish(side)
            } else if head & 0x4000 != 0 {
                builder.lose(side, data.count)
            } else {
                for cut in cuts(data.count) { builder.send(side, data.extracting(cut)) }
            }
        }
        return builder.bytes
    }
}
