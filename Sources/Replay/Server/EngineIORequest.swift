import EngineIO
import TimelineModel

/// What an HTTP request asks of an Engine.IO server, in the order in which engine.io's `server.ts` verifies one.
enum EngineIORequest: Hashable, Sendable {
    case preflight
    /// Nothing of Engine.IO: a favicon, a health check.
    case foreign
    case handshake(Transport, EngineIOServerMachine.PollForm)
    case poll(sid: String, EngineIOServerMachine.PollForm)
    case post(sid: String, [UInt8])
    case upgrade(sid: String)
    /// The other protocol version than the recorded one.
    case wrongVersion(String?)
    case refused(HTTPResponse)

    init(_ request: HTTPRequest, _ version: EngineIOVersion) {
        guard let target = EngineIOTarget(request.target) else {
            self = .foreign
            return
        }
        guard request.method != "OPTIONS" else {
            self = .preflight
            return
        }
        let isUpgrade = request.header("Upgrade")?.lowercased() == "websocket"
        let form = EngineIOServerMachine.PollForm(
            base64: target.wantsBase64 || target.isJSONP, jsonpIndex: target.isJSONP ? target.jsonpIndex ?? 0 : nil)
        switch (target.transport, target.sid) {
        case ("polling", let sid?):
            switch request.method {
            case "GET": self = .poll(sid: sid, form)
            case "POST": self = Self.post(sid, request, target)
            default: self = .refused(HTTPResponse(status: 500))
            }
        case ("websocket", _) where !isUpgrade: self = .refused(.engineIOError(3))
        case ("websocket", let sid?): self = .upgrade(sid: sid)
        case ("polling", nil), ("websocket", nil):
            if request.method != "GET" {
                self = .refused(.engineIOError(2))
            } else if target.version != version {
                self = .wrongVersion(target.eio)
            } else {
                self = .handshake(target.transport == "polling" ? .polling : .websocket, form)
            }
        default: self = .refused(.engineIOError(0))
        }
    }

    private static func post(_ sid: String, _ request: HTTPRequest, _ target: EngineIOTarget) -> Self {
        guard target.isJSONP else { return .post(sid: sid, request.body) }
        guard let payload = try? JSONP.payload(ofRequest: request.body.span) else {
            return .refused(HTTPResponse(status: 400))
        }
        return .post(sid: sid, payload)
    }
}

extension HTTPResponse {
    /// Engine.IO's refusals as engine.io 6 words them: `{"code":1,"message":"Session ID unknown"}`.
    static func engineIOError(_ code: Int?) -> HTTPResponse {
        let message: String
        switch code {
        case 0: message = "Transport unknown"
        case 1: message = "Session ID unknown"
        case 2: message = "Bad handshake method"
        case 3: message = "Bad request"
        case 5: message = "Unsupported protocol version"
        default: return HTTPResponse(status: 400)
        }
        return HTTPResponse(
            status: 400, headers: [HTTPField("Content-Type", "application/json")],
            body: Array("{\"code\":\(code ?? 3),\"message\":\"\(message)\"}".utf8))
    }

    static func text(_ status: Int, _ text: String, type: String = "text/plain; charset=UTF-8") -> HTTPResponse {
        HTTPResponse(status: status, headers: [HTTPField("Content-Type", type)], body: Array(text.utf8))
    }

    static func poll(_ body: PollingPayload.Body, _ form: EngineIOServerMachine.PollForm) -> HTTPResponse {
        if let index = form.jsonpIndex {
            return HTTPResponse(
                status: 200, headers: [HTTPField("Content-Type", "text/javascript; charset=UTF-8")],
                body: JSONP.answer(body.bytes, index: index))
        }
        let type = body.isBinary ? "application/octet-stream" : "text/plain; charset=UTF-8"
        return HTTPResponse(status: 200, headers: [HTTPField("Content-Type", type)], body: body.bytes)
    }

    /// With what a browser of another origin needs. Source: Fetch standard, "CORS protocol".
    func allowing(_ origin: String?) -> HTTPResponse {
        guard let origin else { return self }
        var response = self
        response.headers += [
            HTTPField("Access-Control-Allow-Origin", origin), HTTPField("Access-Control-Allow-Credentials", "true"),
            HTTPField("Vary", "Origin"),
        ]
        return response
    }

    static func preflight(_ request: HTTPRequest) -> HTTPResponse {
        var response = HTTPResponse(
            status: 204,
            headers: [
                HTTPField("Access-Control-Allow-Methods", "GET,POST,OPTIONS"),
                HTTPField("Access-Control-Max-Age", "600"),
            ])
        if let headers = request.header("Access-Control-Request-Headers") {
            response.headers.append(HTTPField("Access-Control-Allow-Headers", headers))
        }
        return response
    }
}
