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
    private var superseded: Set<Int64> = []

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
        var facts = SessionFacts(id: Int64(self.all.count) + 1, sid: sid, opened: at)
        facts.path = target?.path
        facts.host = host
        facts.userAgent = identity.userAgent
        facts.origin = identity.origin
        facts.forwardedFor = identity.forwardedFor
        let lane = SessionLane(facts, version: version, pathHint: target?.isSocketIOPath, client: identity)
        self.all.append(lane)
        if let sid { self.bySid[sid, default: []].append(lane) }
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
        self.all.map { $0.finished(isSuperseded: self.superseded.contains($0.facts.id)) }
    }

    func current(_ lane: SessionLane) -> SessionFacts {
        lane.finished(isSuperseded: self.superseded.contains(lane.facts.id))
    }

    private func joinLineage(_ lane: SessionLane, _ identity: ClientIdentity, _ at: Timestamp) {
        // Taken out of the table, so that it is changed where it is: a load test makes thousands of one identity.
        var mine = self.lineages.removeValue(forKey: identity) ?? []
        if let index = self.predecessor(in: mine, at: at) {
            let last = mine[index].last
            if last.end.known == nil { self.superseded.insert(last.facts.id) }
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
        guard lane.webSocketID == nil else { return nil }
        let interval = Double(lane.facts.pingIntervalMs ?? 25_000)
        let timeout = Double(lane.facts.pingTimeoutMs ?? 20_000)
        let silenceMs = Double(at.nanoseconds(since: lane.lastActive)) / 1e6
        return silenceMs > interval + timeout ? lane.lastActive : nil
    }
}
