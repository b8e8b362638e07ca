import JSONText
import TimelineModel

/// What one peer said in one recorded session, and which of it the live peer has said by now.
///
/// One queue for each namespace and kind: across namespaces no order is asked for. Connects and disconnects match by
/// kind; acks by their id, which the caller maps; events by name, then number of arguments, shape and value, the best
/// of the next `window` ones. Transport, batching and ack ids of events never matter.
public struct ExpectedPackets: Sendable {
    /// How far ahead of the first unmatched event a match is looked for.
    public static let window = 8

    /// Events said at one moment may change places.
    private static let raceNs: Int64 = 5_000_000

    public struct Match: Hashable, Sendable {
        /// In the packets that the queues were made of.
        public var index: Int
        /// Where the values differ; empty for what was said as recorded.
        public var differences: [JSONDifference]
        /// It came before an event of its namespace that it followed in the recording.
        public var isReordered: Bool
        /// It had been given up.
        public var isLate: Bool
    }

    private struct Queue: Hashable, Sendable {
        var namespace: String
        var kind: String
    }

    private struct AckKey: Hashable, Sendable {
        var namespace: String
        var id: Int64
    }

    private struct Entry: Sendable {
        var index: Int
        var packet: RecordedPacket
        var shape: PacketShape
    }

    /// What many replays of one recording share: never changed.
    private let entries: [Entry]
    private let queueOf: [Queue: Int]
    private let queues: [[Int]]
    private let acks: [AckKey: [Int]]

    private let comparison: PacketComparison
    private var isTaken: [Bool]
    /// Where each queue's first entry may be that is not taken.
    private var heads: [Int]
    private var givenUp: Set<Int> = []
    /// Of the events of a namespace that have come, the last one in the recording; in `entries`.
    private var furthest: [String: Int] = [:]
    public private(set) var matched = 0

    public var count: Int { self.entries.count }

    /// - Parameter packets: of the sender under test, with their places in the session, in order.
    public init(_ packets: [(index: Int, packet: RecordedPacket)], _ comparison: PacketComparison = .init()) {
        var entries: [Entry] = []
        var queueOf: [Queue: Int] = [:]
        var queues: [[Int]] = []
        var acks: [AckKey: [Int]] = [:]
        for (index, packet) in packets {
            guard let queue = Self.queue(of: packet.content) else { continue }
            let place = queueOf[queue] ?? queues.count
            if place == queues.count { queues.append([]) }
            queueOf[queue] = place
            queues[place].append(entries.count)
            if case .socketIO(let scripted) = packet.content, scripted.kind == .ack, let id = scripted.ackID {
                acks[AckKey(namespace: scripted.namespace, id: id), default: []].append(entries.count)
            }
            entries.append(Entry(index: index, packet: packet, shape: PacketShape(packet.content)))
        }
        self.comparison = comparison
        self.entries = entries
        self.queueOf = queueOf
        self.queues = queues
        self.acks = acks
        self.isTaken = Array(repeating: false, count: entries.count)
        self.heads = Array(repeating: 0, count: queues.count)
    }

    /// The kind of what is no Socket.IO.
    private static let messages = "message"

    /// Engine.IO's own packets are never expected.
    private static func queue(of content: RecordedPacket.Content) -> Queue? {
        switch content {
        case .engineIO, .unreadable: nil
        case .message: Queue(namespace: "", kind: Self.messages)
        case .socketIO(let packet): Queue(namespace: packet.namespace, kind: packet.kind.rawValue)
        }
    }

    /// Nil where nothing like it is expected.
    ///
    /// - Parameter ackID: of an ack, as the recording has it; nil where it answers nothing that the recording knows.
    public mutating func match(_ live: RecordedPacket.Content, ackID: Int64? = nil) -> Match? {
        guard let queue = Self.queue(of: live), let place = self.queueOf[queue] else { return nil }
        guard let found = self.entry(for: live, ackID, in: place) else { return nil }
        let entry = self.entries[found]
        self.isTaken[found] = true
        self.matched += 1
        while self.heads[place] < self.queues[place].count, self.isTaken[self.queues[place][self.heads[place]]] {
            self.heads[place] += 1
        }
        var isReordered = false
        if queue.kind == ScriptedPacket.Kind.event.rawValue || queue.kind == Self.messages {
            let furthest = self.furthest[queue.namespace] ?? found
            isReordered = found < furthest && !self.isRace(found, furthest)
            self.furthest[queue.namespace] = max(found, furthest)
        }
        return Match(
            index: entry.index, differences: self.comparison.differences(entry.packet.content, live),
            isReordered: isReordered, isLate: self.givenUp.contains(entry.index))
    }

    /// Two events of different names at nearly one moment, said by two tasks of the client for all that is known.
    private func isRace(_ a: Int, _ b: Int) -> Bool {
        let (first, second) = (self.entries[a], self.entries[b])
        return first.shape.name != second.shape.name
            && second.packet.at.nanoseconds(since: first.packet.at) < Self.raceNs
    }

    private func entry(for live: RecordedPacket.Content, _ ackID: Int64?, in queue: Int) -> Int? {
        guard case .socketIO(let packet) = live, packet.kind != .event else { return self.best(live, in: queue) }
        switch packet.kind {
        case .ack:
            guard let ackID else { return nil }
            return self.acks[AckKey(namespace: packet.namespace, id: ackID)]?.first { !self.isTaken[$0] }
        case .connect, .disconnect, .connectError, .event: return self.open(queue).first { _ in true }
        }
    }

    /// What of a queue is not taken, in order.
    private func open(_ queue: Int) -> some Sequence<Int> & LazySequenceProtocol {
        self.queues[queue][self.heads[queue]...].lazy.filter { !self.isTaken[$0] }
    }

    private func best(_ live: RecordedPacket.Content, in queue: Int) -> Int? {
        let shape = PacketShape(live)
        var best: (entry: Int, score: Int)?
        for number in self.open(queue).prefix(Self.window) {
            let entry = self.entries[number]
            guard var score = shape.score(against: entry.shape) else { continue }
            if score == PacketShape.fullScore, self.comparison.isSame(entry.packet.content, live) { score += 1 }
            if score > best?.score ?? 0 { best = (number, score) }
            if score > PacketShape.fullScore { break }
        }
        return best?.entry
    }

    /// What has not been said, in recorded order.
    public var remaining: [(index: Int, packet: RecordedPacket)] {
        self.entries.indices.filter { !self.isTaken[$0] }.map { (self.entries[$0].index, self.entries[$0].packet) }
    }

    /// It is not waited for any longer; should it still come, it is late.
    ///
    /// - Parameter index: as in the packets that the queues were made of.
    public mutating func giveUp(index: Int) { self.givenUp.insert(index) }
}
