import EngineIO
import TimelineModel
import Wire

/// The HTTP of one connection: pairs requests with answers, keeps the bodies that matter, and makes the switch to a
/// WebSocket.
final class HTTPLane {
    /// Nobody pipelines so deep: where so many requests wait, the capture lacks the answers, and they must not pile up.
    private static let pendingLimit = 64
    /// Pieces of the client's stream that wait for the answer to an upgrade.
    private static let waitingLimit = 256

    private let scope: ConnectionScope
    private let polling: PollingLane
    private var requests = HTTPStreamDecoder()
    private var responses = HTTPStreamDecoder()
    /// Requests whose answer has not ended, oldest first; at most `pendingLimit`.
    private var pending: [Exchange] = []
    /// The request whose body is being read.
    private var request: Exchange?
    /// The answer whose body is being read; nil for one to a request that was not seen.
    private var response: Exchange?
    /// Set once the connection was upgraded.
    private(set) var webSocket: WebSocketStreams?
    private(set) var webSocketLane: WebSocketLane?
    /// What the client sent behind a request for an upgrade, until its answer tells what that is.
    private var waiting = PieceQueue<WaitingBytes>()
    private var isPaused = false
    /// So much came without an answer that none will be waited for any more.
    private var hasGivenUpWaiting = false
    /// The newest request before a gap of the server: what follows may be its answer, or that is in the gap. Nothing is
    /// in `pending` meanwhile.
    private var doubtful: Exchange?
    private var pairing = AnswerPairing()
    /// The answer that is being read, where no request for it is known.
    private var unpaired: (bytes: Int, offset: Int64)?
    /// Where in each stream the bytes end that were given last, as far as a head goes on there.
    private var headEnds: [Sender: Int64] = [:]
    /// A proxy passes on what follows, or the connection was upgraded to something else.
    private(set) var isTunnel = false
    private lazy var holdID = self.scope.context.log.makeHoldID()

    init(_ scope: ConnectionScope) {
        self.scope = scope
        self.polling = PollingLane(scope)
        scope.facts.application = .http
    }

    private var limit: Int { self.scope.context.limits.messageBytes }

    func receive(_ bytes: Span<UInt8>, _ facts: ChunkFacts, from sender: Sender) {
        if let webSocket = self.webSocket { return webSocket.receive(bytes, facts, from: sender) }
        if sender == .client { self.receiveRequests(bytes, facts) } else { self.receiveResponses(bytes, facts) }
    }

    func gap(_ count: Int, at: Timestamp, from sender: Sender) {
        if let webSocket = self.webSocket { return webSocket.gap(count, at: at, from: sender) }
        let none: [UInt8] = []
        if sender == .client {
            if self.isPaused { return self.waiting.append(.gap(count: count, at: at)) }
            if self.requests.isInBody, let request = self.request {
                request.requestLoss = Self.missing(count, "request", at: request.facts.requestBytes)
            }
            self.dropHead(&self.requests, of: .client)
            guard !self.requests.gap(count) else {
                return self.receiveRequests(none.span, ChunkFacts(at: at))  // the body may end with the gap
            }
            self.pairing.lackRequests()
            if let request = self.request { self.endRequest(request, at: at) }
        } else {
            if self.responses.isInBody, let response = self.response {
                response.responseLoss = Self.missing(count, "answer", at: response.facts.responseBytes)
            }
            self.dropHead(&self.responses, of: .server)
            guard !self.responses.gap(count) else { return self.receiveResponses(none.span, ChunkFacts(at: at)) }
            self.endUnpaired()
            self.loseAnswers(count, at: at)
        }
    }

    /// Bytes of the client were not seen, and will not be before what is given next.
    func lackRequests() { self.pairing.lackRequests() }

    /// The rest of a head is missing: what was there of it is of no use.
    private func dropHead(_ decoder: inout HTTPStreamDecoder, of sender: Sender) {
        let count = decoder.heldHeadBytes
        guard count > 0 else { return }
        self.scope.addUndecoded(count, offset: (self.headEnds[sender] ?? 0) - Int64(count), from: sender)
    }

