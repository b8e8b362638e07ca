public import HookLog
import TimelineModel

extension HookLine {
    /// The line that says it in a hook log; nil for what a hook log has no word for.
    ///
    /// - Parameter prefix: of the connection's name, for logs that more than one process writes to.
    public init?(_ traffic: Traffic, prefix: String = "c") {
        let event: Event
        switch traffic.event {
        case .opening(let opening):
            event = .open(
                Open(
                    url: opening.url, client: opening.userAgent, clientAddress: opening.address,
                    clientPort: opening.port))
        case .message(let message):
            let flags: FrameFlags = message.isFragmented ? .fragmented : []
            event = .message(
                Message(
                    sender: message.sender, body: Body(message.body),
                    measure: Measure(wireBytes: message.wireBytes, flags: flags)))
        case .control(let control):
            event = .control(
                Control(
                    sender: control.sender, opcode: control.opcode, body: .bytes(control.data),
                    measure: Measure(wireBytes: control.wireBytes)))
        case .close(let by, let code, let reason, let wireBytes):
            event = .close(
                Close(
                    by: by, code: code ?? Close.emptyCode, reason: reason, measure: Measure(wireBytes: wireBytes)))
        case .ended(let how, let by, let refusal):
            let answer = refusal.map { Close.Refusal(status: $0.status, body: $0.body) }
            event = .close(Close(by: by, code: Close.missingCode, end: how, refusal: answer))
        case .error, .violation: return nil
        }
        self.init(
            at: traffic.at, session: Self.session(of: traffic, prefix: prefix), transport: .websocket, event: event)
    }

    /// The name of a connection in a hook log.
    public static func session(of traffic: Traffic, prefix: String = "c") -> String {
        "\(prefix)\(traffic.connection)"
    }
}

extension HookLine.Body {
    fileprivate init(_ body: Traffic.Body) {
        switch body {
        case .text(let text): self = .text(text)
        case .binary(let bytes): self = .bytes(bytes)
        case .brokenText: self = .unreadable(opcode: 1, reason: "text that is no UTF-8")
        }
    }
}
