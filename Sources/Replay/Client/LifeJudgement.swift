import EngineIO
import JSONText
import TimelineModel

/// What the live server said in one life, held against what the recorded one said.
struct LifeJudgement: Sendable {
    /// Divergences of one life are told up to this number; each is counted.
    private static let tellLimit = 200
    /// Packets that the recorded server sent so close together belong to one burst: their order is the server's own.
    private static let burstNs: Int64 = 50_000_000
    /// An event that comes by itself so often is a clock's: how often is not judged.
    private static let leastTicks = 3

    private let lines: [LifeScript.Line]
    private let life: Int
    private let start: Timestamp
    private var expected: ExpectedPackets
    /// By line: said, given up, or not asked for any more.
    private var settledLines: [Bool]
    private var isGivenUp: Set<Int> = []
    private var isExcused: Set<Int> = []
    /// All lines before this one are settled.
    private var settled = 0
    private var furthest: [String: Int] = [:]
    /// Events that the recorded server sends by the clock, by namespace and name.
    private let ticking: Set<[String]>
    /// Namespaces whose events end with the server's offset.
    private let recoverable: Set<String>
    private(set) var divergences: [Divergence] = []
    private(set) var untold = 0
    /// When the latest line was said.
    private(set) var heardAt: Timestamp?

    init(_ script: LifeScript, life: Int, start: Timestamp, ignoring: [String]) {
        self.lines = script.lines
        self.life = life
        self.start = start
        self.expected = ExpectedPackets(
            script.lines.enumerated().map { ($0.offset, $0.element.packet) }, PacketComparison(ignoring: ignoring))
        self.settledLines = Array(repeating: false, count: script.lines.count)
        self.ticking = Self.ticking(script.lines)
        self.recoverable = Self.recoverable(script.lines)
    }

    var count: Int { self.lines.count }
    var matched: Int { self.expected.matched }
    var isSettled: Bool { self.settled >= self.lines.count }

    private static func ticking(_ lines: [LifeScript.Line]) -> Set<[String]> {
        var counts: [[String]: Int] = [:]
        var latest: [[String]: Int] = [:]
        for line in lines {
            guard case .socketIO(let packet) = line.packet.content, let event = packet.event else { continue }
            let name = [packet.namespace, event]
            // Again without a word of the client in between.
            if latest[name] == line.after { counts[name, default: 1] += 1 }
            latest[name] = line.after
        }
        return Set(counts.filter { $0.value >= Self.leastTicks }.keys)
    }

    // MARK: What is said

    /// The line that this is; nil where there is none.
    ///
    /// - Parameter isOver: all that was recorded was said, so that more of it says nothing.
    @discardableResult
    mutating func hear(
        _ live: RecordedPacket.Content, ackID: Int64?, _ correlation: Correlation, isOver: Bool, at now: Timestamp
    ) -> Int? {
        guard let match = self.expected.match(live, ackID: ackID) else {
            return self.hearUnknown(live, isOver: isOver, at: now)
        }
        self.heardAt = now
        let line = self.lines[match.index]
        self.settle(match.index)
        if self.isGivenUp.contains(match.index) {
            self.tell(.late, line, live, at: now, detail: "came when it was not waited for any more")
        }
        self.judgeOrder(match.index, live, at: now)
        let differences = match.differences.filter { !self.isOwn($0, line, correlation) }
        if !differences.isEmpty {
            self.tell(
                .changed, line, live, differences, at: now,
                detail: "\(differences.count) of its values \(differences.count == 1 ? "is another" : "are others")")
        }
        return match.index
    }

    mutating func hearGarbage(_ problem: String, at now: Timestamp) {
        self.tell(
            Divergence(
                .unexpected, life: self.life, atNs: self.ns(now), sender: .server, what: "no Socket.IO packet",
                detail: problem))
    }

    private mutating func hearUnknown(
        _ live: RecordedPacket.Content, isOver: Bool, at now: Timestamp
    ) -> Int? {
        guard case .socketIO(let packet) = live else {
            if !isOver { self.tell(.unexpected, nil, live, at: now) }
            return nil
        }
        if packet.kind == .connect || packet.kind == .connectError {
            // An answer, but the other one.
            var other = packet
            other.type = packet.kind == .connect ? .connectError : .connect
            guard let match = self.expected.match(.socketIO(other)) else {
                // Of a CONNECT that the recording has not.
                if packet.kind == .connectError, !isOver { self.tell(.unexpected, nil, live, at: now) }
                return nil
            }
            self.heardAt = now
            self.settle(match.index)
            let what = packet.kind == .connect ? "accepted" : "refused"
            self.tell(
                .changed, self.lines[match.index], live, at: now,
                detail: "the live server \(what) what the recorded one did not")
            return match.index
        }
        let isTick = packet.event.map { self.ticking.contains([packet.namespace, $0]) } ?? false
        if !isOver && !isTick { self.tell(.unexpected, nil, live, at: now) }
        return nil
    }

