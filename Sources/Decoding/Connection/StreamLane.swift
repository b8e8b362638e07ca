import TimelineModel
import Wire

/// One connection of which the streams come as such, in order, with its ends known.
final class StreamLane: OpenConnection {
    private let scope: ConnectionScope
    private let content = ConnectionContent()
    /// Bytes that were missed before anything told what the connection carries.
    private var earlyGaps: [Sender: Int] = [:]
    private var ended: Set<Sender> = []
    private lazy var holdID = self.scope.context.log.makeHoldID()
    private var isHolding = false
    /// Bytes that came or were missed of each side.
    private var positions: [Sender: Int64] = [:]
    private(set) var isFinished = false
    var isChanged = false

    init(_ opening: ConnectionOpening, _ context: DecodingContext) {
        self.scope = ConnectionScope(
            ConnectionFacts(
                id: context.log.makeConnectionID(), clientAddress: opening.clientAddress,
                clientPort: opening.clientPort, serverAddress: opening.serverAddress, serverPort: opening.serverPort,
                opened: opening.at),
            context)
        self.noteChange()
    }

    var id: Int64 { self.scope.id }

    func receive(_ bytes: Span<UInt8>, from sender: Sender, at: Timestamp) {
        self.noteChange()
        self.scope.count(bytes.count, from: sender)
        guard bytes.count > 0 else { return }
        let facts = ChunkFacts(at: at, offset: self.advance(sender, bytes.count))
        if self.content.isUnknown {
            // Behind a gap it is as if the connection was joined here.
            self.content.look(
                bytes, facts, direction: Self.direction(of: sender), isMidStream: !self.earlyGaps.isEmpty,
                { self.scope }, sender: Self.sender(direction:), self.scope.context.limits)
            defer { self.updateHold() }
            if self.content.isRead {
                for sender in Sender.allCases where self.earlyGaps[sender] != nil {
                    self.content.gap(self.earlyGaps[sender] ?? 0, at: at, from: sender)
                }
                self.earlyGaps = [:]
                if self.content.handOn(Self.sender(direction:)) { return }
            }
        }
        self.content.receive(bytes, facts, from: sender)
    }

    private static func direction(of sender: Sender) -> Int { sender == .client ? 0 : 1 }
    private static func sender(direction: Int) -> Sender { direction == 0 ? .client : .server }

    /// Answers where it was before.
    private func advance(_ sender: Sender, _ count: Int) -> Int64 {
        let before = self.positions[sender] ?? 0
        self.positions[sender] = before + Int64(count)
        return before
    }

    func gap(_ count: Int, from sender: Sender, at: Timestamp) {
        self.noteChange()
        self.scope.count(count, from: sender)
        self.scope.facts.missingBytes += Int64(count)
        if self.content.isUnknown {
            self.earlyGaps[sender, default: 0] += count
            self.content.earlyGap(direction: Self.direction(of: sender))
        } else {
            self.content.gap(count, at: at, from: sender)
        }
        self.scope.addGap(count, offset: self.advance(sender, count), at: at, from: sender)
    }

    func end(by sender: Sender, at: Timestamp) {
        guard self.ended.insert(sender).inserted else { return }
        self.noteChange()
        self.content.ended(by: sender, at: at, reset: false)
        self.scope.close(.fin, by: sender, at: at)
        if self.ended.count == 2 { self.finish(at: at) }
    }

    func reset(by sender: Sender, at: Timestamp) {
        self.noteChange()
        self.content.ended(by: sender, at: at, reset: true)
        self.scope.close(.rst, by: sender, at: at)
        self.finish(at: at)
    }

    /// The last of this connection: its row is written.
    func finish(at: Timestamp) {
        guard !self.isFinished else { return }
        self.isFinished = true
        self.content.finish(at: at)
        self.updateHold()
        self.scope.finishWhole(at: at)
    }

    func currentFacts() -> ConnectionFacts? { self.isFinished ? nil : self.scope.facts }
    func openExchanges() -> [ExchangeFacts] { self.content.openExchanges() }

    /// Frames of other connections must wait while bytes that wait here may give older ones.
    private func updateHold() {
        let since = self.content.waitsSince
        if since != nil || self.isHolding { self.scope.context.log.hold(self.holdID, since: since) }
        self.isHolding = since != nil
    }

    private func noteChange() {
        self.scope.context.changes?.add(self)
    }
}