    /// The missing bytes are of the answers to what was sent before those behind them. They end without one, but for the
    /// newest, whose answer may begin behind the gap.
    private func loseAnswers(_ count: Int, at: Timestamp) {
        let sent = self.pending.prefix { $0.facts.requested <= at }
        self.pending.removeFirst(sent.count)
        let begun = self.response
        self.response = nil
        let open = sent.filter { $0 !== begun }
        let mayFollow = self.pairing.loseAnswers(to: open.count, bytes: count) && self.pending.isEmpty
        for exchange in sent where exchange !== open.last { self.loseAnswer(exchange) }
        if let newest = open.last {
            self.loseDoubtful()
            if mayFollow { self.doubtful = newest } else { self.loseAnswer(newest) }
        }
        // What follows may be the WebSocket that was asked for; the client's bytes wait until that is known.
        if self.doubtful?.asksForTunnel != true { self.resume() }
    }

    private func loseAnswer(_ exchange: Exchange) {
        self.polling.responseLost(exchange)
        self.store(exchange)
    }

    private func loseDoubtful() {
        guard let exchange = self.doubtful else { return }
        self.doubtful = nil
        self.loseAnswer(exchange)
    }

    private static func missing(_ count: Int, _ whose: String, at offset: Int) -> String {
        "\(Anomaly.bytes(count)) not in the capture at offset \(offset) of the \(whose)'s body; expected all of it"
    }

    /// One direction ended, or the connection was reset (`reset`).
    func ended(by sender: Sender, at: Timestamp, reset: Bool) {
        if let lane = self.webSocketLane {
            lane.transportEnded(reset ? .rst : .fin, by: sender, at: at)
            return
        }
        if sender == .server || reset, let response = self.response {
            if self.responses.isUntilClose, !reset {
                self.endResponse(response, at: at)
            } else if response.target != nil {
                self.response = nil
                self.scope.add(
                    Anomaly(
                        "http.incomplete-body", at: at,
                        detail:
                            "the end of the connection at offset \(response.facts.responseBytes) of an answer's body; "
                            + "expected its rest"))
            }
        }
        for exchange in self.pending where exchange.facts.responded == nil && exchange.facts.method == "GET" {
            exchange.session?.pollFailed(reset ? .rst : .fin, by: sender, at: at)
        }
    }

    /// No more will come.
    func finish(at: Timestamp) {
        self.hasGivenUpWaiting = true
        self.resume()
        self.webSocket?.finish(at: at)
        self.webSocketLane?.finish()
        self.endUnpaired()
        self.loseDoubtful()
        for exchange in self.pending { self.store(exchange) }
        self.pending = []
    }

    /// Requests that are under way, the one that opened the WebSocket among them until its session is known.
    func openExchanges() -> [ExchangeFacts] {
        let pending = ([self.doubtful].compactMap { $0 } + self.pending).map(\.facts).filter { $0.id != 0 }
        return self.webSocketLane?.openExchange.map { pending + [$0] } ?? pending
    }

    // MARK: Requests

    private func receiveRequests(_ bytes: Span<UInt8>, _ facts: ChunkFacts) {
        guard self.isPaused else {
            let used = self.readRequests(bytes, facts)
            guard used < bytes.count else { return }
            return self.waiting.append(.bytes(bytes.array(used..<bytes.count)[...], facts.advanced(by: used)))
        }
        self.waiting.append(.bytes(bytes.array(0..<bytes.count)[...], facts))
        // An answer that never comes must not make this grow.
        if self.waiting.count > Self.waitingLimit {
            self.hasGivenUpWaiting = true
            self.resume()
        }
    }

