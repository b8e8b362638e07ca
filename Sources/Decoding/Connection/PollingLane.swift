import EngineIO
import JSONText
import TimelineModel
import Wire

/// A request with its answer, while it is under way.
final class Exchange {
    var facts: ExchangeFacts
    /// What the target says of Engine.IO; nil for other traffic.
    let target: EngineIOTarget?
    let host: String?
    let cookie: String?
    var requestEncoding: String?
    var responseEncoding: String?
    /// Bodies as they came, chunked undone; nil where they are not kept.
    var requestBody: [UInt8]?
    var responseBody: [UInt8]?
    /// Why the body is not whole, if it is not.
    var requestLoss: String?
    var responseLoss: String?
    var flags: FrameFlags = []
    var session: SessionLane?
    /// The request asked for a switch to WebSocket.
    var wantsWebSocket = false
    /// What follows it may be no HTTP.
    var asksForTunnel: Bool { self.wantsWebSocket || self.facts.method == "CONNECT" }

    init(_ facts: ExchangeFacts, target: EngineIOTarget?, host: String?, cookie: String?) {
        self.facts = facts
        self.target = target
        self.host = host
        self.cookie = cookie
    }
}

/// The long-polling transport of one connection: bodies become packets, answers make and end sessions.
final class PollingLane {
    private let scope: ConnectionScope

    init(_ scope: ConnectionScope) {
        self.scope = scope
    }

    private var log: TimelineLog { self.scope.context.log }

    /// The head of a request that is Engine.IO's was read.
    func begin(_ exchange: Exchange) {
        guard let sid = exchange.target?.sid else { return }
        exchange.session = self.scope.context.sessions.find(sid, server: self.scope.server)
        exchange.facts.sessionID = exchange.session?.facts.id
        if let session = exchange.session { self.scope.session = session }
    }

    /// A request is complete. A POST for a session that is not known waits for its answer: a refusal must not make one.
    func requestEnded(_ exchange: Exchange) {
        guard exchange.facts.method == "POST", let session = exchange.session else { return }
        self.decodeRequest(exchange, session)
    }

    /// Whether the request's packets still wait for the answer.
    func isWaiting(_ exchange: Exchange) -> Bool {
        exchange.facts.method == "POST" && exchange.session == nil && exchange.requestBody?.isEmpty == false
    }

    /// An answer is complete.
    func responseEnded(_ exchange: Exchange) {
        guard exchange.target != nil else { return }
        let status = exchange.facts.status ?? 0
        if status == 200 {
            self.succeed(exchange)
        } else {
            self.fail(exchange, status)
        }
        exchange.requestBody = nil
        exchange.responseBody = nil
    }

    /// An answer to a request from before the capture: if it reads as packets, it is the rest of the one session that
    /// polls between these two hosts; of several nobody can tell which.
    /// - Returns: whether it did.
    func unseenRequestAnswered(_ exchange: Exchange) -> Bool {
        let at = exchange.facts.responded ?? exchange.facts.requested
        guard exchange.responseLoss == nil,
            let body = self.decoded(exchange.responseBody ?? [], exchange.responseEncoding, of: .server),
            let session = self.scope.context.sessions.onlyPolling(
                clientAddress: self.scope.facts.clientAddress, server: self.scope.server)
        else { return false }
        var isPayload = true
        do throws(PollingPayloadError) {
            try PollingPayload.split(body.span, session.version) { piece in
                isPayload =
                    isPayload && (piece.isBinary || WebSocketLane.looksLikeEngineIO(body.span.extracting(piece.range)))
            }
        } catch {
            return false
        }
        guard isPayload else { return false }
        self.decodePayload(body.span, exchange, session, .server, at, exchange.facts.responseBytes)
        return true
    }

    /// The answer, or its rest, is not in the capture, nor how long it was.
    func responseLost(_ exchange: Exchange) {
        exchange.session?.loseMessages(of: .server)
        if exchange.target != nil, exchange.facts.status != nil, let loss = exchange.responseLoss {
            self.report("http.incomplete-body", loss, exchange.facts.answered ?? exchange.facts.requested)
        }
        exchange.responseBody = nil
    }

    private func succeed(_ exchange: Exchange) {
        switch exchange.facts.method {
        case "POST":
            if self.isWaiting(exchange), exchange.target?.sid != nil {
                let session = self.adopt(exchange, exchange.requestBody ?? [])
                self.decodeRequest(exchange, session)
            }
            exchange.session?.pollSucceeded()
        case "GET":
            guard exchange.target?.transport != "websocket" else { return }
            self.decodeResponse(exchange)
            exchange.session?.pollSucceeded()
        default:
            break
        }
    }

