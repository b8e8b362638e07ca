import TimelineModel

/// A time in which a client's host slept: nothing on it could answer.
struct Suspension: Hashable, Sendable {
    var clientAddress: String
    var from: Timestamp
    var to: Timestamp
    /// How many of the host's sessions owed a pong.
    var sessions: Int
    /// The one that spoke first again.
    var sessionID: Int64

    var nanoseconds: Int64 { self.to.nanoseconds(since: self.from) }
}

/// When the hosts of clients slept, told at the moment in which each speaks again: nothing had come from its address, and
/// at least two of its sessions owed the server a pong. One session that is late shows a slow client; only several show
/// the host. A session that the server closed meanwhile counts where it still answers as the host speaks again.
struct Suspensions: Sendable {
    /// Shorter silences are nothing to speak of. Source: catalogue of the protocol, `host-suspended`.
    static let leastNs: Int64 = 5_000_000_000

    /// In the order in which the hosts spoke again.
    private(set) var all: [Suspension] = []
    private var byAddress: [String: SpanIndex] = [:]
    /// When each address spoke last.
    private var lastWords: [String: Timestamp] = [:]
    /// Silences of an address that one session alone showed so far.
    private var unproven: [String: (from: Timestamp, to: Timestamp, sessionID: Int64, sid: String?)] = [:]
    /// So soon after the first one the other programs of a host that slept speak as well.
    private static let wakingNs: Int64 = 1_000_000_000

    /// A client speaks.
    ///
    /// - Parameters:
    ///   - sid: of its session: a proxy on the same host shows each session twice.
    ///   - owedSince: the ping that its session had not answered yet.
    ///   - others: from when to when the other sessions of the address owe a pong; asked for only where it matters.
    mutating func speak(
        _ frame: Frame, from address: String, sid: String?, owedSince: Timestamp?,
        others: () -> [ClosedRange<Timestamp>]
    ) {
        guard !address.isEmpty, let sessionID = frame.sessionID else { return }
        let quietSince = self.lastWords.updateValue(frame.at, forKey: address)
        guard let owedSince else { return }
        if let first = self.unproven[address], first.sessionID != sessionID, sid == nil || sid != first.sid,
            frame.at.nanoseconds(since: first.to) <= Self.wakingNs,
            Self.isLong(since: max(owedSince, first.from), first.to)
        {
            self.unproven[address] = nil
            self.add(
                Suspension(
                    clientAddress: address, from: max(owedSince, first.from), to: first.to, sessions: 2,
                    sessionID: first.sessionID))
            return
        }
        let start = max(owedSince, quietSince ?? owedSince)
        guard Self.isLong(since: start, frame.at) else { return }
        let starts = others().filter { Self.isLong(since: max($0.lowerBound, start), min($0.upperBound, frame.at)) }
            .map { max($0.lowerBound, start) }
        guard let from = starts.min() else {
            self.unproven[address] = (start, frame.at, sessionID, sid)
            return
        }
        self.unproven[address] = nil
        self.add(
            Suspension(
                clientAddress: address, from: from, to: frame.at, sessions: starts.count + 1, sessionID: sessionID))
    }

    private mutating func add(_ suspension: Suspension) {
        self.byAddress[suspension.clientAddress, default: SpanIndex()].insert(
            ClosedRange(between: suspension.from, and: suspension.to), number: self.all.count)
        self.all.append(suspension)
    }

    private static func isLong(since: Timestamp, _ now: Timestamp) -> Bool {
        now.nanoseconds(since: since) > Self.leastNs
    }

    func first(of address: String, in span: ClosedRange<Timestamp>) -> Suspension? {
        self.byAddress[address]?.first(meeting: span).map { self.all[$0] }
    }
}
