import Testing
import Wire

@Suite("HTTP heads and bodies")
struct HTTPHeadTests {
    /// Fields, and what one property of the head must be for them.
    struct Case: CustomTestStringConvertible, Sendable {
        let fields: String
        let property: @Sendable (HTTPHead) -> String?
        let expected: String?
        var testDescription: String { self.fields.debugDescription }

        init(_ fields: String, _ property: @escaping @Sendable (HTTPHead) -> String?, _ expected: String?) {
            self.fields = fields
            self.property = property
            self.expected = expected
        }
    }

    static let cases: [Case] = [
        Case("Host: a:80", { $0.host }, "a:80"),
        Case("hOsT:a", { $0.host }, "a"),
        Case("Host: \t a \t ", { $0.host }, "a"),
        Case("Host:", { $0.host }, ""),
        Case("Host: a\r\nHost: b", { $0.host }, "a"),
        Case("Hosts: a", { $0.host }, nil),
        Case("Host a", { $0.host }, nil),
        Case("User-Agent: a\r\n b\r\n\t c", { $0.userAgent }, "a b c"),
        Case("User-Agent: a\n b\nHost: c", { $0.userAgent }, "a b"),
        Case("User-Agent: a\r\n b\r\nHost: c", { $0.host }, "c"),
        Case("User-Agent: ä", { $0.userAgent }, "ä"),
        Case("Content-Length: 12", { $0.contentLength.map { "\($0)" } }, "12"),
        Case("Content-Length: 12, 12", { $0.contentLength.map { "\($0)" } }, "12"),
        Case("Content-Length: 12, 13", { $0.contentLength.map { "\($0)" } }, nil),
        Case("Content-Length: -1", { $0.contentLength.map { "\($0)" } }, nil),
        Case("Content-Length: 99999999999999999999", { $0.contentLength.map { "\($0)" } }, nil),
        Case("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked", { "\($0.isChunked)" }, "true"),
        Case("Transfer-Encoding: identity", { "\($0.isChunked)" }, "false"),
        Case("Content-Encoding: GZIP", { $0.contentEncoding }, "gzip"),
        Case("Content-Type: text/plain; charset=UTF-8", { $0.contentType }, "text/plain; charset=UTF-8"),
        Case("Upgrade: WebSocket", { "\($0.upgradesToWebSocket)" }, "true"),
        Case("Upgrade: h2c", { "\($0.upgradesToWebSocket)" }, "false"),
        Case("Connection: keep-alive\r\nConnection: Upgrade", { $0.connection }, "keep-alive, Upgrade"),
        Case(
            "Sec-WebSocket-Extensions: foo\r\nSec-WebSocket-Extensions: permessage-deflate;\r\n client_no_context_takeover",
            { $0.extensions }, "foo, permessage-deflate; client_no_context_takeover"),
        Case("Origin: http://a", { $0.origin }, "http://a"),
        Case("Access-Control-Allow-Origin: *", { $0.allowOrigin }, "*"),
        Case("Server: nginx", { $0.server }, "nginx"),
        Case("Cookie: io=abc", { $0.cookie }, "io=abc"),
        Case("X-Forwarded-For: 1.2.3.4 , 5.6.7.8", { $0.forwardedFor }, "1.2.3.4"),
        Case(
            "Forwarded: proto=http;for=\"[2001:db8::1]:4711\", for=1.2.3.4", { $0.forwardedFor }, "[2001:db8::1]:4711"),
        Case("Forwarded: for=1.1.1.1\r\nX-Forwarded-For: 2.2.2.2", { $0.forwardedFor }, "2.2.2.2"),
        Case("Forwarded: by=1.1.1.1", { $0.forwardedFor }, nil),
    ]

    @Test("reads fields", arguments: cases)
    func fields(_ head: Case) throws {
        for start in ["GET /a HTTP/1.1", "HTTP/1.1 200 OK"] {
            for end in ["\r\n\r\n", "\n\n"] {
                let bytes = Array("\(start)\r\n\(head.fields)\(end)".utf8)
                let parsed = HTTPHead(bytes.span)
                let whole = try #require(parsed)
                #expect(head.property(whole) == head.expected)
                #expect(whole.headBytes == bytes.count)
            }
        }
    }

    struct Body: CustomTestStringConvertible, Sendable {
        let name: String
        let bytes: [UInt8]
        let encoding: String?
        var limit = 1 << 20
        /// Nil where the body stays as it is.
        var expected: [UInt8]?
        var failure: HTTPBodyDecoder.Failure?
        var testDescription: String { self.name }
    }

    private static let text = Array("0{\"sid\":\"abc\"}".utf8)
    private static let bomb = [UInt8](repeating: 0x61, count: 3 << 20)

    static let bodies: [Body] = [
        Body(name: "no encoding", bytes: text, encoding: nil),
        Body(name: "identity", bytes: text, encoding: "identity"),
        Body(name: "gzip", bytes: Deflater.whole(text, windowBits: 31), encoding: "gzip", expected: text),
        Body(name: "x-gzip", bytes: Deflater.whole(text, windowBits: 31), encoding: "x-gzip", expected: text),
        Body(
            name: "deflate with zlib's header", bytes: Deflater.whole(text, windowBits: 15), encoding: "deflate",
            expected: text),
        Body(
            name: "deflate with a small window", bytes: Deflater.whole(text, windowBits: 9), encoding: "deflate",
            expected: text),
        Body(
            name: "deflate without a header", bytes: Deflater.whole(text, windowBits: -15), encoding: "deflate",
            expected: text),
        Body(name: "nothing, said to be gzip", bytes: [], encoding: "gzip"),
        Body(
            name: "gzip, cut off", bytes: Deflater.whole(text, windowBits: 31).dropLast(4), encoding: "gzip",
            failure: .cutOff),
        Body(
            name: "text, said to be gzip", bytes: text, encoding: "gzip",
            failure: .inflate(.corrupt("incorrect header check"))),
        Body(
            name: "a bomb", bytes: Deflater.whole(bomb, windowBits: 31), encoding: "gzip",
            failure: .inflate(.tooLarge(limitBytes: 1 << 20))),
        Body(
            name: "a bomb of zlib's", bytes: Deflater.whole(bomb, windowBits: 15), encoding: "deflate",
            failure: .inflate(.tooLarge(limitBytes: 1 << 20))),
        Body(name: "brotli", bytes: text, encoding: "br", failure: .unsupported("br")),
    ]

    @Test("undoes the encoding of a body", arguments: bodies)
    func body(_ body: Body) {
        var output: [UInt8]?
        var failure: HTTPBodyDecoder.Failure?
        do throws(HTTPBodyDecoder.Failure) {
            output = try HTTPBodyDecoder.decode(body.bytes.span, encoding: body.encoding, limit: body.limit)
        } catch {
            failure = error
        }
        #expect(output == body.expected)
        #expect(failure == body.failure)
    }
}
