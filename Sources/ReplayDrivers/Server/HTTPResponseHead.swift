import Replay

/// What a server's driver adds to an answer, and how it is written. Source: RFC 9112, sections 4 and 6.
struct HTTPResponseHead {
    var response: HTTPResponse
    var keepsAlive: Bool
    /// Answers to HEAD say how long the body would be, and have none.
    var isForHead = false
    /// The request's own; echoed where the role has said nothing of other origins.
    var origin: String?
    /// The value of `Date`.
    var date: String

    var text: String {
        var text = "HTTP/1.1 \(self.response.status) \(Self.phrase(self.response.status))\r\n"
        var fields = self.response.headers.filter { field in
            !["content-length", "transfer-encoding", "connection", "date"].contains(field.name.lowercased())
        }
        if let origin, self.response.header("Access-Control-Allow-Origin") == nil {
            fields += Self.allowed(origin)
        }
        if self.hasBody { fields.append(HTTPField("Content-Length", String(self.response.body.count))) }
        fields.append(HTTPField("Date", self.date))
        fields.append(HTTPField("Connection", self.keepsAlive ? "keep-alive" : "close"))
        for field in fields { text += Self.line(field) }
        return text + "\r\n"
    }

    /// The status allows one.
    var hasBody: Bool { self.response.status >= 200 && self.response.status != 204 && self.response.status != 304 }

    var writesBody: Bool { self.hasBody && !self.isForHead }

    /// A client of any origin may read the answer, cookies and all.
    static func allowed(_ origin: String) -> [HTTPField] {
        [
            HTTPField("Access-Control-Allow-Origin", origin),
            HTTPField("Access-Control-Allow-Credentials", "true"), HTTPField("Vary", "Origin"),
        ]
    }

    /// The answer to what a browser asks before a request of another origin; nil for any other request.
    /// Source: the Fetch standard, "CORS-preflight fetch".
    static func preflight(_ request: HTTPRequest) -> HTTPResponse? {
        guard request.method == "OPTIONS", let origin = request.header("Origin"),
            let method = request.header("Access-Control-Request-Method")
        else { return nil }
        var fields = Self.allowed(origin)
        fields.append(HTTPField("Access-Control-Allow-Methods", "GET, POST, \(method)"))
        if let headers = request.header("Access-Control-Request-Headers") {
            fields.append(HTTPField("Access-Control-Allow-Headers", headers))
        }
        return HTTPResponse(status: 204, headers: fields)
    }

    /// One line of a head. Recordings and clients are not trusted: what would end the line early is left out.
    static func line(_ field: HTTPField) -> String {
        func safe(_ text: String) -> String {
            String(text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F })
        }
        return "\(safe(field.name)): \(safe(field.value))\r\n"
    }

    private static func phrase(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 204: "No Content"
        case 301: "Moved Permanently"
        case 302: "Found"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 413: "Payload Too Large"
        case 426: "Upgrade Required"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        default: "Status"
        }
    }
}