    /// Reads on until a request pauses it; answers how many bytes that used.
    private func readRequests(_ bytes: Span<UInt8>, _ facts: ChunkFacts) -> Int {
        if self.requests.isLost, self.joinWebSocket(bytes, facts, from: .client) { return bytes.count }
        var offset = 0
        while !self.isPaused {
            switch self.requests.next(bytes, &offset) {
            case .head(let head):
                self.beginRequest(head, facts)
            case .body(let range):
                guard let request = self.request else { continue }
                request.facts.requestBytes += range.count
                if facts.isRetransmitted { request.flags.insert(.retransmitted) }
                Self.keep(
                    bytes.extracting(range), of: "request", in: &request.requestBody, &request.requestLoss, self.limit)
            case .end:
                if let request = self.request { self.endRequest(request, at: facts.at) }
            case .notHTTP(let skipped):
                self.scope.addUndecoded(
                    skipped, offset: facts.offset + Int64(offset - skipped), from: .client)
            case .tunnel, .needsMore:
                if self.requests.heldHeadBytes > 0 { self.headEnds[.client] = facts.offset + Int64(bytes.count) }
                return bytes.count
            }
        }
        return offset
    }

    private func beginRequest(_ head: HTTPHead, _ facts: ChunkFacts) {
        guard case .request(let method, let target) = head.start else {
            self.requests.begin(Self.framing(head))
            self.request = nil
            return
        }
        let engineIO = EngineIOTarget(target)
        let exchange = Exchange(
            ExchangeFacts(id: 0, connectionID: self.scope.id, method: method, target: target, requested: facts.at),
            target: engineIO, host: head.host, cookie: head.cookie)
        exchange.wantsWebSocket = head.upgradesToWebSocket
        if engineIO != nil || exchange.wantsWebSocket {
            exchange.facts.id = self.scope.context.log.makeExchangeID()
            exchange.facts.userAgent = head.userAgent
            exchange.facts.origin = head.origin
            exchange.facts.requestType = head.contentType
            exchange.facts.upgrade = head.upgrade
            exchange.facts.forwardedFor = head.forwardedFor
            exchange.requestEncoding = head.contentEncoding
            if engineIO != nil { exchange.requestBody = [] }
            self.polling.begin(exchange)
        } else {
            self.scope.facts.otherRequests += 1
            self.scope.context.otherRequests += 1
        }
        // Who does not pipeline sends the next one when the answer is there.
        self.loseDoubtful()
        self.pairing.beginRequest()
        self.pending.append(exchange)
        if self.pending.count > Self.pendingLimit { self.store(self.pending.removeFirst()) }
        self.request = exchange
        self.requests.begin(method == "CONNECT" ? .none : Self.framing(head))
    }

    private func endRequest(_ request: Exchange, at: Timestamp) {
        self.request = nil
        request.facts.requestEnded = at
        if request.target != nil {
            self.polling.requestEnded(request)
            // Its packets wait for the answer: nothing later may come out before them.
            if self.polling.isWaiting(request) { self.scope.context.log.hold(self.holdID, since: at) }
        }
        if request.asksForTunnel { self.isPaused = !self.hasGivenUpWaiting }
    }

    /// The framing of a request's body, RFC 9112 section 6.3: without a length there is none.
    private static func framing(_ head: HTTPHead) -> HTTPBodyFraming {
        if head.isChunked { return .chunked }
        return head.contentLength.map { .length($0) } ?? .none
    }

    /// Hands on the client's bytes that waited for the answer to an upgrade: to the WebSocket, where there is one now,
    /// else as HTTP, up to the next request that must wait.
    private func resume() {
        guard self.isPaused else { return }
        self.isPaused = false
        while !self.isPaused, let piece = self.waiting.take() {
            switch piece {
            case .gap(let count, let at):
                self.gap(count, at: at, from: .client)
            case .bytes(let bytes, let facts):
                if let webSocket = self.webSocket {
                    webSocket.receive(bytes.span, facts, from: .client)
                    continue
                }
                let used = self.readRequests(bytes.span, facts)
                if used < bytes.count { self.waiting.putBack(.bytes(bytes.dropFirst(used), facts.advanced(by: used))) }
            }
        }
    }

    // MARK: Answers

