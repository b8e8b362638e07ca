public import TimelineModel

/// An event that asked for an ack.
public struct AckRequest: Hashable, Sendable {
    public var mark: Mark
    public var id: Int64
}

/// What the frame that is being judged is to the acks of its session.
public enum AckMeeting: Hashable, Sendable {
    /// An event that asks for an ack.
    case request
    /// An event under the id of another one that still waits for its ack.
    case reused(first: Mark)
    /// The ack to a request that waited.
    case answer(Mark)
    /// An ack to what was answered already.
    case duplicate(first: Mark)
    /// An ack to what was never asked.
    case unknown
    /// Too much lies behind to tell.
    case unclear
}

/// Events of one name, namespace and sender that asked for acks.
public struct AckKind: Sendable {
    /// Nil for an event without a name.
    public var event: String?
    public var namespace: String
    public var sender: Sender
    public fileprivate(set) var requests = 0
    public fileprivate(set) var answers = 0
    /// How long the last answers took, in nanoseconds, in no order; so many at most.
    public fileprivate(set) var answerTimes: [Int64] = []
    /// The newest request that was answered.
    fileprivate var lastAnswered: Int64 = 0
    /// The newest request, and the size of its packet without the id.
    fileprivate var latest: (key: AckTable.Key, mark: Mark, size: Int)?

    static let timesLimit = 32

    fileprivate mutating func noteAnswer(to request: Mark, at: Timestamp) {
        let took = at.nanoseconds(since: request.at)
        if self.answerTimes.count < Self.timesLimit {
            self.answerTimes.append(took)
        } else {
            self.answerTimes[self.answers % Self.timesLimit] = took
        }
        self.answers += 1
        self.lastAnswered = max(self.lastAnswered, request.frameID)
    }
}

/// The events of one session that asked for acks, and the acks. Ids are numbered by each side for itself and in each
/// namespace for itself. Source: Socket.IO protocol v5, "Acknowledgement".
///
/// Of what was answered only the last so many are kept, and of each namespace the range in which those lie that are not
/// kept any more: of an ack in that range nothing is said.
public struct AckTable: Sendable {
    static let openLimit = 1024
    static let settledLimit = 256
    static let kindLimit = 256
    static let namespaceLimit = 256
    /// A request that comes again after less than this is no retry.
    static let retryNs: Int64 = 1_000_000_000

    struct Key: Hashable {
        var id: Int64
        /// The number of the namespace, times two; odd where the server asks.
        var lane: Int
    }

    private struct Entry {
        var request: Mark
        var kind: Int
        /// The ack, or the end of the namespace.
        var settled: Mark?
        var isAbandoned = false
        /// Earlier requests under the id that had no ack yet when it was used again: each may have one.
        var owed = 0
        /// The same event came again before the ack did.
        var isRepeated = false
    }

    private struct KindName: Hashable {
        var lane: Int
        var event: String?
    }

    private var entries: [Key: Entry] = [:]
    private var openCount = 0
    /// What was settled last, for who is to be forgotten next.
    private var ring: [(key: Key, settledID: Int64)] = []
    private var ringNext = 0
    private var namespaces: [String: Int] = ["/": 0]
    /// By lane: ids that were asked and are not known any more.
    private var forgotten: [ClosedRange<Int64>?] = [nil, nil]
    private var kindNumbers: [KindName: Int] = [:]
    public private(set) var kinds: [AckKind] = []
    /// What the frame that is being judged is to them; nil where it has nothing to do with acks.
    public private(set) var meeting: AckMeeting?

    /// Takes a frame in, before it is judged.
    mutating func meet(_ frame: Frame) {
        self.meeting = nil
        switch frame.socketIOType {
        case .event, .binaryEvent:
            if let id = frame.ackID { self.meeting = self.request(id, frame) }
        case .ack, .binaryAck:
            self.meeting = self.answer(frame)
        default:
            break
        }
    }

    /// Bytes are missing: what was asked may have been answered there.
    mutating func lose() {
        self.entries.removeAll()
        self.ring.removeAll()
        self.ringNext = 0
        self.openCount = 0
    }

    /// A peer that takes white space for an id answers to 0, which nobody asked.
    mutating func forgetZero() {
        for lane in self.forgotten.indices { self.forget(Key(id: 0, lane: lane)) }
    }

    /// One side left a namespace: what was asked there is not answered any more.
    mutating func abandon(_ namespace: String, _ frame: Frame) {
        guard let number = self.namespaces[namespace] else { return }
        let open = self.entries.filter { $0.key.lane / 2 == number && $0.value.settled == nil }.map(\.key)
        for key in open {
            self.entries[key]?.isAbandoned = true
            self.entries[key]?.settled = Mark(frame)
            self.noteSettled(key, frame)
        }
    }

