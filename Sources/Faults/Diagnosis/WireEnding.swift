import TimelineModel

/// How a session ended on the wire, in words. A close code is told and never taken for a cause: Node's engine.io sends
/// the same empty close for a dozen of them.
struct WireEnding {
    let session: SessionSummary

    private var facts: SessionFacts { self.session.facts }
    private var who: String { self.facts.endedBy.map { "the \($0.rawValue)" } ?? "one side" }

    /// A clause with its subject: "the server sent an empty close frame (APIs show 1005)".
    var text: String {
        switch self.facts.endClass {
        case .webSocketClose:
            guard let code = self.facts.closeCode else {
                return "\(self.who) sent a close frame without a code (APIs show 1005)"
            }
            let reason = self.facts.endedBy.flatMap { self.session.state.closes[$0]?.reason }
            let shown = reason.flatMap { $0.isEmpty ? nil : " \(Phrase.quoted($0))" } ?? ""
            return "\(self.who) sent a close frame with code \(code)\(shown)"
        case .fin: return "\(self.who) closed the TCP connection (FIN) without a close frame"
        case .rst: return "\(self.who) reset the TCP connection (RST)"
        case .engineIOClose: return "\(self.who) sent an Engine.IO close packet"
        case .httpError: return "a poll was refused or cut off, and none worked after it"
        case .superseded: return "the same client began a new session while this one was silent"
        case .captureEnd, nil: return "it had not ended when the capture did"
        }
    }

    /// What APIs show of the end to the side that did not begin it.
    private var code: String {
        switch self.facts.endClass {
        case .webSocketClose: self.facts.closeCode.map(String.init) ?? "1005"
        case .fin, .rst: "1006"
        default: ""
        }
    }

    /// What the client's library tells its application; the words are those of the JS client, most others follow it.
    func clientReports(_ cause: Diagnosis.Cause?) -> String? {
        guard self.facts.endClass != .captureEnd, self.facts.endClass != .superseded else { return nil }
        if self.facts.endedBy == .client {
            if self.facts.endClass == .fin || self.facts.endClass == .rst { return "nothing, if its process ended" }
            switch cause?.rule {
            case "server-ping-missed": return "`ping timeout`"
            case "connect-refused-auth", "namespace-rejected":
                return "`connect_error` (and no reconnect by itself)"
            case nil: return "`io client disconnect`"
            default: return "`transport error` or `parse error`"
            }
        }
        if self.hasServerDisconnect { return "`io server disconnect` (and no reconnect by itself)" }
        return self.code.isEmpty ? "`transport close`" : "`transport close` (\(self.code))"
    }

    /// What the server's library tells its application.
    func serverReports(_ cause: Diagnosis.Cause?, _ server: ServerKind) -> String? {
        guard self.facts.endClass != .captureEnd, self.facts.endClass != .superseded else { return nil }
        // A client that ended it itself left the server nothing to react to.
        if self.facts.endedBy != .client, let rule = cause?.rule, let reactions = Reactions.table[rule] {
            let reaction = reactions[server] ?? reactions[.node]
            if let reason = reaction?.reason { return "`\(reason)`" }
            if case .closesLater(_, nil) = reaction { return "nothing: no socket had been connected" }
        }
        if self.facts.endedBy == .client {
            return self.hasClientDisconnect ? "`client namespace disconnect`" : "`transport close`"
        }
        return self.hasServerDisconnect ? "`server namespace disconnect`" : nil
    }

    /// The server sent DISCONNECT among the last frames.
    var hasServerDisconnect: Bool { self.hasDisconnect(by: .server) }
    var hasClientDisconnect: Bool { self.hasDisconnect(by: .client) }

    var hasGoodbye: Bool { self.facts.endedBy.map { self.hasDisconnect(by: $0) } ?? false }

    private func hasDisconnect(by sender: Sender) -> Bool {
        self.session.state.recent.all.contains { $0.sender == sender && $0.socketIOType == .disconnect }
    }
}
