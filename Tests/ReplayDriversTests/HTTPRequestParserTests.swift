import NIOCore
import Replay
import ReplayHTTP
import Testing

struct RequestCase: CustomTestStringConvertible, Sendable {
    let name: String
    let wire: String
    /// `METHOD target body` of each request; the last one is `error STATUS` where it ends so.
    let expected: [String]
    var testDescription: String { self.name }

    static let all: [RequestCase] = [
        RequestCase(name: "a GET", wire: "GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n", expected: ["GET /a?b=c "]),
        RequestCase(
            name: "two in a row, an empty line before the second",
            wire: "GET /1 HTTP/1.1\r\n\r\n\r\nPOST /2 HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
            expected: ["GET /1 ", "POST /2 abc"]),
        RequestCase(
            name: "chunks with an extension and a trailer",
            wire:
                "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX: y\r\n\r\nGET /2 HTTP/1.1\r\n\r\n",
            expected: ["POST / abcde", "GET /2 "]),
        RequestCase(name: "bare line feeds", wire: "GET / HTTP/1.1\nHost: x\n\n", expected: ["GET / "]),
        RequestCase(name: "no HTTP", wire: "hello there\r\n\r\n", expected: ["error 400"]),
        RequestCase(name: "HTTP/2", wire: "PRI * HTTP/2.0\r\n\r\n", expected: ["error 400"]),
        RequestCase(
            name: "a length that is none", wire: "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
            expected: ["error 400"]),
        RequestCase(
            name: "a length of many digits",
            wire: "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", expected: ["error 400"]),
        RequestCase(
            name: "a body that is too long", wire: "POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n",
            expected: ["error 413"]),
        RequestCase(
            name: "chunks that are too long together",
            wire: "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3E6\r\n", expected: ["error 413"]),
        RequestCase(
            name: "a chunk size that is none",
            wire: "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n", expected: ["error 400"]),
        RequestCase(
            name: "a chunk without its end",
            wire: "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcde\r\n", expected: ["error 400"]),
        RequestCase(
            name: "a coding that is not known", wire: "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
            expected: ["error 501"]),
        RequestCase(name: "a header without a name", wire: "GET / HTTP/1.1\r\n: x\r\n\r\n", expected: ["error 400"]),
        RequestCase(
            name: "a head without end", wire: "GET / HTTP/1.1\r\nX: " + String(repeating: "y", count: 70_000),
            expected: ["error 431"]),
    ]
}

@Suite("Requests out of bytes")
struct HTTPRequestParserTests {
    @Test("whole and cut anywhere", arguments: RequestCase.all)
    func parses(_ item: RequestCase) {
        #expect(Self.parse(item.wire, pieces: item.wire.utf8.count) == item.expected)
        // Byte by byte only what is short: the parser looks at the whole head each time.
        let piece = item.wire.utf8.count > 1_000 ? 4_096 : 1
        #expect(Self.parse(item.wire, pieces: piece) == item.expected)
    }

    private static func parse(_ wire: String, pieces: Int) -> [String] {
        let parser = HTTPRequestParser(bodyLimit: 1_000)
        var found: [String] = []
        let bytes = Array(wire.utf8)
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            parser.feed(ByteBuffer(bytes: bytes[start..<min(start + pieces, bytes.count)]))
            do throws(HTTPRequestError) {
                while let incoming = try parser.next() {
                    let request = incoming.request
                    found.append("\(request.method) \(request.target) \(String(decoding: request.body, as: UTF8.self))")
                }
            } catch {
                return found + ["error \(error.status)"]
            }
        }
        return found
    }

    @Test(
        "what keeps a connection",
        arguments: [
            ("GET / HTTP/1.1\r\n\r\n", true), ("GET / HTTP/1.1\r\nConnection: close\r\n\r\n", false),
            ("GET / HTTP/1.0\r\n\r\n", false), ("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true),
        ])
    func keepsAlive(_ wire: String, _ expected: Bool) throws {
        let parser = HTTPRequestParser(bodyLimit: 10)
        parser.feed(ByteBuffer(string: wire))
        #expect(try parser.next()?.keepsAlive == expected)
    }

    @Test("header names in any case, values without the blanks around them")
    func headers() throws {
        let parser = HTTPRequestParser(bodyLimit: 10)
        parser.feed(ByteBuffer(string: "GET / HTTP/1.1\r\nX-Some:\t a b \r\nempty:\r\n\r\nrest"))
        let request = try #require(try parser.next()?.request)
        #expect(request.header("x-some") == "a b")
        #expect(request.header("Empty") == "")
        #expect(String(buffer: parser.takeRest()) == "rest")
    }

    @Test("asks for the body once where the client waits to be asked")
    func expectContinue() throws {
        let parser = HTTPRequestParser(bodyLimit: 10)
        parser.feed(ByteBuffer(string: "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"))
        #expect(try parser.next() == nil)
        #expect(parser.takeContinue())
        #expect(!parser.takeContinue())
        parser.feed(ByteBuffer(string: "ab"))
        #expect(try parser.next()?.request.body == Array("ab".utf8))
    }
}