    /// Requests that wait for their ack, in a namespace or in all, by kind, the oldest first. Without those that were
    /// sent again and then answered.
    func open(in namespace: String? = nil) -> [(kind: AckKind, requests: [AckRequest])] {
        var found: [Int: [AckRequest]] = [:]
        for (key, entry) in self.entries where entry.settled == nil {
            let kind = self.kinds[entry.kind]
            guard namespace == nil || kind.namespace == namespace,
                !entry.isRepeated || kind.lastAnswered < entry.request.frameID
            else { continue }
            found[entry.kind, default: []].append(AckRequest(mark: entry.request, id: key.id))
        }
        return found.sorted { $0.key < $1.key }.map { kind, requests in
            (self.kinds[kind], requests.sorted { $0.mark.frameID < $1.mark.frameID })
        }
    }

    // MARK: One frame

    private mutating func request(_ id: Int64, _ frame: Frame) -> AckMeeting {
        guard let lane = self.lane(frame.namespace, frame.sender), let kind = self.kind(lane, frame) else {
            return .unclear
        }
        let key = Key(id: id, lane: lane)
        let entry = Entry(request: Mark(frame), kind: kind)
        self.noteRepeat(kind, key, frame)
        if let index = self.entries.index(forKey: key) {
            let old = self.entries.values[index]
            self.entries.values[index] = entry
            if old.settled == nil {
                self.entries.values[index].owed = old.owed + 1
                return .reused(first: old.request)
            }
            self.openCount += 1
            return .request
        }
        guard self.openCount < Self.openLimit else {
            self.forget(key)
            return .unclear
        }
        self.entries[key] = entry
        self.openCount += 1
        return .request
    }

    private mutating func answer(_ frame: Frame) -> AckMeeting {
        guard let id = frame.ackID else { return .unknown }
        guard let lane = self.lane(frame.namespace, frame.sender.other) else { return .unclear }
        let key = Key(id: id, lane: lane)
        guard let index = self.entries.index(forKey: key) else {
            return self.forgotten[lane]?.contains(id) == true ? .unclear : .unknown
        }
        let entry = self.entries.values[index]
        if entry.isAbandoned { return .unclear }
        if let settled = entry.settled {
            guard entry.owed > 0 else { return .duplicate(first: settled) }
            self.entries.values[index].owed -= 1
            return .unclear
        }
        self.entries.values[index].settled = Mark(frame)
        self.kinds[entry.kind].noteAnswer(to: entry.request, at: frame.at)
        self.noteSettled(key, frame)
        return .answer(entry.request)
    }

    /// The same event again, and the one before still waits: a client that retries gives it a new id.
    private mutating func noteRepeat(_ kind: Int, _ key: Key, _ frame: Frame) {
        let size = frame.sizeBytes &- Self.digits(key.id)
        let mark = Mark(frame)
        if let latest = self.kinds[kind].latest, latest.size == size,
            mark.at.nanoseconds(since: latest.mark.at) >= Self.retryNs,
            self.entries[latest.key]?.request == latest.mark
        {
            self.entries[latest.key]?.isRepeated = true
        }
        self.kinds[kind].requests += 1
        self.kinds[kind].latest = (key, mark, size)
    }

    /// Of what is settled only so much is kept: the oldest gives way.
    private mutating func noteSettled(_ key: Key, _ frame: Frame) {
        self.openCount -= 1
        guard self.ring.count == Self.settledLimit else {
            self.ring.append((key, frame.id))
            return
        }
        let old = self.ring[self.ringNext]
        self.ring[self.ringNext] = (key, frame.id)
        self.ringNext = (self.ringNext + 1) % Self.settledLimit
        // An id that was asked anew meanwhile stays.
        guard self.entries[old.key]?.settled?.frameID == old.settledID else { return }
        self.entries[old.key] = nil
        self.forget(old.key)
    }

    private static func digits(_ id: Int64) -> Int {
        var (rest, count) = (id, 1)
        while rest >= 10 { (rest, count) = (rest / 10, count + 1) }
        return count
    }

    private mutating func forget(_ key: Key) {
        let range = self.forgotten[key.lane] ?? key.id...key.id
        self.forgotten[key.lane] = min(range.lowerBound, key.id)...max(range.upperBound, key.id)
    }

    /// Nil where there are too many namespaces to follow.
    private mutating func lane(_ namespace: String?, _ sender: Sender) -> Int? {
        let side = sender == .client ? 0 : 1
        guard let namespace, namespace != "/" else { return side }
        if let number = self.namespaces[namespace] { return 2 * number + side }
        guard self.namespaces.count < Self.namespaceLimit else { return nil }
        let number = self.namespaces.count
        self.namespaces[namespace] = number
        self.forgotten += [nil, nil]
        return 2 * number + side
    }

    /// Nil where there are too many names to follow.
    private mutating func kind(_ lane: Int, _ frame: Frame) -> Int? {
        let name = KindName(lane: lane, event: frame.event)
        if let number = self.kindNumbers[name] { return number }
        guard self.kinds.count < Self.kindLimit else {
            // Requests that are not followed must not look like ids that nobody asked.
            if let id = frame.ackID { self.forget(Key(id: id, lane: lane)) }
            return nil
        }
        self.kindNumbers[name] = self.kinds.count
        self.kinds.append(AckKind(event: frame.event, namespace: frame.namespace ?? "/", sender: frame.sender))
        return self.kinds.count - 1
    }
}