    private func receiveResponses(_ bytes: Span<UInt8>, _ facts: ChunkFacts) {
        if self.responses.isLost, self.joinWebSocket(bytes, facts, from: .server) { return }
        var offset = 0
        while true {
            let before = offset
            let step = self.responses.next(bytes, &offset)
            self.unpaired?.bytes += offset - before
            switch step {
            case .head(let head):
                self.beginResponse(head, facts, end: facts.offset + Int64(offset))
            case .body(let range):
                guard let response = self.response else { continue }
                response.facts.responseBytes += range.count
                if facts.isRetransmitted { response.flags.insert(.retransmitted) }
                Self.keep(
                    bytes.extracting(range), of: "answer", in: &response.responseBody, &response.responseLoss,
                    self.limit)
            case .end:
                if let response = self.response { self.endResponse(response, at: facts.at) }
                self.endUnpaired()
            case .tunnel(let range):
                // The 101 and the first frames may share a segment.
                self.webSocket?.receive(
                    bytes.extracting(range), facts.advanced(by: range.lowerBound), from: .server)
                return
            case .notHTTP(let skipped):
                self.unpaired?.bytes -= offset - before
                self.endUnpaired()
                self.scope.addUndecoded(
                    skipped, offset: facts.offset + Int64(offset - skipped), from: .server)
            case .needsMore:
                if self.responses.heldHeadBytes > 0 { self.headEnds[.server] = facts.offset + Int64(bytes.count) }
                return
            }
        }
    }

    /// - Parameter end: of the head, in the server's stream.
    private func beginResponse(_ head: HTTPHead, _ facts: ChunkFacts, end: Int64) {
        guard case .response(let status, _) = head.start else {
            self.responses.begin(Self.framing(head))
            return
        }
        if status / 100 == 1, status != 101 {
            self.responses.begin(.none)
            self.response = nil
            return
        }
        let paired = self.pairedRequest(status)
        let exchange = paired ?? self.unseenRequest(status, head, facts)
        self.response = exchange
        if paired == nil, status != 101 { self.unpaired = (head.headBytes, end - Int64(head.headBytes)) }
        if let exchange {
            exchange.facts.status = status
            exchange.facts.answered = facts.at
            if exchange.facts.id != 0 {
                exchange.facts.responseType = head.contentType
                exchange.facts.allowOrigin = head.allowOrigin
                exchange.facts.extensions = head.extensions
                exchange.facts.server = head.server
                exchange.responseEncoding = head.contentEncoding
                exchange.responseBody = []
            }
        }
        if status == 101, head.upgradesToWebSocket {
            self.switchToWebSocket(head, exchange, facts)
            return
        }
        if status == 101 || (exchange?.facts.method == "CONNECT" && status / 100 == 2) {
            self.responses.begin(.tunnel)
            self.requests.begin(.tunnel)
            self.isTunnel = true
            exchange?.facts.responded = facts.at
            // This lane gets nothing more: what waits for an answer has none.
            for exchange in self.pending { self.store(exchange) }
            self.pending = []
            self.scope.facts.application = .unknown
        } else {
            self.responses.begin(Self.answerFraming(head, status, method: exchange?.facts.method))
        }
        self.resume()
    }

    /// The request that an answer is to; nil where the capture misses it, or missed so much that nobody can tell.
    private func pairedRequest(_ status: Int) -> Exchange? {
        guard let doubtful = self.doubtful else { return self.pairing.isLost ? nil : self.pending.first }
        // The client's bytes behind a request for an upgrade wait. Where a request is among them, that one was refused.
        if self.isPaused, let next = self.waiting.first {
            if case .bytes(let bytes, _) = next, HTTPStreamDecoder.looksLikeHTTP(bytes.span) {
                self.resume()
                return self.pending.first
            }
            if case .gap = next, status != 101 {
                self.loseDoubtful()
                return nil
            }
        }
        self.doubtful = nil
        self.pending.append(doubtful)
        return doubtful
    }

    /// An answer that no request is known for has ended, or its rest is missing.
    private func endUnpaired() {
        guard let unpaired = self.unpaired else { return }
        self.unpaired = nil
        self.scope.addUndecoded(unpaired.bytes, offset: unpaired.offset, from: .server)
    }