    private func fail(_ exchange: Exchange, _ status: Int) {
        if let session = exchange.session, let at = exchange.facts.responded {
            if exchange.facts.method != "OPTIONS", status >= 400, status != 413 {
                session.pollFailed(.httpError, by: .server, at: at)
            }
        } else if self.isWaiting(exchange) {
            self.decodeRefused(exchange)
        }
        guard status >= 300,
            let body = self.decoded(exchange.responseBody ?? [], exchange.responseEncoding, of: .server)
        else {
            return
        }
        exchange.facts.setError(body.span)
    }

    // MARK: Bodies

    private func decodeRequest(_ exchange: Exchange, _ session: SessionLane) {
        let at = exchange.facts.requestEnded ?? exchange.facts.requested
        if let loss = exchange.requestLoss {
            session.loseMessages(of: .client)
            return self.report("http.incomplete-body", loss, at)
        }
        guard let body = self.decoded(exchange.requestBody ?? [], exchange.requestEncoding, of: .client, at) else {
            return
        }
        exchange.requestBody = nil
        guard !body.isEmpty else { return }
        if exchange.target?.isJSONP == true {
            do throws(PollingPayloadError) {
                let payload = try JSONP.payload(ofRequest: body.span)
                self.decodePayload(payload.span, exchange, session, .client, at, exchange.facts.requestBytes)
            } catch {
                self.report("engineio.malformed-payload", "body of the client: \(error.description)", at)
            }
        } else {
            self.decodePayload(body.span, exchange, session, .client, at, exchange.facts.requestBytes)
        }
    }

    private func decodeResponse(_ exchange: Exchange) {
        let at = exchange.facts.responded ?? exchange.facts.requested
        if let loss = exchange.responseLoss {
            exchange.session?.loseMessages(of: .server)
            return self.report("http.incomplete-body", loss, at)
        }
        guard var body = self.decoded(exchange.responseBody ?? [], exchange.responseEncoding, of: .server, at) else {
            return
        }
        if exchange.target?.isJSONP == true {
            do throws(PollingPayloadError) {
                body = try JSONP.payload(ofAnswer: body.span)
            } catch {
                return self.report("engineio.malformed-payload", "body of the server: \(error.description)", at)
            }
        }
        guard let session = exchange.session ?? self.makeSession(exchange, body) else {
            // A page, or anything else that is no payload: what is asked for may be no Engine.IO server.
            if !body.isEmpty { exchange.facts.errorBody = body.span.text(0..<min(body.count, 4096)) }
            return
        }
        if body.isEmpty {
            return self.report(
                "engineio.empty-payload",
                "an empty body of an answer to a poll, nothing at offset 0 of it; "
                    + "expected at least one packet", at)
        }
        self.decodePayload(body.span, exchange, session, .server, at, exchange.facts.responseBytes)
    }

    private func decodePayload(
        _ body: Span<UInt8>, _ exchange: Exchange, _ session: SessionLane, _ sender: Sender, _ at: Timestamp,
        _ wireBytes: Int
    ) {
        var pieces: [PollingPayload.Piece] = []
        do throws(PollingPayloadError) {
            try PollingPayload.split(body, session.version) { pieces.append($0) }
        } catch {
            let detail = "body of the \(sender.rawValue): \(error.description)"
            if session.version == .v3, Self.looksLikeVersion4(body) {
                self.report("engineio.malformed-payload", "\(detail); 0x1E between packets, as in Engine.IO 4", at)
            } else {
                self.report(Self.code(of: error), detail, at)
            }
        }
        var flags = exchange.flags
        if pieces.count > 1 { flags.insert(.batched) }
        if wireBytes != body.count, exchange.responseEncoding != nil || exchange.requestEncoding != nil {
            flags.insert(.compressed)
        }
        for piece in pieces {
            // What a packet cost: its share of the body as it crossed the wire.
            let share = body.count > 0 ? Double(piece.range.count) / Double(body.count) : 0
            let origin = FrameOrigin(
                connectionID: self.scope.id, at: at, sender: sender, transport: .polling, opcode: nil,
                sizeBytes: piece.range.count, wireBytes: Int((share * Double(wireBytes)).rounded()), flags: flags,
                exchangeID: exchange.facts.id == 0 ? nil : exchange.facts.id)
            let bytes = body.extracting(piece.range)
            if piece.isBinary {
                session.receiveBinary(bytes, origin, self.log)
            } else {
                session.receiveText(bytes, origin, self.log)
            }
        }
    }

