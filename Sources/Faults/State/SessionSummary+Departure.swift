import TimelineModel

extension SessionSummary {
    /// The server refused a CONNECT or disconnected a namespace shortly before the end.
    var wasToldToGo: Bool {
        self.state.recent.all.contains {
            $0.sender == .server && ($0.socketIOType == .connectError || $0.socketIOType == .disconnect)
        }
    }

    /// The client ended it of its own will, as far as the wire shows: it said goodbye (DISCONNECT, an Engine.IO `close`,
    /// the codes 1000 "normal" and 1001 "going away" of a page that is left), and was not told to go before.
    var clientLeft: Bool {
        guard self.facts.endedBy == .client, !self.wasToldToGo else { return false }
        if self.facts.closeCode == 1000 || self.facts.closeCode == 1001 { return true }
        return self.state.recent.all.contains {
            $0.sender == .client && ($0.socketIOType == .disconnect || $0.engineIOType == .close)
        }
    }

    /// How it ended, as a finding says it.
    var endPhrase: String {
        switch self.facts.endClass {
        case .webSocketClose: self.facts.closeCode.map { "a close frame with code \($0)" } ?? "an empty close frame"
        case .fin: "a TCP FIN and no close frame"
        case .rst: "a TCP reset"
        case .engineIOClose: "a close packet of Engine.IO"
        case .httpError: "an HTTP error"
        case .superseded, .captureEnd, nil: "nothing that was seen"
        }
    }
}
