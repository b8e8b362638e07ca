public import TimelineModel

/// The close frames of the WebSocket that a session uses, one of each side.
public struct CloseState: Hashable, Sendable {
    public struct Close: Hashable, Sendable {
        public var mark: Mark
        /// Nil for an empty body.
        public var code: UInt16?
        public var reason: String?
        public var connectionID: Int64
    }

    private(set) var client: Close?
    private(set) var server: Close?

    public subscript(_ sender: Sender) -> Close? { sender == .client ? self.client : self.server }

    /// Who sent the first one; nil where there is none.
    public var first: Sender? {
        switch (self.client, self.server) {
        case (nil, nil): nil
        case (_?, nil): .client
        case (nil, _?): .server
        case (let client?, let server?): client.mark.frameID < server.mark.frameID ? .client : .server
        }
    }

    mutating func apply(_ frame: Frame) {
        guard frame.layer == .websocket, frame.opcode == 8 else { return }
        let close = Close(
            mark: Mark(frame), code: frame.closeCode, reason: frame.payload, connectionID: frame.connectionID)
        switch frame.sender {
        case .client: self.client = self.client.flatMap { $0.connectionID == frame.connectionID ? $0 : nil } ?? close
        case .server: self.server = self.server.flatMap { $0.connectionID == frame.connectionID ? $0 : nil } ?? close
        }
    }
}
