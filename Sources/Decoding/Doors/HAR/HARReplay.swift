import EngineIO
import TimelineModel
import Wire

/// Plays the entries of a HAR to the lanes that know HTTP and WebSockets, everything at its time.
final class HARReplay {
    private enum Step {
        case request(Int)
        case requestEnd(Int)
        case answer(Int)
        case open(Int)
        case message(Int, Int)
        case trouble(Int, Int)
        /// Behind the last message of a WebSocket.
        case silence(Int)
    }

    /// What the polling entries of one connection share. A HAR may not tell connections apart; then those to one
    /// server are taken for one.
    private struct ConnectionName: Hashable {
        var connection: String
        var address: String
        var port: Int
    }

    private struct Polling {
        var scope: ConnectionScope
        var lane: PollingLane
    }

    private let entries: [HAREntry]
    private let context: DecodingContext
    private var steps: [(at: Timestamp, step: Step)] = []
    private var polling: [ConnectionName: Polling] = [:]
    /// Requests under way, by the index of their entry.
    private var exchanges: [Int: (exchange: Exchange, polling: Polling)] = [:]
    private var webSockets: [Int: (scope: ConnectionScope, lane: WebSocketLane)] = [:]
    private var scopes: [ConnectionScope] = []

    let started: Timestamp
    let ended: Timestamp

    init(_ entries: [HAREntry], _ context: DecodingContext) {
        self.entries = entries
        self.context = context
        var steps: [(at: Timestamp, step: Step)] = []
        for (index, entry) in entries.enumerated() {
            if entry.isWebSocket {
                // Its time may be that of its whole life; no message is older than the WebSocket.
                let first = (entry.messages.map(\.at) + entry.troubles.map(\.at)).min()
                // One that names a session comes behind the answer that named it first, which HAR times, of milliseconds
                // or of its whole life, may not show.
                let namesSession = entry.target?.sid != nil
                let opened = first.map { namesSession ? $0 : min(entry.answered, $0) } ?? entry.answered
                steps.append((opened, .open(index)))
                for number in entry.messages.indices {
                    steps.append((entry.messages[number].at, .message(index, number)))
                }
                for number in entry.troubles.indices {
                    steps.append((entry.troubles[number].at, .trouble(index, number)))
                }
                if let last = entry.messages.map(\.at).max() { steps.append((last, .silence(index))) }
            } else {
                steps.append((entry.requested, .request(index)))
                steps.append((entry.requestEnded, .requestEnd(index)))
                steps.append((entry.responded, .answer(index)))
            }
        }
        // Stable: what has one time stays in the order of the file, and an entry's own steps in theirs.
        self.steps = steps.indices.sorted { (steps[$0].at, $0) < (steps[$1].at, $1) }.map { steps[$0] }
        self.started = min(entries.map(\.requested).min() ?? .zero, self.steps.first?.at ?? .zero)
        self.ended = max(self.steps.last?.at ?? .zero, self.started)
    }

    /// Runs all steps; `pause` is called between them.
    func run(_ pause: () -> Void) {
        for (at, step) in self.steps {
            switch step {
            case .request(let index): self.begin(index)
            case .requestEnd(let index): self.endRequest(index, at)
            case .answer(let index): self.answer(index, at)
            case .open(let index): self.open(index, at)
            case .message(let index, let number): self.pass(self.entries[index].messages[number], index)
            case .trouble(let index, let number): self.note(self.entries[index].troubles[number], index)
            case .silence(let index): self.fallSilent(index)
            }
            pause()
        }
        for (_, socket) in self.webSockets.sorted(by: { $0.key < $1.key }) { socket.lane.finish() }
        for scope in self.scopes { scope.finishWhole(at: self.ended) }
    }

    private func makeScope(_ entry: HAREntry) -> ConnectionScope {
        let facts = ConnectionFacts(
            id: self.context.log.makeConnectionID(), clientAddress: "", clientPort: 0,
            serverAddress: entry.serverAddress.flatMap { $0.isEmpty ? nil : $0 } ?? entry.url.host,
            serverPort: entry.url.port, opened: entry.requested)
        // Browsers give the address of some entries only; the URL is the same for all of one server.
        let scope = ConnectionScope(facts, self.context, server: "\(entry.url.host):\(entry.url.port)")
        self.scopes.append(scope)
        return scope
    }

    private func exchangeFacts(_ entry: HAREntry, _ scope: ConnectionScope) -> ExchangeFacts {
        var facts = ExchangeFacts(
            id: self.context.log.makeExchangeID(), connectionID: scope.id, method: entry.method,
            target: entry.url.target, requested: entry.requested)
        facts.userAgent = entry.header("user-agent")
        facts.origin = entry.header("origin")
        facts.requestType = entry.header("content-type")
        facts.upgrade = entry.header("upgrade")
        facts.forwardedFor = entry.header("x-forwarded-for")?.split(separator: ",").first.map(String.init)
        return facts
    }

    private func addAnswer(_ entry: HAREntry, to facts: inout ExchangeFacts) {
        guard let status = entry.status else { return }
        facts.status = status
        facts.answered = entry.answered
        facts.responseType = entry.header("content-type", ofAnswer: true)
        facts.allowOrigin = entry.header("access-control-allow-origin", ofAnswer: true)
        facts.extensions = entry.header("sec-websocket-extensions", ofAnswer: true)
        facts.server = entry.header("server", ofAnswer: true)
    }

    // MARK: Polling

