import TimelineModel
import Wire

/// One connection of which the streams come as such, in order, with its ends known.
final class StreamLane: OpenConnection {
    private let scope: ConnectionScope
    private let content = ConnectionContent()
    /// Bytes that were missed before anything told what the connection carries.
    private var earlyGaps: [Sender: Int] = [:]
    private var ended: Set<Sender> = []
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
        if self.content.isUnknown {
            // Behind a gap it is as if the connection was joined here.
            self.content.look(bytes, isMidStream: !self.earlyGaps.isEmpty, at: at) { self.scope }
            if self.content.isRead {
                for sender in Sender.allCases where self.earlyGaps[sender] != nil {
                    self.content.gap(self.earlyGaps[sender] ?? 0, at: at, from: sender)
                }
                self.earlyGaps = [:]
            }
        }
        self.content.receive(bytes, ChunkFacts(at: at), from: sender)
    }

    func gap(_ count: Int, from sender: Sender, at: Timestamp) {
        self.noteChange()
        self.scope.count(count, from: sender)
        self.scope.facts.missingBytes += Int64(count)
        if self.content.isUnknown {
            self.earlyGaps[sender, default: 0] += count
        } else {
            self.content.gap(count, at: at, from: sender)
        }
        self.scope.addGap(count, at: at, from: sender)
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
        self.scope.finishWhole(at: at)
    }

    func currentFacts() -> ConnectionFacts? { self.isFinished ? nil : self.scope.facts }
    func openExchanges() -> [ExchangeFacts] { self.content.openExchanges() }

    private func noteChange() {
        self.scope.context.changes?.add(self)
    }
}