    /// Only within a burst: what comes by the clock may overtake an answer in any run.
    private mutating func judgeOrder(_ index: Int, _ live: RecordedPacket.Content, at now: Timestamp) {
        guard case .socketIO(let packet) = live, packet.kind == .event else { return }
        let furthest = self.furthest[packet.namespace] ?? -1
        self.furthest[packet.namespace] = max(furthest, index)
        guard index < furthest, self.lines[index].after == self.lines[furthest].after,
            self.lines[furthest].packet.at.nanoseconds(since: self.lines[index].packet.at) <= Self.burstNs
        else { return }
        self.tell(.reordered, self.lines[index], live, at: now, detail: "came behind what followed it in the recording")
    }

    /// A difference that every session has.
    private func isOwn(_ difference: JSONDifference, _ line: LifeScript.Line, _ correlation: Correlation) -> Bool {
        if correlation.isVariable(line.packet.frameID, difference.pointer) { return true }
        guard let recorded = difference.recorded, let live = difference.live, let old = try? JSONValue(recorded),
            let new = try? JSONValue(live)
        else { return false }
        if correlation.replaced(old) == new { return true }
        guard let text = old.string, let newText = new.string else { return false }
        return correlation.isName(text) || correlation.rewritten(text) == newText
            || self.isOffset(difference.pointer, line)
    }

    /// The last argument of an event that can be recovered is the server's own mark.
    private func isOffset(_ pointer: String, _ line: LifeScript.Line) -> Bool {
        guard case .socketIO(let packet) = line.packet.content, packet.kind == .event, packet.ackID == nil,
            let count = packet.values?.array?.count, pointer == "/\(count - 1)"
        else { return false }
        return self.recoverable.contains(packet.namespace)
    }

    private static func recoverable(_ lines: [LifeScript.Line]) -> Set<String> {
        Set(
            lines.compactMap { line in
                guard case .socketIO(let packet) = line.packet.content, packet.kind == .connect,
                    packet.values?["pid"] != nil
                else { return nil }
                return packet.namespace
            })
    }

    // MARK: What is waited for

    /// How long after what came before it the recorded server said the first of the lines before `line` that is not
    /// settled; nil where all are.
    func gap(before line: Int) -> Int64? { self.settled < line ? self.lines[self.settled].gapNs : nil }

    func waitsFor(before line: Int) -> String? {
        self.settled < line ? "the server's \(self.lines[self.settled].packet.content.phrase)" : nil
    }

    mutating func giveUp(before line: Int) {
        for index in self.settled..<max(self.settled, line) where !self.settledLines[index] {
            self.isGivenUp.insert(index)
            self.settledLines[index] = true
        }
        self.move()
    }

    /// Nothing more is expected in a namespace.
    mutating func excuse(_ namespace: String) {
        for index in self.lines.indices where !self.settledLines[index] {
            guard case .socketIO(let packet) = self.lines[index].packet.content, packet.namespace == namespace,
                packet.kind != .connect, packet.kind != .connectError
            else { continue }
            self.isExcused.insert(index)
            self.settledLines[index] = true
        }
        self.move()
    }

    private mutating func settle(_ index: Int) {
        self.settledLines[index] = true
        self.move()
    }

    private mutating func move() {
        while self.settled < self.lines.count, self.settledLines[self.settled] { self.settled += 1 }
    }

    // MARK: The end

    mutating func endedEarly(_ how: String, unsaid: Int, at now: Timestamp) {
        let heard = self.expected.matched
        self.tell(
            Divergence(
                .unexpected, life: self.life, atNs: self.ns(now), sender: .server, what: "end of the session",
                detail: "ended \(how), after \(heard) of \(self.lines.count) recorded packets of the server; "
                    + "\(unsaid) of the client's were still to be said"))
    }

    mutating func refused(_ reason: String, at now: Timestamp) {
        self.tell(
            Divergence(
                .unexpected, life: self.life, atNs: self.ns(now), sender: .server, what: "refusal of the handshake",
                detail: reason))
    }

    /// What was never said is missing.
    mutating func finish() {
        for (index, _) in self.expected.remaining where !self.isExcused.contains(index) {
            let line = self.lines[index]
            self.tell(
                Divergence(
                    .missing, life: self.life, recordedFrameID: line.packet.frameID, sender: .server,
                    namespace: line.packet.content.namespace, what: line.packet.content.phrase, detail: "never came"))
        }
    }

    // MARK: Telling

    private func ns(_ now: Timestamp) -> Int64 { max(0, now.nanoseconds(since: self.start)) }

    private mutating func tell(
        _ kind: Divergence.Kind, _ line: LifeScript.Line?, _ live: RecordedPacket.Content,
        _ differences: [JSONDifference] = [], at now: Timestamp, detail: String = "is not in the recording"
    ) {
        self.tell(
            Divergence(
                kind, life: self.life, recordedFrameID: line?.packet.frameID, atNs: self.ns(now), sender: .server,
                namespace: live.namespace, what: live.phrase, differences: differences, detail: detail))
    }

    private mutating func tell(_ divergence: Divergence) {
        guard self.divergences.count < Self.tellLimit else {
            self.untold += 1
            return
        }
        self.divergences.append(divergence)
    }
}
