import NIOCore
import NIOWebSocket

/// Why the WebSocket has to be failed. Source of the codes: RFC 6455, section 7.4.1.
enum WebSocketFault: Error, Equatable {
    case broken(String)
    /// The same, of a frame by itself; `detail` says what was there, and what was expected.
    case violation(FrameViolation, String, detail: String)
    case notUTF8([UInt8])
    case tooBig(limitBytes: Int)

    /// Of a frame that cannot be read.
    init(_ error: NIOWebSocketError, readLimit: Int) {
        self =
            switch error {
            case .invalidFrameLength: .tooBig(limitBytes: readLimit)
            case .fragmentedControlFrame:
                .violation(
                    .controlFrame, "a control frame that is fragmented",
                    detail: "a control frame without FIN; expected one frame of at most 125 bytes")
            case .multiByteControlFrameLength:
                .violation(
                    .controlFrame, "a control frame that is too long",
                    detail: "a control frame of more than 125 bytes; expected at most 125")
            }
    }

    var closeCode: UInt16 {
        switch self {
        case .broken, .violation: 1002
        case .notUTF8: 1007
        case .tooBig: 1009
        }
    }

    /// For the close frame.
    var words: String {
        switch self {
        case .broken(let what), .violation(_, let what, _): what
        case .notUTF8: "a text message is no UTF-8"
        case .tooBig(let limit): "a message larger than \(limit) bytes"
        }
    }

    var end: SocketIOEnd {
        switch self {
        case .broken, .violation, .notUTF8: .webSocketFailed(self.words)
        case .tooBig(let limit): .messageTooBig(limitBytes: limit)
        }
    }
}

/// Joins the data frames of a server to messages. Memory: one message of at most `limitBytes`.
struct MessageAssembler {
    struct Whole: Equatable {
        var body: Traffic.Body
        var wireBytes: Int
        var isFragmented: Bool
    }

    private enum State {
        case idle
        case collecting(isText: Bool, ByteBuffer, wireBytes: Int)
    }

    private let limitBytes: Int
    private var state = State.idle

    init(limitBytes: Int) {
        self.limitBytes = limitBytes
    }

    /// Takes a data frame; gives the message that it completes.
    mutating func receive(
        _ opcode: WebSocketOpcode, isLast: Bool, _ data: ByteBuffer, wireBytes: Int
    ) throws(WebSocketFault) -> Whole? {
        switch (self.state, opcode) {
        case (.idle, .text), (.idle, .binary):
            guard data.readableBytes <= self.limitBytes else { throw .tooBig(limitBytes: self.limitBytes) }
            if isLast { return try Self.whole(opcode == .text, data, wireBytes, isFragmented: false) }
            self.state = .collecting(isText: opcode == .text, data, wireBytes: wireBytes)
            return nil
        case (.collecting(let isText, var collected, let before), .continuation):
            // Let go of the state's reference first, or each append copies all of it.
            self.state = .idle
            guard data.readableBytes <= self.limitBytes - collected.readableBytes else {
                throw .tooBig(limitBytes: self.limitBytes)
            }
            collected.writeImmutableBuffer(data)
            // Many empty fragments cannot overflow: a count of bytes that were received.
            if isLast { return try Self.whole(isText, collected, before + wireBytes, isFragmented: true) }
            self.state = .collecting(isText: isText, collected, wireBytes: before + wireBytes)
            return nil
        case (.idle, .continuation):
            throw .violation(
                .orphanContinuation, "a continuation without a beginning",
                detail: "a continuation frame, and no message is begun; expected the first frame of one")
        case (.collecting, .text), (.collecting, .binary):
            throw .violation(
                .unfinishedMessage, "a new message inside a fragmented one",
                detail: "a new message inside a fragmented one; expected a continuation of that")
        default:
            let number = UInt8(webSocketOpcode: opcode)
            throw .violation(
                .reservedOpcode, "a frame of the reserved type \(number)",
                detail: "opcode \(number); expected 0, 1, 2, 8, 9 or 10")
        }
    }

    private static func whole(
        _ isText: Bool, _ data: ByteBuffer, _ wireBytes: Int, isFragmented: Bool
    ) throws(WebSocketFault) -> Whole {
        let bytes = data.readableBytesView
        if isText {
            guard let text = String(validating: bytes, as: UTF8.self) else { throw .notUTF8(Array(bytes)) }
            return Whole(body: .text(text), wireBytes: wireBytes, isFragmented: isFragmented)
        }
        return Whole(body: .binary(Array(bytes)), wireBytes: wireBytes, isFragmented: isFragmented)
    }
}

/// What a frame costs on the wire. Source: RFC 6455, section 5.2.
func frameWireBytes(payload: Int, isMasked: Bool) -> Int {
    payload + (payload < 126 ? 2 : payload < 65_536 ? 4 : 10) + (isMasked ? 4 : 0)
}
