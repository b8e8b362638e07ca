import JSONText
import SocketIO
import TimelineModel

/// Socket.IO packets: the text form in both versions, and msgpack.
enum SocketIOTarget {
    static func run(_ bytes: Span<UInt8>) throws {
        for version in SocketIOVersion.allCases {
            for start in 0..<min(2, bytes.count + 1) { try self.packet(bytes, from: start, version) }
        }
        if let value = MessagePack.decode(bytes) {
            // What it becomes is JSON.
            let text = value.description
            try require((try? JSONScanner.validate(Array(text.utf8).span)) != nil, "msgpack became \(text)")
        }
        if let packet = MessagePackPacket(bytes) { _ = packet.event }
    }

    private static func packet(_ bytes: Span<UInt8>, from start: Int, _ version: SocketIOVersion) throws {
        let head: SocketIOPacketHead
        do throws(SocketIODecodeError) {
            head = try SocketIOPacketHead(bytes, from: start, version)
        } catch {
            _ = error.description
            return
        }
        var end = start + 1
        for range in [head.namespace, head.query, head.payload].compactMap({ $0 }) {
            try require(range.lowerBound >= end && range.upperBound <= bytes.count, "\(range) behind \(end): \(head)")
            end = range.upperBound
        }
        try require(head.ackID ?? 0 >= 0 && head.attachments ?? 0 >= 0, "\(head)")
        let isBinary = head.type == .binaryEvent || head.type == .binaryAck
        try require((head.attachments != nil) == isBinary, "attachments of \(head)")
        if let payload = head.payload {
            try require(
                (try? JSONScanner.validate(bytes.extracting(payload))) != nil, "a payload that is no JSON: \(head)")
        }
    }
}
