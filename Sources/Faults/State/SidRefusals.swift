import TimelineModel

/// Requests that named a session and were refused, by session, and over which connections others were answered.
struct SidRefusals: Sendable {
    struct Refused: Hashable, Sendable {
        let exchangeID: Int64
        let connectionID: Int64
        let requested: Timestamp
        /// When the answer was there.
        let at: Timestamp
        let status: Int
        let isUnknownSid: Bool
    }

    struct Record: Sendable {
        /// The first so many, in the order of their first bytes.
        fileprivate(set) var refused: [Refused] = []
        /// The first so many connections over which a request was answered well.
        fileprivate var answered: Set<Int64> = []

        func hasAnsweredElsewhere(than connectionID: Int64) -> Bool {
            !self.answered.isEmpty && self.answered.count < SidRefusals.limit && !self.answered.contains(connectionID)
        }

        /// When the session had ended for its server before a moment, as far as the capture shows; nil where it lived.
        func end(of session: SessionSummary, before moment: Timestamp) -> Timestamp? {
            let facts = session.facts
            if let ended = facts.ended, ended < moment {
                switch facts.endClass {
                case .webSocketClose, .fin, .rst, .engineIOClose: return ended
                // The refusal of an unknown sid ends the session for the client, and is not why it is refused.
                case .httpError:
                    if self.refused.contains(where: { $0.at == ended && $0.status == 400 && !$0.isUnknownSid }) {
                        return ended
                    }
                case .superseded, .captureEnd, nil: break
                }
            }
            return Self.timeout(session.state, before: moment)
        }

        /// When the server's timers ran out without a word: over polling it has no way to say so.
        private static func timeout(_ state: SessionState, before moment: Timestamp) -> Timestamp? {
            guard let interval = state.pingIntervalNs, let timeout = state.pingTimeoutNs else { return nil }
            let heartbeat = state.heartbeat
            if state.isEngineIO4, let ping = heartbeat.outstanding,
                moment.nanoseconds(since: ping.at) >= timeout - state.slackNs
            {
                return ping.at.later(by: timeout)
            }
            let last = (state.isEngineIO4 ? heartbeat.lastAnyPong : heartbeat.lastPing) ?? state.open
            guard let last, moment.nanoseconds(since: last.at) >= interval + timeout - state.slackNs else { return nil }
            return last.at.later(by: interval + timeout)
        }
    }

    static let limit = 64

    private(set) var bySession: [Int64: Record] = [:]

    mutating func see(_ exchange: ExchangeFacts) {
        guard let id = exchange.sessionID, let status = exchange.status, exchange.method != "OPTIONS" else { return }
        if status == 200 || status == 101 {
            if self.bySession[id, default: Record()].answered.count < Self.limit {
                self.bySession[id, default: Record()].answered.insert(exchange.connectionID)
            }
        } else if (400..<500).contains(status), status != 413, (self.bySession[id]?.refused.count ?? 0) < Self.limit {
            self.bySession[id, default: Record()].refused.append(
                Refused(
                    exchangeID: exchange.id, connectionID: exchange.connectionID, requested: exchange.requested,
                    at: exchange.responded ?? exchange.requested, status: status,
                    isUnknownSid: Refusal(exchange) == .unknownSid))
        }
    }
}
