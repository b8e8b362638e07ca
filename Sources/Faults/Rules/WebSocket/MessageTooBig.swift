import TimelineModel

struct MessageTooBig: SessionRule {
    static let page = RulePage(
        "message-too-big", .webSocket, .error, sides: [.client, .application],
        source: """
            Engine.IO protocol 4, "Handshake" (maxPayload); engine.io lib/server.ts `maxHttpBufferSize`; RFC 6455, section
            7.4.1 (code 1009); socketio/socket.io#3817, #3946, #4311, #5140; socketio/engine.io#706
            """,
        summary: "A message was bigger than its receiver takes",
        finds: """
            A message of the client over WebSocket, inflated, of more bytes than the `maxPayload` of the open packet; or a
            close frame with code 1009 by either side, which says that a message of the other side was too big: the biggest
            one in the second before is named. Bodies over polling are `polling-payload-too-large`.
            """,
        why: """
            Node's server closes with 1009, python-engineio with 1000; the client sees a lost connection, connects again and
            loses it again where it sends the same once more. `maxPayload` limits what the server takes, not what it sends; a
            client has its own limit (for .NET, Go and Python libraries often 1 MiB or less).
            """,
        clientFix: "Send big data in pieces or outside Socket.IO; where the client closed, raise its read limit.",
        serverFix:
            "Raise `maxHttpBufferSize` (Node) or `max_http_buffer_size` (Python); send less at once where the client closed.",
        falseAlarms: "A server may allow more than it says; the finding is latent then.")

    static let sees: Interest = [.engineIO, .webSocketClose]

    /// The biggest message of a side of late.
    private struct Big {
        var mark: Mark
        var bytes: Int
    }

    private static let recentNs: Int64 = 1_000_000_000

    private var client: Big?
    private var server: Big?
    /// The last message over `maxPayload`: a 1009 right behind it is its consequence and no news.
    private var lastOver: Timestamp?

    init(_ settings: RuleSettings) {}

    mutating func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        if frame.layer == .websocket {
            // The answer to a close frame repeats its code.
            guard session.closes[frame.sender.other]?.connectionID != frame.connectionID else { return }
            return self.judge(close: frame, &report)
        }
        guard frame.transport == .websocket else { return }
        // Of a message that was not kept only its size on the wire is known; 14 bytes of it are the longest header.
        let isKept = frame.sizeBytes > 0 || frame.flags.contains(.compressed)
        let bytes = isKept ? frame.sizeBytes : max(14, frame.wireBytes) - 14
        let old = frame.sender == .client ? self.client : self.server
        if old.map({ bytes >= $0.bytes || frame.at.nanoseconds(since: $0.mark.at) > Self.recentNs }) ?? true {
            let big = Big(mark: Mark(frame), bytes: bytes)
            if frame.sender == .client { self.client = big } else { self.server = big }
        }
        guard frame.sender == .client, let limit = session.facts.maxPayload, bytes > limit else { return }
        self.lastOver = frame.at
        report.add(
            "a message of \(isKept ? "" : "about ")\(bytes) bytes from the client (maxPayload \(limit))", frame: frame,
            consequence: .end(by: .server),
            evidence: Evidence(
                frames: [frame.id], [("measured_bytes", .integer(bytes)), ("allowed_bytes", .integer(limit))]))
    }

    private func judge(close: Frame, _ report: inout Report) {
        guard close.closeCode == 1009 else { return }
        if close.sender == .server, let over = self.lastOver, close.at.nanoseconds(since: over) <= Self.recentNs {
            return
        }
        let candidate = close.sender == .server ? self.client : self.server
        let big = candidate.flatMap { close.at.nanoseconds(since: $0.mark.at) <= Self.recentNs ? $0 : nil }
        let what = big.map { "; the biggest of the second before has \($0.bytes) bytes" } ?? ""
        report.add(
            "the \(close.sender) closed with 1009: a message of the \(close.sender.other) was too big for it\(what)",
            at: big?.mark.at ?? close.at, frameID: big?.mark.frameID ?? close.id, consequence: .shown,
            // It may repeat the code of a close frame that the capture misses.
            over: close.at...close.at,
            evidence: Evidence(
                frames: (big.map { [$0.mark.frameID] } ?? []) + [close.id],
                [("measured_bytes", big.map { .integer($0.bytes) } ?? .null)]))
    }
}