    /// An answer whose request lies before the capture may be one to a poll; its packets are not lost for that.
    private func unseenRequest(_ status: Int, _ head: HTTPHead, _ facts: ChunkFacts) -> Exchange? {
        guard !self.scope.facts.completeHead, status == 200, head.contentType?.hasPrefix("text/plain") == true else {
            return nil
        }
        let exchange = Exchange(
            ExchangeFacts(id: 0, connectionID: self.scope.id, method: "", target: "", requested: facts.at),
            target: nil, host: nil, cookie: nil)
        exchange.responseEncoding = head.contentEncoding
        exchange.responseBody = []
        return exchange
    }

    /// RFC 9112, section 6.3: no body for HEAD, 204 and 304; else chunked, a length, or until the connection closes.
    private static func answerFraming(_ head: HTTPHead, _ status: Int, method: String?) -> HTTPBodyFraming {
        if method == "HEAD" || status == 204 || status == 304 { return .none }
        if head.isChunked { return .chunked }
        return head.contentLength.map { .length($0) } ?? .untilClose
    }

    private func switchToWebSocket(_ head: HTTPHead, _ exchange: Exchange?, _ facts: ChunkFacts) {
        exchange?.facts.responded = facts.at
        self.pending.removeAll { $0 === exchange }
        let lane = WebSocketLane(self.scope, self.opening(exchange))
        self.webSocketLane = lane
        self.webSocket = WebSocketStreams(
            lane, self.scope, deflate: PerMessageDeflate(answer: head.extensions), isClientLost: self.requests.isLost)
        self.responses.begin(.tunnel)
        self.resume()
    }

    private func opening(_ exchange: Exchange?) -> WebSocketLane.Opening? {
        exchange.map {
            WebSocketLane.Opening(
                target: $0.target, exchange: $0.facts.id != 0 ? $0.facts : nil, host: $0.host, cookie: $0.cookie,
                at: $0.facts.requested)
        }
    }

    /// Behind a gap: the 101 may be what is missing, and frames begin here.
    private func joinWebSocket(_ bytes: Span<UInt8>, _ facts: ChunkFacts, from sender: Sender) -> Bool {
        guard WebSocketBoundary.isProven(bytes, masked: nil, mayBeCompressed: true) else { return false }
        let asked = (self.doubtful.map { [$0] } ?? self.pending).last { $0.wantsWebSocket }
        // The lane stores it, with its session.
        if asked === self.doubtful { self.doubtful = nil } else { self.pending.removeAll { $0 === asked } }
        let lane = WebSocketLane(self.scope, self.opening(asked))
        self.webSocketLane = lane
        let streams = WebSocketStreams(midStream: lane, self.scope)
        self.webSocket = streams
        if sender == .server { self.resume() }
        streams.receive(bytes, facts, from: sender)
        return true
    }

    private func endResponse(_ response: Exchange, at: Timestamp) {
        self.response = nil
        // What was missing before it is of nothing that follows.
        self.scope.tellGaps()
        response.facts.responded = at
        self.pending.removeAll { $0 === response }
        if let next = self.pending.first, next.facts.requested < at {
            if response.responseLoss == nil {
                self.pairing.isPipelined = true
            } else if !self.pairing.isPipelined {
                // Its end is missing, which was there when the next request was sent.
                response.facts.responded = next.facts.requested
            }
        }
        if response.facts.id != 0 {
            self.polling.responseEnded(response)
        } else if response.facts.method.isEmpty, self.polling.unseenRequestAnswered(response) {
            self.unpaired = nil
        }
        self.store(response)
    }

    private func store(_ exchange: Exchange) {
        if exchange.target != nil { self.scope.context.log.hold(self.holdID, since: nil) }
        if exchange.facts.id != 0 { self.scope.context.log.add(exchange.facts) }
    }

    private static func keep(
        _ bytes: Span<UInt8>, of whose: String, in body: inout [UInt8]?, _ loss: inout String?, _ limit: Int
    ) {
        guard body != nil, loss == nil else { return }
        guard bytes.count <= limit - (body?.count ?? 0) else {
            loss = "more bytes at offset \(limit) of the \(whose)'s body; expected at most \(limit), which are kept"
            body = []
            return
        }
        bytes.withUnsafeBufferPointer { body?.append(contentsOf: $0) }
    }
}
