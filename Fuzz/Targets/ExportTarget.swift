import Decoding
import TimelineModel

/// A conversation, decoded, exported as a hook log and imported again: the frames must be the same.
enum ExportTarget {
    static func run(_ bytes: Span<UInt8>) throws {
        let capture = ConversationTarget.capture(bytes)
        let original = try DecodedCapture(capture.span, [0..<capture.count])
        // Of a WebSocket whose request was not seen a hook log cannot say so.
        let opened = Set(original.exchanges.filter { $0.status == 101 }.map(\.connectionID))
        let isOpened = original.connections.allSatisfy { $0.application != .websocket || opened.contains($0.id) }
        guard !original.frames.isEmpty, isOpened else { return }
        let log = self.export(original)
        let span = log.span
        let back = try DecodedCapture(
            HookLogDecoder(CaptureFacts(kind: .hook, source: "fuzz")), span, [0..<span.count])
        try require(back.refusal == nil, "the export is refused: \(back.refusal ?? "")")
        try requireEqual(back.frames.map(self.comparable), original.frames.map(self.comparable), "imported again")
    }

    static func export(_ capture: DecodedCapture) -> [UInt8] {
        var encoder = HookLogEncoder(
            connections: capture.connections, sessions: capture.sessions, exchanges: capture.exchanges)
        var text = ""
        for frame in capture.frames { encoder.encode(frame, capture.notes[frame.id] ?? .init(), to: &text) }
        encoder.finish(to: &text)
        return Array(text.utf8)
    }

    /// Without what belongs to HTTP, and without ids: polls of one session are one connection in a hook log.
    private static func comparable(_ frame: Frame) -> Frame {
        var frame = frame
        frame.connectionID = 0
        frame.sessionID = nil
        frame.exchangeID = nil
        return frame
    }
}
