public import TimelineModel

/// The cause behind an end, of one session or of several that ended alike.
public struct Diagnosis: Sendable, Equatable {
    public enum Confidence: String, Sendable {
        /// The frames show it, and nothing else explains the end.
        case certain
        /// The frames show it, and one thing more is assumed.
        case likely
        /// It fits, and so does something else.
        case possible
    }

    public struct Cause: Sendable, Equatable {
        /// Id of the rule; nil where the end itself is the explanation: a clean end, a lost connection.
        public var rule: String?
        /// The frame that caused it; nil for an absence that no frame shows.
        public var frameID: Int64?
        /// From that frame (or the moment from which something was due) to the end.
        public var delayNs: Int64
        /// What happened, without the delay: one clause.
        public var text: String
        public var confidence: Confidence
        /// What the confidence rests on: clauses.
        public var basis: [String]
        /// Something did not come: the frame is the one from which on it was due.
        public var isAbsence = false
        /// It is about the server and not about one client: sessions of several lineages share it.
        public var isOfServer = false
    }

    public struct RuledOut: Sendable, Equatable {
        public var rule: String
        /// The number that speaks against it: a clause.
        public var reason: String
    }

    /// In time order.
    public var sessions: [SessionFacts]
    /// How it ended on the wire: a clause with its subject.
    public var ending: String
    /// Somebody wanted it to end, and it ended as it should.
    public var isClean: Bool
    /// Who ended it had sent a Socket.IO DISCONNECT before.
    public var saysGoodbye: Bool
    public var cause: Cause?
    public var ruledOut: [RuledOut]
    /// What the two ends will have told their applications; nil where nothing is known.
    public var clientReports: String?
    public var serverReports: String?
    /// What to change, by who has to.
    public var clientFix: String?
    public var serverFix: String?
    public var server: ServerProfile
    /// Faults of the same sessions that this server let pass, or that did not end them; each rule once.
    public var others: [OtherFault]

    public struct OtherFault: Sendable, Equatable {
        public var rule: String
        public var severity: Severity
        public var count: Int
        /// The first of its findings.
        public var message: String
        /// What the known kinds of servers do on it; nil where they do not differ.
        public var elsewhere: String?
    }

    /// From the beginning to the end of each session; nil where the capture misses one of them.
    public var livesNs: [Int64] {
        self.sessions.compactMap { facts in
            guard facts.completeHead, let ended = facts.ended else { return nil }
            return ended.nanoseconds(since: facts.opened)
        }
    }
}
