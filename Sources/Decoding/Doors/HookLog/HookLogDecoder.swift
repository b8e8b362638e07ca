import TimelineModel

/// Why a text is no hook log at all.
public enum HookLogError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Not one line could be read; the first error and its line, from 1.
    case noGoodLine(lines: Int, first: Int, HookLineError)
    /// There is no line.
    case empty

    public var description: String {
        switch self {
        case .noGoodLine(let lines, let number, let error):
            "no hook log: not one of \(lines) lines can be read; line \(number): \(error)"
        case .empty: "no hook log: there is no line in it"
        }
    }
}

/// The door for a hook log, the lines of `HookLine`, fed at any cuts.
///
/// A line that cannot be read is an anomaly, `hook.bad-line`, with its number from 1; the others count. Lines are
/// taken in their order, which should be that of time; a clock that steps back is an anomaly. Memory is bounded by
/// the longest line and by the number of connections and sessions.
public final class HookLogDecoder: Door {
    /// A row for each bad line up to this number; behind it they are counted.
    private static let storedBadLines = 100
    private static let batchFrames = 4096
    /// Threads of one hook may be a little out of order; a larger step back is the clock's.
    private static let clockStepNs: Int64 = 100_000_000

    private struct Name: Hashable {
        var session: String
        var transport: Transport
    }

    /// Longer lines are not read: twice the largest message (escapes and base64 need room), and 64 KiB for the rest.
    public let lineLimit: Int
    public private(set) var facts: CaptureFacts
    private let context: DecodingContext
    private var connections: [Name: HookConnection] = [:]
    /// Which transport a name was opened with, for lines that do not say.
    private var transports: [String: Transport] = [:]
    /// The beginning of a line that is not all there yet.
    private var partial: [UInt8] = []
    /// Bytes of the line that is being passed over as it is too long.
    private var skipped: Int?
    private var lines = 0
    private var goodLines = 0
    private var badLines: [(number: Int, error: HookLineError)] = []
    private var moreBadLines = 0
    private var clockSteps = 0

    public init(_ facts: CaptureFacts, limits: DecodingLimits = DecodingLimits()) {
        self.facts = facts
        self.lineLimit = limits.messageBytes * 2 + (64 << 10)
        self.context = DecodingContext(limits)
    }

    public func feed(_ bytes: Span<UInt8>, _ deliver: (TimelineBatch) -> Void) {
        self.facts.bytes += Int64(bytes.count)
        var start = 0
        for offset in 0..<bytes.count where bytes[offset] == 0x0A {
            self.take(bytes.extracting(start..<offset), isWhole: true)
            start = offset + 1
            if self.context.log.readyFrames >= Self.batchFrames { deliver(self.context.log.drain()) }
        }
        self.take(bytes.extracting(start..<bytes.count), isWhole: false)
    }

    public func finish(_ deliver: (TimelineBatch) -> Void) throws(HookLogError) {
        let wasGood = self.goodLines
        let hasRest = !self.partial.isEmpty || self.skipped != nil
        if hasRest { self.take([UInt8]().span, isWhole: true) }
        guard self.goodLines > 0 else {
            throw self.badLines.first.map { .noGoodLine(lines: self.lines, first: $0.number, $0.error) } ?? .empty
        }
        // A last line without its end that cannot be read was cut off; one that can may be whole.
        if hasRest, self.goodLines == wasGood { self.facts.completeTail = false }
        let at = self.facts.ended ?? .zero
        for connection in self.connections.values.sorted(by: { $0.scope.id < $1.scope.id }) {
            connection.finish(at: at)
        }
        self.connections.removeAll()
        self.context.log.releaseAll()
        if self.moreBadLines > 0 {
            self.context.log.add(
                Anomaly("hook.bad-line", at: at, detail: "\(self.moreBadLines) more lines that cannot be read"))
        }
        for session in self.context.sessions.finished() {
            self.context.log.add(session)
            if !session.completeHead { self.facts.completeHead = false }
        }
        deliver(self.context.log.drain())
    }

    // MARK: Lines

    /// A piece of a line; `isWhole` with its last one.
    private func take(_ piece: Span<UInt8>, isWhole: Bool) {
        if let skipped = self.skipped {
            self.skipped = isWhole ? nil : skipped + piece.count
            if isWhole { self.report(.tooLong(bytes: skipped + piece.count, limit: self.lineLimit)) }
            return
        }
        if piece.count > self.lineLimit - self.partial.count {
            let bytes = self.partial.count + piece.count
            self.partial = []
            self.lines += 1
            if isWhole { self.report(.tooLong(bytes: bytes, limit: self.lineLimit)) } else { self.skipped = bytes }
            return
        }
        guard isWhole else {
            piece.withUnsafeBufferPointer { self.partial.append(contentsOf: $0) }
            return
        }
        self.lines += 1
        if self.partial.isEmpty {
            self.read(piece)
        } else {
            piece.withUnsafeBufferPointer { self.partial.append(contentsOf: $0) }
            let line = self.partial
            self.partial.removeAll(keepingCapacity: true)
            self.read(line.span)
        }
    }

