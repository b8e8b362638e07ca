/// Requests and answers as they stand on the wire. Source: RFC 9112.
enum HTTPBytes {
    /// A key and the answer to it that every connection may use: nothing in memory guards against caches.
    /// Source: RFC 6455, section 1.3.
    private static let key = "dGhlIHNhbXBsZSBub25jZQ=="
    private static let accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

    /// What asks for a WebSocket; to be added to a GET. Source: RFC 6455, section 4.1.
    static let upgradeFields = [
        HTTPField("Connection", "Upgrade"), HTTPField("Upgrade", "websocket"),
        HTTPField("Sec-WebSocket-Version", "13"), HTTPField("Sec-WebSocket-Key", Self.key),
    ]

    static func of(_ request: HTTPRequest) -> [UInt8] {
        var length: Int?
        if !request.body.isEmpty || request.method != "GET" { length = request.body.count }
        return self.message(
            "\(request.method) \(request.target) HTTP/1.1", request.headers, length: length, request.body)
    }

    static func of(_ response: HTTPResponse) -> [UInt8] {
        self.message(
            "HTTP/1.1 \(response.status) \(self.reason(response.status))", response.headers,
            length: response.body.count, response.body)
    }

    static var switching: [UInt8] {
        let fields = [
            HTTPField("Upgrade", "websocket"), HTTPField("Connection", "Upgrade"),
            HTTPField("Sec-WebSocket-Accept", Self.accept),
        ]
        return self.message("HTTP/1.1 101 Switching Protocols", fields, length: nil, [])
    }

    private static func message(_ start: String, _ fields: [HTTPField], length: Int?, _ body: [UInt8]) -> [UInt8] {
        var head = self.line(start)
        for field in fields where !field.isNamed("Content-Length") {
            head += self.line("\(field.name): \(field.value)")
        }
        if let length { head += self.line("Content-Length: \(length)") }
        return Array(head.utf8) + [0x0D, 0x0A] + body
    }

    /// What would begin another line is not part of one: fields come from recordings.
    private static func line(_ text: String) -> String {
        text.unicodeScalars.contains { $0 == "\r" || $0 == "\n" }
            ? String(String.UnicodeScalarView(text.unicodeScalars.filter { $0 != "\r" && $0 != "\n" })) + "\r\n"
            : text + "\r\n"
    }

    private static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 204: "No Content"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 413: "Payload Too Large"
        case 500: "Internal Server Error"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        default: "Status"
        }
    }
}
