import HookLog
import TimelineModel

/// One source of hook lines: its connections by their names, and what was wrong with its lines.
final class HookClient {
    private struct Name: Hashable {
        var session: String
        var transport: Transport
    }

    /// A row for each bad line up to this number; behind it they are counted.
    private static let storedBadLines = 100
    /// Threads of one hook may be a little out of order; a larger step back is the clock's.
    private static let clockStepNs: Int64 = 100_000_000

    /// Before a line's number, where there are several clients.
    private let label: String
    private let context: DecodingContext
    /// Called before a connection is added.
    private let makeRoom: (Timestamp) -> Void
    private var connections: [Name: HookConnection] = [:]
    /// Which transport a name was opened with, for lines that do not say.
    private var transports: [String: Transport] = [:]
    private(set) var goodLines = 0
    private(set) var firstBad: (number: Int, error: HookLineError)?
    private var badLines = 0
    /// Bad lines before the first good one, which tells the time.
    private var early: [(number: Int, error: HookLineError)] = []
    private var clockSteps = 0
    private var latest: Timestamp?

    init(_ label: String, _ context: DecodingContext, makeRoom: @escaping (Timestamp) -> Void) {
        self.label = label
        self.context = context
        self.makeRoom = makeRoom
    }

    var openConnections: Int { self.connections.count }
    /// By which the longest idle ones of all clients are found.
    var idle: [(since: Timestamp, id: Int64)] { self.connections.values.map { ($0.lastActive, $0.scope.id) } }

    // MARK: Lines

    /// - Parameter at: nil where no line told the time yet; then the next good one does.
    func report(_ error: HookLineError, _ number: Int, at: Timestamp?) {
        if self.firstBad == nil { self.firstBad = (number, error) }
        self.badLines += 1
        guard self.badLines <= Self.storedBadLines else { return }
        guard let at else { return self.early.append((number, error)) }
        self.store(error, number, at)
    }

    private func store(_ error: HookLineError, _ number: Int, _ at: Timestamp) {
        self.context.log.add(Anomaly("hook.bad-line", at: at, detail: "\(self.label)line \(number): \(error)"))
    }

    func receive(_ line: HookLine, _ number: Int) throws(HookLineError) {
        if case .close(let close) = line.event, close.by == nil, close.code != HookLine.Close.missingCode,
            self.transport(line) == .websocket
        {
            throw .wrongValue(key: "by", found: nil, expected: "client or server, who sent the close frame")
        }
        self.goodLines += 1
        for (number, error) in self.early { self.store(error, number, line.at) }
        self.early = []
        switch line.event {
        case .open(let open):
            // It may be logged with its first message, and tell the earlier time at which it began: no step of the
            // clock.
            self.latest = max(self.latest ?? line.at, line.at)
            self.open(line, open)
        case .message(let message):
            self.note(line.at, number)
            self.connection(line).receive(message, at: line.at)
        case .control(let control):
            self.note(line.at, number)
            self.connection(line).receive(control, at: line.at)
        case .close(let close):
            self.note(line.at, number)
            self.connection(line).receive(close, by: close.by, at: line.at)
        }
    }

    /// An anomaly of a WebSocket.
    func add(_ note: Anomaly, session: String) {
        self.connections[Name(session: session, transport: .websocket)]?.add(note)
    }

    /// No more lines will come.
    func finish(at: Timestamp) {
        for connection in self.connections.values.sorted(by: { $0.scope.id < $1.scope.id }) {
            connection.finish(at: at)
        }
        self.connections.removeAll()
    }

    /// Tells of the bad lines that have no row.
    func summarise(at: Timestamp) {
        let more = self.badLines - Self.storedBadLines
        guard more > 0 else { return }
        self.context.log.add(
            Anomaly("hook.bad-line", at: at, detail: "\(self.label)\(more) more lines that cannot be read"))
    }

    // MARK: Connections

    private func transport(_ line: HookLine) -> Transport {
        line.transport ?? self.transports[line.session] ?? .websocket
    }

    /// A name that is opened again stands for a new connection.
    private func open(_ line: HookLine, _ open: HookLine.Open) {
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
        self.makeRoom(line.at)
        let other = self.connections[
            Name(session: name.session, transport: name.transport == .polling ? .websocket : .polling)]
        let connection = HookConnection(
            line, open, name.transport, joining: open?.url == nil ? other : nil, self.context)
        self.connections[name] = connection
        return connection
    }

    /// Lets go of these connections where they are its own.
    func letGo(_ ids: Set<Int64>, at: Timestamp) {
        let gone = self.connections.filter { ids.contains($0.value.scope.id) }
        for (name, connection) in gone.sorted(by: { $0.value.scope.id < $1.value.scope.id }) {
            connection.finish(at: at)
            self.connections.removeValue(forKey: name)
            self.transports.removeValue(forKey: name.session)
        }
    }

    private func note(_ at: Timestamp, _ number: Int) {
        if let latest = self.latest, at < latest {
            let back = latest.nanoseconds(since: at)
            guard back >= Self.clockStepNs, self.clockSteps < 100 else { return }
            self.clockSteps += 1
            self.context.log.add(
                Anomaly(
                    "capture.clock-step", at: at,
                    detail:
                        "\(self.label)line \(number): the time goes back by \(back / 1_000_000) ms; expected it to go on"
                ))
        } else {
            self.latest = at
        }
    }
}
