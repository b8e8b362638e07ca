public import HookLog
public import TimelineModel
import Wire

/// The door for the lines of hooks, of several clients at once: as bytes of a hook log, or as values.
///
/// Clients are known by a number; the names of sessions count within one. A line that cannot be read hurts only itself:
/// it is an anomaly, `hook.bad-line`, with its number from 1. Lines of one client are taken in their order, which
/// should be that of time; a clock that steps back is an anomaly. Memory is bounded, for each client, by the longest
/// line, and by `DecodingLimits` for connections and sessions of all.
public final class HookDecoder: LiveDoor {
    /// What is kept of one client beside its connections.
    private final class Source {
        let client: HookClient
        var reader: HookLineReader

        init(_ client: HookClient, lineLimit: Int) {
            self.client = client
            self.reader = HookLineReader(limit: lineLimit)
        }
    }

    /// Lines that are not all there yet hold so much together; a client may always have a line of `sureLineBytes`.
    private static let heldBytes = 128 << 20
    private static let sureLineBytes = 64 << 10

    public private(set) var facts: CaptureFacts
    /// Bytes of a line at most: six times the largest message, for JSON may write a byte in so many, and 64 KiB for the
    /// rest.
    public let lineLimit: Int
    private let context: DecodingContext
    private let isLive: Bool
    private var sources: [Int: Source] = [:]
    /// By lines that are not all there yet.
    private var heldBytes = 0
    /// Of all clients.
    private(set) var goodLines = 0

    /// For live traffic.
    public convenience init(_ facts: CaptureFacts, limits: DecodingLimits = .live) {
        self.init(facts, limits: limits, isLive: true)
    }

    init(_ facts: CaptureFacts, limits: DecodingLimits, isLive: Bool) {
        self.facts = facts
        self.lineLimit = limits.messageBytes * 6 + (64 << 10)
        self.context = DecodingContext(limits, isLive: isLive)
        self.isLive = isLive
    }

    public var readyFrames: Int { self.context.log.readyFrames }

    /// The next bytes of a client's lines, cut anywhere.
    ///
    /// - Parameter at: now; what lines say of themselves is not touched by it.
    public func receive(_ bytes: Span<UInt8>, client number: Int, at: Timestamp) {
        let source = self.source(number)
        self.facts.bytes += Int64(bytes.count)
        let before = source.reader.heldBytes
        if self.isLive {
            let room = Self.heldBytes - self.heldBytes + before
            source.reader.limit = min(self.lineLimit, max(Self.sureLineBytes, room))
        }
        defer { self.heldBytes += source.reader.heldBytes - before }
        source.reader.feed(bytes) { (line, place) throws(HookLineError) in
            try self.take(line, place, source.client)
        } bad: { error, place in
            source.client.report(error, place, at: self.isLive ? at : self.facts.ended)
        }
    }

    /// A line as a value. One that says too little is an anomaly as any other bad line.
    public func receive(_ line: HookLine, client number: Int = 0) {
        let client = self.source(number).client
        let place = client.goodLines + 1
        do throws(HookLineError) {
            try self.take(line, place, client)
        } catch {
            client.report(error, place, at: line.at)
        }
    }

    /// What the source itself saw of a connection, beside its messages; nothing where no line of it came yet.
    public func add(_ note: Anomaly, session: String, client number: Int = 0) {
        self.sources[number]?.client.add(note, session: session)
    }

    /// A client is gone. Its last line counts where it can be read; its connections are finished.
    public func end(client number: Int, at: Timestamp) {
        self.heldBytes -= self.sources[number]?.reader.heldBytes ?? 0
        self.endLines(number, at: at)
        guard let source = self.sources.removeValue(forKey: number) else { return }
        source.client.finish(at: at)
        source.client.summarise(at: at)
    }

    /// Something that the source says of itself.
    public func add(_ note: Anomaly) {
        self.context.log.add(note)
    }

    public func tick(at: Timestamp, _ deliver: (TimelineBatch) -> Void) {
        self.context.tick(at: at, deliver)
    }

    public func finish(_ deliver: (TimelineBatch) -> Void) {
        let numbers = self.sources.keys.sorted()
        for number in numbers { self.endLines(number, at: self.facts.ended ?? .zero) }
        let at = self.facts.ended ?? .zero
        for number in numbers { self.sources[number]?.client.finish(at: at) }
        self.context.log.releaseAll()
        for number in numbers { self.sources[number]?.client.summarise(at: at) }
        self.sources.removeAll()
        deliver(self.context.finish(&self.facts))
    }

    // MARK: For a file

    /// Takes what is ready, between ticks.
    func drain() -> TimelineBatch { self.context.drain() }

    /// The end of the input is that of a last line. True where there was one and it cannot be read.
    @discardableResult
    func endLines(_ number: Int, at: Timestamp) -> Bool {
        guard let source = self.sources[number], source.reader.hasRest else { return false }
        let before = self.goodLines
        source.reader.finish { (line, place) throws(HookLineError) in
            try self.take(line, place, source.client)
        } bad: { error, place in
            source.client.report(error, place, at: self.isLive ? at : self.facts.ended)
        }
        return self.goodLines == before
    }

    func cutOff() { self.facts.completeTail = false }

    func lines(of number: Int) -> Int { self.sources[number]?.reader.lines ?? 0 }

    func firstBadLine(of number: Int) -> (number: Int, error: HookLineError)? { self.sources[number]?.client.firstBad }

    // MARK: Clients

    private func source(_ number: Int) -> Source {
        if let source = self.sources[number] { return source }
        let client = HookClient(self.isLive ? "client \(number), " : "", self.context) { [unowned self] in
            self.makeRoom(at: $0)
        }
        let source = Source(client, lineLimit: self.lineLimit)
        self.sources[number] = source
        return source
    }

    /// A tenth at a time, longest idle first: so room is made in amortised constant time.
    private func makeRoom(at: Timestamp) {
        let count = self.sources.values.reduce(0) { $0 + $1.client.openConnections }
        guard count >= self.context.limits.connections else { return }
        let idle = self.sources.values.flatMap { $0.client.idle }.sorted { ($0.since, $0.id) < ($1.since, $1.id) }
        let gone = Set(idle.prefix(max(1, idle.count / 10)).map(\.id))
        for number in self.sources.keys.sorted() { self.sources[number]?.client.letGo(gone, at: at) }
    }

    private func take(_ line: HookLine, _ place: Int, _ client: HookClient) throws(HookLineError) {
        try client.receive(line, place)
        self.goodLines += 1
        self.facts.packets += 1
        self.facts.started = min(self.facts.started ?? line.at, line.at)
        self.facts.ended = max(self.facts.ended ?? line.at, line.at)
    }
}
