import EngineIO
import TimelineModel

/// What happened, in words.
extension ConformancePlay {
    mutating func fail(rule: String? = nil, _ reason: String, isLateness: Bool = false, at now: Timestamp) {
        guard self.verdict == nil else { return }
        self.note("* \(reason)", at: now)
        let step = self.sessions == 0 ? nil : self.step
        self.verdict = .failed(ConformanceFailure(step: step, rule: rule, reason: reason, isLateness: isLateness))
    }

    mutating func note(_ text: String, at now: Timestamp) {
        if self.transcript.count >= Self.transcriptLimit { self.transcript.removeFirst(Self.transcriptLimit / 2) }
        let line = text.utf8.count > 200 ? "\(text.prefix(160))... (\(text.utf8.count) bytes)" : text
        self.transcript.append(ConformanceNote(atNs: now.nanoseconds(since: self.begunAt ?? now), text: line))
    }

    mutating func note(_ action: ServerAction, at now: Timestamp) {
        switch action {
        case .respond(let response, _):
            guard response.body != Array("ok".utf8) else { return }
            let body = String(decoding: response.body, as: UTF8.self)
            self.note("> " + (response.status == 200 ? "" : "HTTP \(response.status) ") + body, at: now)
        case .acceptWebSocket: self.note("> HTTP 101", at: now)
        case .send(.text(let text), _): self.note("> \(text)", at: now)
        case .send(.binary(let bytes), _): self.note("> binary \(Hex.text(Array(bytes.prefix(80))))", at: now)
        case .sendFragmented(.text(let text), let pieces, _, _): self.note("> in \(pieces) fragments \(text)", at: now)
        case .sendFragmented(.binary, let pieces, _, _): self.note("> binary in \(pieces) fragments", at: now)
        case .sendControl: self.note("> WebSocket ping", at: now)
        case .sendRaw(let bytes, _): self.note("> raw \(Hex.text(Array(bytes.prefix(80))))", at: now)
        case .end(.webSocketClose(let code, let reason), _):
            self.note("> close frame " + (code.map { "\($0) \(reason)" } ?? "without a body"), at: now)
        case .end(.fin, _): self.note("> FIN", at: now)
        case .end(.reset, _): self.note("> RST", at: now)
        }
    }

    static func text(_ packet: EngineIOPacket) -> String {
        switch packet.content {
        case .text(let text): "\(packet.type.rawValue)\(text)"
        case .binary(let bytes): "binary \(Hex.text(Array(bytes.prefix(80))))"
        }
    }

    /// `350 ms`.
    static func time(_ ns: Int64) -> String {
        Lapse.plain(ns)
    }
}
