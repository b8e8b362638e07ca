import TimelineModel

/// Compares the packets of two sessions.
///
/// Streams (one direction of one namespace) are compared one by one; what answers something is compared with what
/// answers the same thing in the other recording, wherever it stands.
struct SessionDiff {
    private(set) var differences: [SessionDifference] = []
    private(set) var times: [TimeDifference] = []
    private(set) var timedPairs = 0
    private(set) var equal = 0

    private let a: [ComparedPacket]
    private let b: [ComparedPacket]
    private let life: Int
    private let openedA: Timestamp
    private let openedB: Timestamp
    private let settings: DiffSettings
    /// Of each packet of `a` its counterpart in `b`.
    private var counterpart: [Int?]
    private var isPairedB: [Bool]
    /// The recordings hold how the session ended.
    private let hasEndA: Bool
    private let hasEndB: Bool

    init(
        _ a: (session: RecordedSession, packets: [ComparedPacket]),
        _ b: (session: RecordedSession, packets: [ComparedPacket]), life: Int, _ settings: DiffSettings
    ) {
        self.a = a.packets
        self.b = b.packets
        self.life = life
        self.openedA = a.session.facts.opened
        self.openedB = b.session.facts.opened
        self.settings = settings
        self.hasEndA = SessionEnd(of: a.session) != nil
        self.hasEndB = SessionEnd(of: b.session) != nil
        self.counterpart = [Int?](repeating: nil, count: a.packets.count)
        self.isPairedB = [Bool](repeating: false, count: b.packets.count)
        self.compareStreams()
        self.compareReplies()
        self.reportUnpaired()
        self.compareTimes()
        // Missing and extra ones stand where they happened.
        self.differences.sort {
            ($0.atNs ?? 0, $0.frameA ?? $0.frameB ?? 0) < ($1.atNs ?? 0, $1.frameA ?? $1.frameB ?? 0)
        }
    }

    // MARK: Streams

    private mutating func compareStreams() {
        var streams: [ComparedPacket.Stream: (a: [Int], b: [Int])] = [:]
        for (index, packet) in self.a.enumerated() where packet.cause == nil {
            streams[packet.stream, default: ([], [])].a.append(index)
        }
        for (index, packet) in self.b.enumerated() where packet.cause == nil {
            streams[packet.stream, default: ([], [])].b.append(index)
        }
        var table = KeyTable()
        for (_, stream) in streams {
            let match = StreamMatch(
                stream.a.map { table.keys(of: self.a[$0]) }, stream.b.map { table.keys(of: self.b[$0]) })
            for pair in match.pairs { self.pair(stream.a[pair.a], stream.b[pair.b], isReordered: pair.isReordered) }
        }
    }

    private mutating func pair(_ indexA: Int, _ indexB: Int, isReordered: Bool) {
        self.counterpart[indexA] = indexB
        self.isPairedB[indexB] = true
        let (packetA, packetB) = (self.a[indexA], self.b[indexB])
        let places = packetA.differences(from: packetB)
        if isReordered {
            self.differences.append(self.difference(.reordered, a: packetA, b: packetB))
        } else if places.isEmpty {
            self.equal += 1
        } else {
            self.differences.append(self.difference(.changed, a: packetA, b: packetB, places: places))
        }
    }

    // MARK: Answers

    private mutating func compareReplies() {
        var repliesB: [Int: [Int]] = [:]
        for (index, packet) in self.b.enumerated().reversed() {
            if let cause = packet.cause { repliesB[cause, default: []].append(index) }
        }
        for (index, packet) in self.a.enumerated() {
            guard let cause = packet.cause, let causeB = self.counterpart[cause],
                let reply = repliesB[causeB]?.popLast()
            else { continue }
            self.pair(index, reply, isReordered: false)
        }
    }

    /// A last DISCONNECT is how the session ended. A recording that stopped before does not hold that, so nothing is
    /// known of it: a replay stops once its verdict is certain.
    private mutating func reportUnpaired() {
        let lastA = self.counterpart.lastIndex { $0 != nil } ?? -1
        let lastB = self.isPairedB.lastIndex(of: true) ?? -1
        for (index, packet) in self.a.enumerated() where self.counterpart[index] == nil {
            if index > lastA, packet.kind == .disconnect, !self.hasEndB { continue }
            let isConsequence = packet.cause.map { self.counterpart[$0] == nil } ?? false
            self.differences.append(
                self.difference(.missing, a: packet, detail: isConsequence ? "what it answers is missing too" : ""))
        }
        for (index, packet) in self.b.enumerated() where !self.isPairedB[index] {
            if index > lastB, packet.kind == .disconnect, !self.hasEndA { continue }
            let isConsequence = packet.cause.map { !self.isPairedB[$0] } ?? false
            self.differences.append(
                self.difference(.extra, b: packet, detail: isConsequence ? "what it answers is extra too" : ""))
        }
    }

    private func difference(
        _ kind: SessionDifference.Kind, a: ComparedPacket? = nil, b: ComparedPacket? = nil,
        places: [JSONDifference] = [], detail: String = ""
    ) -> SessionDifference {
        let packet = a ?? b
        let at = a.map { $0.at.nanoseconds(since: self.openedA) } ?? b.map { $0.at.nanoseconds(since: self.openedB) }
        return SessionDifference(
            kind, .packet, life: self.life, sender: packet?.stream.sender, namespace: packet?.stream.namespace,
            frameA: a?.frameID, frameB: b?.frameID, atNs: at, what: packet?.what ?? "", places: places, detail: detail)
    }

    // MARK: Times

    /// Each packet against its cause; that of a packet which answers nothing is the one before it, whoever sent it.
    private mutating func compareTimes() {
        guard self.settings.pace != .fast else { return }
        var before: (a: Timestamp, b: Timestamp) = (self.openedA, self.openedB)
        for (index, packet) in self.a.enumerated() {
            guard let other = self.counterpart[index] else { continue }
            let packetB = self.b[other]
            var since = before
            if let cause = packet.cause, let causeB = packetB.cause { since = (self.a[cause].at, self.b[causeB].at) }
            before = (packet.at, packetB.at)
            let delayA = packet.at.nanoseconds(since: since.a)
            let delayB = self.unpaced(packetB.at.nanoseconds(since: since.b))
            // The two came in the other order: neither waited for the other.
            guard delayA >= 0, delayB >= 0 else { continue }
            self.timedPairs += 1
            let apart = delayA > delayB ? delayA - delayB : delayB - delayA
            guard apart > self.settings.tolerance(of: delayA) else { continue }
            self.times.append(
                TimeDifference(
                    life: self.life, sender: packet.stream.sender, namespace: packet.stream.namespace,
                    frameA: packet.frameID, frameB: packetB.frameID, what: packet.what, delayA: delayA, delayB: delayB))
        }
    }

    /// As long as it would have been at the recorded pace.
    private func unpaced(_ ns: Int64) -> Int64 {
        guard case .times(let factor) = self.settings.pace else { return ns }
        let stretched = Double(ns) * factor
        return stretched.magnitude < 0x1p62 ? Int64(stretched) : .max
    }
}