    private func read(_ line: Span<UInt8>) {
        var line = line
        if self.lines == 1, line.has("\u{FEFF}", at: 0) { line = line.extracting(3..<line.count) }
        guard !line.isBlank else { return }
        do throws(HookLineError) {
            let read = try HookLine(line)
            try self.receive(read)
            self.goodLines += 1
        } catch {
            self.report(error)
        }
    }

    private func report(_ error: HookLineError) {
        guard self.badLines.count < Self.storedBadLines else {
            self.moreBadLines += 1
            return
        }
        self.badLines.append((self.lines, error))
        self.context.log.add(
            Anomaly("hook.bad-line", at: self.facts.ended ?? .zero, detail: "line \(self.lines): \(error)"))
    }

    private func receive(_ line: HookLine) throws(HookLineError) {
        if case .close(let close) = line.event, close.by == nil, close.code != HookLine.Close.missingCode,
            self.transport(line) == .websocket
        {
            throw .wrongValue(key: "by", found: nil, expected: "client or server, who sent the close frame")
        }
        self.facts.packets += 1
        switch line.event {
        case .open(let open):
            self.open(line, open)
        case .message(let message):
            self.note(line.at)
            self.connection(line).receive(message, at: line.at)
        case .control(let control):
            self.note(line.at)
            self.connection(line).receive(control, at: line.at)
        case .close(let close):
            self.note(line.at)
            self.connection(line).receive(close, by: close.by, at: line.at)
        }
    }

    // MARK: Connections

    private func transport(_ line: HookLine) -> Transport {
        line.transport ?? self.transports[line.session] ?? .websocket
    }

    /// A name that is opened again stands for a new connection.
    private func open(_ line: HookLine, _ open: HookLine.Open) {
        // It may be logged with its first message, and tell the earlier time at which it began: no step of the clock.
        self.facts.started = min(self.facts.started ?? line.at, line.at)
        self.facts.ended = max(self.facts.ended ?? line.at, line.at)
        let fromURL = open.url.flatMap { url in Transport.allCases.first { url.contains("transport=\($0.rawValue)") } }
        let transport = line.transport ?? fromURL ?? .websocket
        self.transports[line.session] = transport
        let name = Name(session: line.session, transport: transport)
        self.connections.removeValue(forKey: name)?.finish(at: line.at)
        self.make(name, line, open)
    }

    private func connection(_ line: HookLine) -> HookConnection {
        let name = Name(session: line.session, transport: self.transport(line))
        return self.connections[name] ?? self.make(name, line, nil)
    }

    @discardableResult
    private func make(_ name: Name, _ line: HookLine, _ open: HookLine.Open?) -> HookConnection {
        if self.connections.count >= self.context.limits.connections { self.makeRoom(at: line.at) }
        let other = self.connections[
            Name(session: name.session, transport: name.transport == .polling ? .websocket : .polling)]
        let connection = HookConnection(
            line, open, name.transport, joining: open?.url == nil ? other : nil, self.context)
        self.connections[name] = connection
        return connection
    }

    /// A tenth at a time, longest idle first: so room is made in amortised constant time.
    private func makeRoom(at: Timestamp) {
        let idlest = self.connections.sorted {
            ($0.value.lastActive, $0.value.scope.id) < ($1.value.lastActive, $1.value.scope.id)
        }
        for (name, connection) in idlest.prefix(max(1, idlest.count / 10)) {
            connection.finish(at: at)
            self.connections.removeValue(forKey: name)
            self.transports.removeValue(forKey: name.session)
        }
    }

    private func note(_ at: Timestamp) {
        self.facts.started = min(self.facts.started ?? at, at)
        if let last = self.facts.ended, at < last {
            let back = last.nanoseconds(since: at)
            guard back >= Self.clockStepNs, self.clockSteps < 100 else { return }
            self.clockSteps += 1
            self.context.log.add(
                Anomaly(
                    "capture.clock-step", at: at,
                    detail: "line \(self.lines): the time goes back by \(back / 1_000_000) ms"))
        } else {
            self.facts.ended = at
        }
    }
}

extension Span where Element == UInt8 {
    /// Nothing but white space of JSON.
    fileprivate var isBlank: Bool {
        for offset in 0..<self.count where ![0x20, 0x09, 0x0D].contains(self[offset]) { return false }
        return true
    }
}