    /// A packet type and, somewhere behind it, the separator that version 3 does not have.
    private static func looksLikeVersion4(_ body: Span<UInt8>) -> Bool {
        guard body.count > 0, body[0] >= UInt8(ascii: "0"), body[0] <= UInt8(ascii: "6") else { return false }
        return body.indices.contains { body[$0] == 0x1E }
    }

    private static func code(of error: PollingPayloadError) -> Anomaly.Code {
        switch error {
        case .lengthMismatch: "engineio.length-mismatch"
        case .empty, .noLength, .notJSONP: "engineio.malformed-payload"
        }
    }

    /// Packets of a POST that was refused and belonged to no session that is known: rows without a session.
    private func decodeRefused(_ exchange: Exchange) {
        guard let target = exchange.target, let sid = target.sid,
            let body = self.decoded(exchange.requestBody ?? [], exchange.requestEncoding, of: .client)
        else { return }
        let at = exchange.facts.requestEnded ?? exchange.facts.requested
        var pieces: [PollingPayload.Piece] = []
        try? PollingPayload.split(body.span, target.version) { pieces.append($0) }
        for piece in pieces {
            let bytes = body.span.extracting(piece.range)
            let origin = FrameOrigin(
                connectionID: self.scope.id, at: at, sender: .client, transport: .polling, opcode: nil,
                sizeBytes: bytes.count, wireBytes: bytes.count, flags: pieces.count > 1 ? .batched : [],
                exchangeID: exchange.facts.id)
            let (frame, anomalies) = origin.refused(
                bytes, target.version, sid: sid, place: "at offset \(piece.range.lowerBound) of the body")
            self.log.add(frame, anomalies)
        }
    }

    /// The body without its content encoding; nil, and an anomaly, where it cannot be undone.
    private func decoded(
        _ body: [UInt8], _ encoding: String?, of sender: Sender, _ at: Timestamp? = nil
    ) -> [UInt8]? {
        do throws(HTTPBodyDecoder.Failure) {
            return try HTTPBodyDecoder.decode(
                body.span, encoding: encoding, limit: self.scope.context.limits.messageBytes) ?? body
        } catch {
            if let at {
                // Where it breaks inside compressed data is no place that anyone could look at.
                let offset = error == .cutOff ? body.count : 0
                self.report(
                    "http.undecodable-body",
                    error.text(at: " at offset \(offset) of the \(sender.rawValue)'s body"), at)
            }
            return nil
        }
    }

    private func report(_ code: Anomaly.Code, _ detail: String, _ at: Timestamp) {
        self.scope.add(Anomaly(code, at: at, detail: detail))
    }

    // MARK: Sessions

    /// The session that an answer without a known one belongs to: a new one, where it begins with an open packet; one
    /// that began before the capture, where the request names it.
    private func makeSession(_ exchange: Exchange, _ body: [UInt8]) -> SessionLane? {
        guard let target = exchange.target else { return nil }
        if target.sid != nil { return self.adopt(exchange, body) }
        let version = target.eio == nil ? PollingPayload.version(of: body.span) : target.version
        var handshake: EngineIOHandshake?
        try? PollingPayload.split(body.span, version) { piece in
            guard handshake == nil, !piece.isBinary, piece.range.count > 1,
                body[piece.range.lowerBound] == UInt8(ascii: "0")
            else { return }
            handshake = EngineIOHandshake(
                json: body.span.extracting(piece.range.lowerBound + 1..<piece.range.upperBound))
        }
        guard let handshake else { return nil }
        let session = self.make(exchange, sid: handshake.sid, version)
        session.open(handshake)
        return session
    }

    private func adopt(_ exchange: Exchange, _ body: [UInt8]) -> SessionLane {
        let target = exchange.target
        let version = target?.eio == nil ? PollingPayload.version(of: body.span) : target?.version ?? .v4
        return self.make(exchange, sid: target?.sid, version)
    }

    private func make(_ exchange: Exchange, sid: String?, _ version: EngineIOVersion) -> SessionLane {
        let session = self.scope.context.sessions.make(
            sid: sid, version: version, target: exchange.target,
            identity: self.scope.identity(exchange.facts, exchange.target), host: exchange.host,
            at: exchange.facts.requested)
        exchange.session = session
        exchange.facts.sessionID = session.facts.id
        self.scope.session = session
        return session
    }
}

extension ExchangeFacts {
    /// What the body of a refusal says: Engine.IO's JSON, or python's text in quotes.
    mutating func setError(_ body: Span<UInt8>) {
        self.errorBody = body.isEmpty ? nil : body.text(0..<min(body.count, 4096))
        guard let value = try? JSONValue(body) else { return }
        self.errorCode = value["code"]?.integer.flatMap { Int(exactly: $0) }
        self.errorMessage = value["message"]?.string ?? value.string
    }
}
