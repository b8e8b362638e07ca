import EngineIO
import NIOCore
import NIOWebSocket
import SocketIO
import TimelineModel

/// What goes out.
extension SessionHandler {
    func send(_ messages: [SocketIOMessage]) {
        for message in messages {
            switch message {
            case .text(let text): self.run(self.engine.handle(.send(.text(text)), at: self.now))
            case .binary(let bytes): self.run(self.engine.handle(.send(.binary(bytes)), at: self.now))
            }
        }
    }

    func write(_ content: EngineIOPacket.Content) {
        guard self.phase == .open, let context else { return }
        let data: ByteBuffer
        let opcode: WebSocketOpcode
        switch content {
        case .text(let text):
            data = context.channel.allocator.buffer(string: text)
            opcode = .text
            self.tellSent(.text(text), data)
        case .binary(let bytes):
            data = context.channel.allocator.buffer(bytes: bytes)
            opcode = .binary
            self.tellSent(.binary(bytes), data)
        }
        self.writeFrame(opcode, data)
    }

    private func tellSent(_ body: @autoclosure () -> Traffic.Body, _ data: ByteBuffer) {
        self.tell(
            .message(
                Traffic.Message(
                    sender: .client, body: body(),
                    wireBytes: frameWireBytes(payload: data.readableBytes, isMasked: true))))
    }

    func write(_ opcode: WebSocketOpcode, _ data: ByteBuffer) {
        self.tellControl(.client, opcode, data)
        self.writeFrame(opcode, data)
    }

    func writeClose(code: UInt16?, reason: String) {
        var data = ByteBuffer()
        // What an API shows for an empty body is no code to be sent. Source: RFC 6455, section 7.4.1.
        let code = code.flatMap { [1005, 1006, 1015].contains($0) || $0 < 1000 ? nil : $0 }
        if let code {
            data.writeInteger(code)
            data.writeString(reason)
        }
        self.tell(
            .close(
                by: .client, code: code, reason: code == nil ? "" : reason,
                wireBytes: frameWireBytes(payload: data.readableBytes, isMasked: true)))
        self.writeFrame(.connectionClose, data)
    }

    private func writeFrame(_ opcode: WebSocketOpcode, _ data: ByteBuffer) {
        guard let context else { return }
        let frame = WebSocketFrame(fin: true, opcode: opcode, maskKey: .random(), data: data)
        context.write(self.wrapOutboundOut(frame), promise: nil)
        // All that is written in one turn of the loop goes out in one system call.
        guard !self.isFlushPending else { return }
        self.isFlushPending = true
        let bound = NIOLoopBound(self, eventLoop: self.loop)
        self.loop.execute { bound.value.flush() }
    }

    func flush() {
        self.isFlushPending = false
        self.context?.flush()
    }
}
