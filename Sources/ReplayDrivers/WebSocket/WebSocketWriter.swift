import EngineIO
import NIOCore
import Replay
import Wire

/// Writes messages and control frames as a server does, unmasked, or as a client, masked.
struct WebSocketWriter {
    private let masks: Bool
    private let deflate: DeflateAgreement?
    private let deflater: Deflater?

    init(masks: Bool, deflate: DeflateAgreement?) {
        self.masks = masks
        self.deflate = deflate
        self.deflater = deflate.map { Deflater(windowBits: $0.serverWindowBits) }
    }

    /// A message in one frame.
    func message(_ content: EngineIOPacket.Content) -> ByteBuffer {
        let (opcode, bytes, isDeflated) = self.payload(of: content)
        return self.frame(opcode, bytes[...], isDeflated: isDeflated)
    }

    /// A message in so many frames, at least 2, with a ping before each but the first where `pings`.
    func fragments(_ content: EngineIOPacket.Content, pieces: Int, pings: Bool) -> ByteBuffer {
        let (opcode, bytes, isDeflated) = self.payload(of: content)
        let pieces = max(2, min(pieces, 1 << 16))
        var all = ByteBuffer()
        for piece in 0..<pieces {
            let from = bytes.count / pieces * piece + min(piece, bytes.count % pieces)
            let upTo = bytes.count / pieces * (piece + 1) + min(piece + 1, bytes.count % pieces)
            if pings, piece > 0 { all.writeImmutableBuffer(self.control(.ping(Array("piece \(piece)".utf8)))) }
            all.writeImmutableBuffer(
                self.frame(
                    piece == 0 ? opcode : .continuation, bytes[from..<upTo], isLast: piece == pieces - 1,
                    isDeflated: isDeflated && piece == 0))
        }
        return all
    }

    func control(_ control: WebSocketControl) -> ByteBuffer {
        self.bytes(of: RawFrame(control, isMasked: self.masks))
    }

    private func payload(of content: EngineIOPacket.Content) -> (WebSocketOpcode, [UInt8], isDeflated: Bool) {
        let (opcode, bytes): (WebSocketOpcode, [UInt8]) =
            switch content {
            case .text(let text): (.text, Array(text.utf8))
            case .binary(let bytes): (.binary, bytes)
            }
        guard let deflater else { return (opcode, bytes, false) }
        let deflated = deflater.message(bytes.span)
        if self.deflate?.serverNoContextTakeover == true { deflater.reset() }
        return (opcode, deflated, true)
    }

    private func frame(
        _ opcode: WebSocketOpcode, _ payload: ArraySlice<UInt8>, isLast: Bool = true, isDeflated: Bool = false
    ) -> ByteBuffer {
        self.bytes(
            of: RawFrame(
                opcode.rawValue, Array(payload), isLast: isLast, reserved: isDeflated ? 4 : 0, isMasked: self.masks))
    }

    private func bytes(of frame: RawFrame) -> ByteBuffer {
        ByteBuffer(bytes: frame.bytes(key: self.masks ? .random(in: .min ... .max) : 0))
    }
}
