import EngineIO

/// Reads one direction of a WebSocket as an endpoint does: whole messages and control frames, and the end at the first
/// violation. Source: RFC 6455, sections 5 and 8.1.
///
/// Memory: one message of at most `limitBytes`, and the bytes of one frame that is not whole yet.
struct WebSocketReader: Sendable {
    enum Item: Hashable, Sendable {
        case message(EngineIOPacket.Content)
        case control(WebSocketControl)
        /// Nothing is read behind it. `code` is what the connection is to be closed with.
        case broken(code: UInt16, reason: String)
    }

    private enum State {
        case idle
        case collecting(isText: Bool, [UInt8])
        case over
    }

    private struct Frame {
        var isLast: Bool
        var opcode: UInt8
        var payload: [UInt8]
    }

    private struct Broken: Error {
        var code: UInt16
        var reason: String
    }

    static let limitBytes = 256 << 20

    /// Frames of a client must be masked, those of a server must not. Source: RFC 6455, section 5.1.
    private let isMasked: Bool
    private var waiting: [UInt8] = []
    private var state = State.idle

    init(masked: Bool) { self.isMasked = masked }

    mutating func read(_ bytes: [UInt8]) -> [Item] {
        if case .over = self.state { return [] }
        // Nearly always a chunk is whole frames: then nothing is copied.
        let bytes = self.waiting.isEmpty ? bytes : self.waiting + bytes
        var place = 0
        var items: [Item] = []
        do throws(Broken) {
            while let frame = try self.frame(bytes, &place) {
                if let item = try self.take(frame) { items.append(item) }
                if case .control(.close)? = items.last {
                    self.state = .over
                    return items
                }
            }
            self.waiting = Array(bytes[place...])
        } catch {
            self.state = .over
            self.waiting = []
            items.append(.broken(code: error.code, reason: error.reason))
        }
        return items
    }

    /// Nil where there are too few bytes.
    private func frame(_ bytes: [UInt8], _ place: inout Int) throws(Broken) -> Frame? {
        guard bytes.count - place >= 2 else { return nil }
        let (first, second) = (bytes[place], bytes[place + 1])
        guard first & 0x70 == 0 else { throw Broken(code: 1002, reason: "a reserved bit is set") }
        guard (second & 0x80 != 0) == self.isMasked else {
            throw Broken(code: 1002, reason: self.isMasked ? "a frame is not masked" : "a frame is masked")
        }
        var at = place + 2
        var count = Int(second & 0x7F)
        if count >= 126 {
            let width = count == 126 ? 2 : 8
            guard bytes.count - at >= width else { return nil }
            var length: UInt64 = 0
            for byte in bytes[at..<at + width] { length = length << 8 | UInt64(byte) }
            at += width
            guard length <= UInt64(Self.limitBytes) else {
                throw Broken(code: 1009, reason: "a frame of \(length) bytes")
            }
            count = Int(length)
        }
        var key: [UInt8] = []
        if self.isMasked {
            guard bytes.count - at >= 4 else { return nil }
            key = Array(bytes[at..<at + 4])
            at += 4
        }
        guard bytes.count - at >= count else { return nil }
        var payload = Array(bytes[at..<at + count])
        if key.contains(where: { $0 != 0 }) { for index in payload.indices { payload[index] ^= key[index & 3] } }
        place = at + count
        return Frame(isLast: first & 0x80 != 0, opcode: first & 0x0F, payload: payload)
    }

    private mutating func take(_ frame: Frame) throws(Broken) -> Item? {
        guard frame.opcode < 8 else { return .control(try Self.control(frame, ofClient: self.isMasked)) }
        let state = self.state
        // Let go of the state's reference first, or each append copies all of it.
        self.state = .idle
        switch (state, frame.opcode) {
        case (.idle, WebSocketBytes.text), (.idle, WebSocketBytes.binary):
            let isText = frame.opcode == WebSocketBytes.text
            if frame.isLast { return try Self.message(isText, frame.payload) }
            self.state = .collecting(isText: isText, frame.payload)
        case (.collecting(let isText, var collected), WebSocketBytes.continuation):
            guard frame.payload.count <= Self.limitBytes - collected.count else {
                throw Broken(code: 1009, reason: "a message of more than \(Self.limitBytes) bytes")
            }
            collected += frame.payload
            if frame.isLast { return try Self.message(isText, collected) }
            self.state = .collecting(isText: isText, collected)
        case (.idle, WebSocketBytes.continuation):
            throw Broken(code: 1002, reason: "a continuation without a beginning")
        case (.collecting, WebSocketBytes.text), (.collecting, WebSocketBytes.binary):
            throw Broken(code: 1002, reason: "a new message inside a fragmented one")
        default: throw Broken(code: 1002, reason: "a frame of the reserved type \(frame.opcode)")
        }
        return nil
    }

    private static func message(_ isText: Bool, _ bytes: [UInt8]) throws(Broken) -> Item {
        guard isText else { return .message(.binary(bytes)) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Broken(code: 1007, reason: "a text message is no UTF-8")
        }
        return .message(.text(text))
    }

    private static func control(_ frame: Frame, ofClient: Bool) throws(Broken) -> WebSocketControl {
        guard frame.isLast, frame.payload.count <= 125 else {
            throw Broken(code: 1002, reason: "a control frame that is fragmented or too long")
        }
        switch frame.opcode {
        case WebSocketBytes.ping: return .ping(frame.payload)
        case WebSocketBytes.pong: return .pong(frame.payload)
        case WebSocketBytes.close:
            guard !frame.payload.isEmpty else { return .close(code: nil, reason: "") }
            guard frame.payload.count >= 2 else { throw Broken(code: 1002, reason: "a close frame of one byte") }
            let code = UInt16(frame.payload[0]) << 8 | UInt16(frame.payload[1])
            // As the drivers' reader.
            guard !ofClient || WebSocketControl.mayCarry(code) else {
                throw Broken(code: 1002, reason: "a close frame with the code \(code), which may not stand in one")
            }
            guard !ofClient || String(validating: frame.payload[2...], as: UTF8.self) != nil else {
                throw Broken(code: 1007, reason: "a close frame's reason is no UTF-8")
            }
            return .close(code: code, reason: String(decoding: frame.payload[2...], as: UTF8.self))
        default: throw Broken(code: 1002, reason: "a frame of the reserved type \(frame.opcode)")
        }
    }
}
