import JSONText
import NIOCore
import Replay

/// A request as bytes, with what a client's driver adds to it. Source: RFC 9112, sections 3 and 6.
struct HTTPRequestHead {
    var request: HTTPRequest
    var authority: String
    var cookie: String?
    /// Asks for a WebSocket with this key; nil for a plain request.
    var webSocketKey: String?

    var bytes: ByteBuffer {
        var text = "\(Self.safe(self.request.method)) \(Self.safe(self.request.target)) HTTP/1.1\r\n"
        var fields = [HTTPField("Host", self.authority)]
        if let webSocketKey {
            // Source: RFC 6455, section 4.1.
            fields += [
                HTTPField("Connection", "Upgrade"), HTTPField("Upgrade", "websocket"),
                HTTPField("Sec-WebSocket-Version", "13"), HTTPField("Sec-WebSocket-Key", webSocketKey),
            ]
        }
        fields += self.request.headers.filter { field in
            !["host", "content-length", "transfer-encoding", "connection"].contains(field.name.lowercased())
                && !(field.isNamed("Cookie") && self.cookie != nil)
        }
        if let cookie { fields.append(HTTPField("Cookie", cookie)) }
        if self.request.method != "GET" || !self.request.body.isEmpty {
            fields.append(HTTPField("Content-Length", String(self.request.body.count)))
        }
        for field in fields { text += "\(Self.safe(field.name)): \(Self.safe(field.value))\r\n" }
        var bytes = ByteBuffer(string: text + "\r\n")
        bytes.writeBytes(self.request.body)
        return bytes
    }

    /// Recordings are not trusted: what would end a line early is left out.
    private static func safe(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }))
    }

    /// 16 random bytes in base64. Source: RFC 6455, section 4.1.
    static func makeKey() -> String {
        let bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max) }
        return Base64.encode(bytes.span)
    }
}
