import EngineIO
import TimelineModel

/// Packets as the body of a POST of the long-polling transport, and the packets of a GET's answer.
enum PollingBody {
    /// python-engineio drops a payload of more packets. Source: python-engineio 4, `payload.py`.
    static let packetLimit = 16

    /// A body and its `Content-Type`.
    struct Encoded: Hashable, Sendable {
        var contentType: String
        var bytes: [UInt8]
    }

    /// Takes the packets of the next POST off the front of `queue`: at most 16, and at most `maxPayload` bytes, but at
    /// least one.
    static func next(
        _ queue: inout ArraySlice<EngineIOPacket>, _ version: EngineIOVersion, maxPayload: Int?,
        packetLimit: Int = packetLimit
    ) -> Encoded? {
        guard let first = queue.first else { return nil }
        var batch = [first]
        var size = Self.size(first, version)
        for packet in queue.dropFirst().prefix(max(1, packetLimit) - 1) {
            let more = Self.size(packet, version)
            if let maxPayload, size + more > maxPayload { break }
            size += more
            batch.append(packet)
        }
        queue.removeFirst(batch.count)
        return Self.encoded(batch, version)
    }

    static func encoded(_ packets: [EngineIOPacket], _ version: EngineIOVersion) -> Encoded {
        // In version 3 implementations disagree about the unit of a text's length; that of the binary form is bytes for
        // all of them.
        let body = PollingPayload.encode(
            packets, version, asBinary: version == .v3 && !packets.allSatisfy(Self.isASCII))
        let type = body.isBinary ? "application/octet-stream" : "text/plain;charset=UTF-8"
        return Encoded(contentType: type, bytes: body.bytes)
    }

    /// The packets of a GET's answer, up to the first that is none.
    static func packets(
        _ body: [UInt8], _ version: EngineIOVersion
    ) -> (packets: [EngineIOPacket], problem: String?) {
        var packets: [EngineIOPacket] = []
        var problem: String?
        let span = body.span
        do throws(PollingPayloadError) {
            try PollingPayload.split(span, version) { piece in
                guard problem == nil else { return }
                let bytes = span.extracting(piece.range)
                do throws(EngineIODecodeError) {
                    let head =
                        piece.isBinary
                        ? try EngineIOPacketHead.binary(bytes, version) : try EngineIOPacketHead.text(bytes, version)
                    packets.append(try EngineIOPacket(head, bytes))
                } catch {
                    problem = error.description
                }
            }
        } catch {
            problem = problem ?? error.description
        }
        return (packets, problem)
    }

    private static func isASCII(_ packet: EngineIOPacket) -> Bool {
        guard case .text(let text) = packet.content else { return false }
        return text.utf8.allSatisfy { $0 < 0x80 }
    }

    /// What a packet adds to a body at most, its separator or length included.
    private static func size(_ packet: EngineIOPacket, _ version: EngineIOVersion) -> Int {
        switch packet.content {
        case .text(let text): text.utf8.count + (version == .v4 ? 2 : 14)
        case .binary(let bytes): version == .v4 ? (bytes.count + 2) / 3 * 4 + 2 : bytes.count + 14
        }
    }
}
