import EngineIO
import JSONText
import Wire

/// Engine.IO packets, polling payloads, JSONP, handshakes and request targets of both versions.
enum EngineIOPacketTarget {
    static func run(_ bytes: Span<UInt8>) throws {
        for version in EngineIOVersion.allCases {
            try self.packets(bytes, version)
            try self.payload(bytes, version)
        }
        try self.jsonp(bytes)
        _ = PollingPayload.version(of: bytes)
        _ = EngineIOHandshake(json: bytes)
        _ = EngineIOTarget(bytes.text(0..<bytes.count))
        let encoded = Base64.encode(bytes)
        try require(Base64.decode(Array(encoded.utf8).span) == bytes.copy(), "base64 does not give its bytes back")
        _ = Base64.decode(bytes)
    }

    private static func packets(_ bytes: Span<UInt8>, _ version: EngineIOVersion) throws {
        for isText in [true, false] {
            do throws(EngineIODecodeError) {
                let head =
                    try isText ? EngineIOPacketHead.text(bytes, version) : EngineIOPacketHead.binary(bytes, version)
                guard head.dataOffset <= bytes.count else {
                    throw EngineIODecodeError.badBase64(offset: -1)
                }
                _ = try EngineIOPacket(head, bytes)
            } catch {
                try require(error != .badBase64(offset: -1), "data behind the end of the packet")
            }
        }
    }

    private static func payload(_ bytes: Span<UInt8>, _ version: EngineIOVersion) throws {
        var pieces: [PollingPayload.Piece] = []
        let isWhole: Bool
        do throws(PollingPayloadError) {
            try PollingPayload.split(bytes, version) { pieces.append($0) }
            isWhole = true
        } catch {
            isWhole = false
        }
        var end = 0
        for piece in pieces {
            try require(
                piece.range.lowerBound >= end && piece.range.upperBound <= bytes.count, "\(piece) behind \(end)")
            end = piece.range.upperBound
        }
        guard isWhole else { return }
        try require(end == bytes.count, "the last packet ends at \(end) of \(bytes.count)")
        if version == .v4 {
            let parts = pieces.map { bytes.extracting($0.range).copy() }
            try require(Array(parts.joined(separator: [0x1E])) == bytes.copy(), "joined the packets are not the body")
        }
    }

    private static func jsonp(_ bytes: Span<UInt8>) throws {
        _ = try? JSONP.payload(ofAnswer: bytes)
        _ = try? JSONP.payload(ofRequest: bytes)
        // An answer made of the bytes is read as what it was.
        let text = bytes.text(0..<bytes.count)
        var answer = "___eio[0]("
        JSONString.write(text, to: &answer)
        answer += ");"
        let read = try JSONP.payload(ofAnswer: Array(answer.utf8).span)
        try require(read == Array(text.utf8), "JSONP does not give its payload back")
    }
}