    private func begin(_ index: Int) {
        let entry = self.entries[index]
        let name = ConnectionName(
            connection: entry.connection ?? "", address: entry.serverAddress ?? entry.url.host, port: entry.url.port)
        let polling = self.polling[name] ?? self.makePolling(entry)
        self.polling[name] = polling
        let exchange = Exchange(
            self.exchangeFacts(entry, polling.scope), target: entry.target, host: entry.url.authority,
            cookie: entry.header("cookie"))
        exchange.facts.requestBytes = entry.requestBytes
        (exchange.requestBody, exchange.requestLoss) = self.kept(entry.requestBody, entry.requestLoss)
        self.exchanges[index] = (exchange, polling)
        polling.lane.begin(exchange)
    }

    /// The body, where it is not too large to be kept, and why it is not whole.
    private func kept(_ body: [UInt8], _ loss: String?) -> ([UInt8], String?) {
        let limit = self.context.limits.messageBytes
        guard body.count > limit else { return (body, loss) }
        return ([], "a body of \(body.count) bytes; expected at most \(limit), which are kept")
    }

    private func makePolling(_ entry: HAREntry) -> Polling {
        let scope = self.makeScope(entry)
        scope.facts.application = .http
        // Each body that is missing is a hole of its own, and there are no more of them than entries.
        scope.anomalyLimit = self.entries.count * 2
        return Polling(scope: scope, lane: PollingLane(scope))
    }

    private func endRequest(_ index: Int, _ at: Timestamp) {
        guard let (exchange, polling) = self.exchanges[index] else { return }
        exchange.facts.requestEnded = at
        polling.scope.count(exchange.facts.requestBytes, from: .client)
        // Requests of several sessions may be under way together; what is missing is of this one's.
        polling.scope.session = exchange.session
        if exchange.requestLoss != nil { exchange.session?.noteHole() }
        polling.lane.requestEnded(exchange)
        // Its packets wait for the answer: nothing later may come out before them.
        if polling.lane.isWaiting(exchange) { self.context.log.hold(Self.holdID(index), since: at) }
    }

    private func answer(_ index: Int, _ at: Timestamp) {
        guard let (exchange, polling) = self.exchanges.removeValue(forKey: index) else { return }
        let entry = self.entries[index]
        if entry.status == nil {
            // Cut off before an answer came.
            if exchange.facts.method == "GET" {
                exchange.session?.pollFailed(entry.error?.contains("RESET") == true ? .rst : .fin, by: nil, at: at)
            }
        } else {
            self.addAnswer(entry, to: &exchange.facts)
            exchange.facts.responded = at
            exchange.facts.responseBytes = entry.responseBytes
            (exchange.responseBody, exchange.responseLoss) = self.kept(entry.responseBody, entry.responseLoss)
            polling.scope.count(entry.responseBytes, from: .server)
            polling.scope.session = exchange.session
            if exchange.responseLoss != nil, exchange.facts.method == "GET" { exchange.session?.noteHole() }
            polling.lane.responseEnded(exchange)
            if exchange.session == nil, entry.method == "POST", entry.status == 200, let loss = entry.requestLoss {
                polling.scope.add(Anomaly("http.incomplete-body", at: entry.requestEnded, detail: loss))
            }
        }
        self.context.log.hold(Self.holdID(index), since: nil)
        self.context.log.add(exchange.facts)
    }

    /// Holds are kept by connection ids; requests of one connection may be under way together here.
    private static func holdID(_ index: Int) -> Int64 { -1 - Int64(index) }

    // MARK: WebSockets

    private func open(_ index: Int, _ at: Timestamp) {
        let entry = self.entries[index]
        let scope = self.makeScope(entry)
        var facts = self.exchangeFacts(entry, scope)
        facts.requestEnded = entry.requestEnded
        self.addAnswer(entry, to: &facts)
        facts.responded = min(entry.answered, at)
        let opening = WebSocketLane.Opening(
            target: entry.target, exchange: facts, host: entry.url.authority, cookie: entry.header("cookie"),
            at: entry.requested)
        self.webSockets[index] = (scope, WebSocketLane(scope, opening))
        guard !entry.hasMessageList else { return }
        scope.session?.noteHole()
        scope.add(
            Anomaly(
                "har.no-messages", at: at,
                detail: "a WebSocket without its messages in entry \(entry.index) of the HAR; "
                    + "expected _webSocketMessages, as Chrome and Playwright write them"))
    }

    private func pass(_ message: HAREntry.Message, _ index: Int) {
        guard let (scope, lane) = self.webSockets[index], let opcode = WebSocketOpcode(rawValue: message.opcode) else {
            return
        }
        let (bytes, size, loss) = message.body.content(limit: self.context.limits.messageBytes)
        scope.count(size, from: message.sender)
        lane.receive(
            WebSocketMessage(
                opcode: opcode, at: message.at, wireBytes: size, loss: loss,
                statedBytes: loss == .overLimit ? size : nil),
            bytes.span, from: message.sender)
    }

    /// A HAR tells no end of a WebSocket. Its session may have lived on in silence, or not: a later one of the same
    /// browser goes on with its lineage, and one that began before this does not.
    private func fallSilent(_ index: Int) {
        guard let scope = self.webSockets[index]?.scope, let session = scope.session,
            session.webSocketID == scope.id
        else { return }
        session.isSilent = true
    }

    private func note(_ trouble: HAREntry.Trouble, _ index: Int) {
        guard let (scope, lane) = self.webSockets[index] else { return }
        if trouble.code == "har.bad-message" { scope.session?.noteHole() }
        scope.add(Anomaly(trouble.code, at: trouble.at, detail: trouble.detail))
        guard let end = trouble.end else { return }
        lane.transportEnded(end == .rst ? .rst : .fin, by: nil, at: trouble.at)
        scope.close(end, by: nil, at: trouble.at)
    }
}
