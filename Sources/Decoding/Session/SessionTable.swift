import EngineIO
import TimelineModel

/// Who a client is, as far as a capture shows: sessions with the same identity, one after the other, are a lineage.
struct ClientIdentity: Hashable {
    var clientAddress: String
    var server: String
    var path: String
    var userAgent: String?
    var origin: String?
    var forwardedFor: String?
}

/// All sessions of one capture, by `sid`, and the lineages they form.
///
/// Sessions stay here when they end, about a kilobyte each: a later request may name them, which is a fault to see.
/// Live, those that were silent for long are let go (`DecodingLimits`).
final class SessionTable {
    /// A gap in a lineage longer than this is closed with the latest ended session and not with the earliest.
    private static let promptReconnectNs: Int64 = 120_000_000_000

    /// Of clients that cannot be told apart, as in a load test, only the newest so many are looked through.
    private static let searchedLineages = 256

    private struct Lineage {
        var identity: ClientIdentity
        var last: SessionLane
    }

    private(set) var all: [SessionLane] = []
    /// The same sid may be issued twice in a capture: on both legs of a proxy.
    private var bySid: [String: [SessionLane]] = [:]
    private var lineages: [ClientIdentity: [Lineage]] = [:]
    private var nextID: Int64 = 1
    private let changes: Changes?

    init(_ changes: Changes? = nil) {
        self.changes = changes
    }

    /// The session of `sid` as seen at `server`; a session issued elsewhere, where it is the only one, is taken too:
    /// one client may reach a server under several addresses.
    func find(_ sid: String, server: String) -> SessionLane? {
        guard let lanes = self.bySid[sid] else { return nil }
        return lanes.last { $0.server == server } ?? (lanes.count == 1 ? lanes.first : nil)
    }

    /// A session that begins now, or that is met for the first time.
    func make(
        sid: String?, version: EngineIOVersion, target: EngineIOTarget?, identity: ClientIdentity, host: String?,
        at: Timestamp
    ) -> SessionLane {
        var facts = SessionFacts(id: self.nextID, sid: sid, opened: at)
        self.nextID += 1
        facts.path = target?.path
        facts.host = host
        facts.userAgent = identity.userAgent
        facts.origin = identity.origin
        facts.forwardedFor = identity.forwardedFor
        let lane = SessionLane(
            facts, version: version, pathHint: target?.isSocketIOPath, client: identity, self.changes)
        self.keep(lane)
        self.changes?.add(lane)
        self.joinLineage(lane, identity, at)
        return lane
    }

    /// The session that polls between two hosts and began before the capture, where it is the only one.
    func onlyPolling(clientAddress: String, server: String) -> SessionLane? {
        var found: SessionLane?
        for lane in self.all where !lane.facts.completeHead && lane.server == server && lane.webSocketID == nil {
            guard lane.clientAddress == clientAddress else { continue }
            guard found == nil else { return nil }
            found = lane
        }
        return found
    }

    /// Final facts of every session.
    func finished() -> [SessionFacts] {
        self.all.map { $0.finished() }
    }

    /// One that is here began before the capture, or one that was let go.
    var hasHeadless: Bool { self.hasForgottenHeadless || self.all.contains { !$0.facts.completeHead } }
    private var hasForgottenHeadless = false

    private func keep(_ lane: SessionLane) {
        self.all.append(lane)
        if let sid = lane.facts.sid { self.bySid[sid, default: []].append(lane) }
    }

    // MARK: Letting go

    /// Lets go of sessions that were silent for longer than `limits` allows, and of the longest silent ones where there
    /// are too many, a tenth at a time; answers which.
    func letGo(at: Timestamp, _ limits: DecodingLimits) -> [SessionLane] {
        var gone = self.all.filter { at.nanoseconds(since: $0.lastActive) > limits.silentSessionNs }
        if self.all.count - gone.count > limits.sessions {
            let kept = self.all.sorted { ($0.lastActive, $0.facts.id) < ($1.lastActive, $1.facts.id) }
            gone = Array(kept.prefix(max(gone.count, self.all.count - limits.sessions / 10 * 9)))
        }
        let ended = self.all.filter { $0.end.known != nil }
        if ended.count > limits.endedSessions {
            let known = Set(gone.map(\.facts.id))
            gone += ended.sorted { ($0.lastActive, $0.facts.id) < ($1.lastActive, $1.facts.id) }
                .prefix(ended.count - limits.endedSessions / 10 * 9).filter { !known.contains($0.facts.id) }
        }
        guard !gone.isEmpty else { return [] }
        for lane in gone {
            lane.isForgotten = true
            if !lane.facts.completeHead { self.hasForgottenHeadless = true }
        }
        self.all.removeAll { $0.isForgotten }
        for sid in Set(gone.compactMap { $0.facts.sid }) {
            self.bySid[sid]?.removeAll { $0.isForgotten }
            if self.bySid[sid]?.isEmpty == true { self.bySid.removeValue(forKey: sid) }
        }
        self.lineages = self.lineages.compactMapValues { lineages in
            let kept = lineages.filter { !$0.last.isForgotten }
            return kept.isEmpty ? nil : kept
        }
        return gone
    }

    /// A session that was let go goes on: its connection is still there.
    func takeBack(_ lane: SessionLane) {
        lane.isForgotten = false
        self.keep(lane)
    }

    // MARK: Lineages

    private func joinLineage(_ lane: SessionLane, _ identity: ClientIdentity, _ at: Timestamp) {
        // Taken out of the table, so that it is changed where it is: a load test makes thousands of one identity.
        var mine = self.lineages.removeValue(forKey: identity) ?? []
        if let index = self.predecessor(in: mine, at: at) {
            let last = mine[index].last
            if last.end.known == nil { last.isSuperseded = true }
            lane.setLineage(last.facts.lineage)
            mine[index].last = lane
        } else {
            mine.append(Lineage(identity: identity, last: lane))
        }
        self.lineages[identity] = mine
    }

    /// Which lineage a new session goes on with: one whose last session has ended. Of several clients that come back
    /// together, who waited longest is first, for equal clients wait equally long.
    private func predecessor(in lineages: [Lineage], at: Timestamp) -> Int? {
        var prompt: (index: Int, at: Timestamp)?
        var late: (index: Int, at: Timestamp)?
        for (index, lineage) in lineages.enumerated().suffix(Self.searchedLineages) {
            guard let ended = self.endOf(lineage.last, at: at) else { continue }
            if at.nanoseconds(since: ended) <= Self.promptReconnectNs {
                if prompt.map({ ended < $0.at }) ?? true { prompt = (index, ended) }
            } else if late.map({ ended > $0.at }) ?? true {
                late = (index, ended)
            }
        }
        return prompt?.index ?? late?.index
    }

    /// When a session ended; a polling one that fell silent for longer than its heartbeat allows counts as ended.
    private func endOf(_ lane: SessionLane, at: Timestamp) -> Timestamp? {
        if let known = lane.end.known { return known.at }
        // Without an address only its name tells a client, and who has none is nobody's successor.
        if lane.isSilent, lane.lastActive <= at, lane.facts.userAgent != nil { return lane.lastActive }
        guard lane.webSocketID == nil else { return nil }
        let interval = Double(lane.facts.pingIntervalMs ?? 25_000)
        let timeout = Double(lane.facts.pingTimeoutMs ?? 20_000)
        let silenceMs = Double(at.nanoseconds(since: lane.lastActive)) / 1e6
        return silenceMs > interval + timeout ? lane.lastActive : nil
    }
}
