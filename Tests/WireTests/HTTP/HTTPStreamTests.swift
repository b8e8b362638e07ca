import Testing
import Wire

/// What an HTTP decoder said. Parts of a body are joined, for where they are cut is no matter.
enum HTTPOutput: Equatable, Sendable {
    /// The start line, as it was understood.
    case head(String)
    case body(String)
    case end
    case tunnel(String)
    /// Bytes that were passed over, in all.
    case notHTTP(Int)
}

/// One direction; how bodies are framed is told from the heads alone.
struct HTTPRun {
    private var decoder = HTTPStreamDecoder()
    private var output: [HTTPOutput] = []
    private var skipped = 0

    mutating func take(_ bytes: [UInt8]) {
        var offset = 0
        while true {
            switch self.decoder.next(bytes.span, &offset) {
            case .head(let head):
                self.output.append(.head(Self.text(head)))
                self.decoder.begin(Self.framing(head))
            case .body(let range):
                let text = String(decoding: bytes[range], as: UTF8.self)
                if case .body(let before) = self.output.last {
                    self.output[self.output.count - 1] = .body(before + text)
                } else {
                    self.output.append(.body(text))
                }
            case .end: self.output.append(.end)
            case .tunnel(let range):
                let text = String(decoding: bytes[range], as: UTF8.self)
                if case .tunnel(let before) = self.output.last {
                    self.output[self.output.count - 1] = .tunnel(before + text)
                } else {
                    self.output.append(.tunnel(text))
                }
            case .notHTTP(let count): self.skipped += count
            case .needsMore: return
            }
        }
    }

    mutating func gap(_ count: Int) -> Bool { self.decoder.gap(count) }

    func finish() -> [HTTPOutput] { self.output + (self.skipped > 0 ? [.notHTTP(self.skipped)] : []) }

    private static func text(_ head: HTTPHead) -> String {
        switch head.start {
        case .request(let method, let target): "\(method) \(target)\(head.isHTTP10 ? " 1.0" : "")"
        case .response(let status, let reason): "\(status) \(reason)\(head.isHTTP10 ? " 1.0" : "")"
        }
    }

    private static func framing(_ head: HTTPHead) -> HTTPBodyFraming {
        switch head.start {
        case .response(let status, _):
            if status == 101 { return .tunnel }
            if status == 204 || status == 304 || status / 100 == 1 { return .none }
            if head.isChunked { return .chunked }
            return head.contentLength.map { .length($0) } ?? .untilClose
        case .request:
            if head.isChunked { return .chunked }
            return head.contentLength.map { .length($0) } ?? .none
        }
    }
}

@Suite("HTTP stream")
struct HTTPStreamTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let input: String
        let expected: [HTTPOutput]
        var testDescription: String { self.name }

        init(_ name: String, _ input: String, _ expected: [HTTPOutput]) {
            self.name = name
            self.input = input
            self.expected = expected
        }
    }

    private static let ok: [HTTPOutput] = [.head("200 OK"), .body("ok"), .end]

    static let cases: [Case] = [
        Case("nothing", "", []),
        Case("a request", "GET /socket.io/?EIO=4 HTTP/1.1\r\nHost: a\r\n\r\n", [.head("GET /socket.io/?EIO=4"), .end]),
        Case(
            "requests one after the other, without waiting",
            "POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\n\r\nGET /c HTTP/1.1\r\n\r\n",
            [.head("POST /a"), .body("abc"), .end, .head("GET /b"), .end, .head("GET /c"), .end]),
        Case(
            "answers on a connection that stays",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length:2\r\n\r\nok",
            ok + [.head("204 No Content"), .end] + ok),
        Case("an empty body", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", [.head("200 OK"), .end]),
        Case(
            "an interim answer",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            [.head("100 Continue"), .end, .head("103 Early Hints"), .end] + ok),
        Case(
            "not modified, with the length it would have",
            "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            [.head("304 Not Modified"), .end] + ok),
        Case(
            "chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\no\r\r\n1\r\nk\r\n0\r\n\r\n",
            [.head("200 OK"), .body("o\rk"), .end]),
        Case(
            "chunks with extensions and trailers, of any case",
            "HTTP/1.1 200 OK\r\nTRANSFER-ENCODING: gzip, Chunked\r\nContent-Length: 7\r\n\r\n00A;name=\"v\"\r\n0123456789\r\na \r\nabcdefghij\r\n"
                + "0;last\r\nExpires: never\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            [.head("200 OK"), .body("0123456789abcdefghij"), .end] + ok),
        Case(
            "chunks of a request",
            "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET /b HTTP/1.1\r\n\r\n",
            [.head("POST /a"), .body("abc"), .end, .head("GET /b"), .end]),
        Case(
            "a chunk size that is none", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nabc",
            [.head("200 OK"), .notHTTP(6)]),
        Case(
            "a negative chunk size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nabc",
            [.head("200 OK"), .notHTTP(5)]),
        Case(
            "a chunk size beyond 64 bits",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabc",
            [.head("200 OK"), .notHTTP(19)]),
        Case(
            "a chunk that is longer than its size",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabcd\r\n0\r\n\r\n",
            [.head("200 OK"), .body("ab"), .notHTTP(7)]),
        Case(
            "until the connection closes", "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n",
            [.head("200 OK"), .body("HTTP/1.1 200 OK\r\n")]),
        Case(
            "bare line feeds", "GET /a HTTP/1.1\nContent-Length: 2\n\nabGET /b HTTP/1.1\r\nA: b\n\r\n",
            [.head("GET /a"), .body("ab"), .end, .head("GET /b"), .end]),
        Case("empty lines before a request", "\r\n\r\n\nGET /a HTTP/1.1\r\n\r\n", [.head("GET /a"), .end]),
        Case("HTTP/1.0", "GET /a HTTP/1.0\r\n\r\n", [.head("GET /a 1.0"), .end]),
        Case("an answer of HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nall", [.head("200 OK 1.0"), .body("all")]),
        Case(
            "an answer without a reason", "HTTP/1.1 204\r\n\r\nHTTP/1.1 204 \r\n\r\n",
            [.head("204 "), .end, .head("204 "), .end]),
        Case(
            "the switch to another protocol",
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\u{01}2GET / HTTP/1.1\r\n\r\n",
            [.head("101 Switching Protocols"), .tunnel("\u{01}2GET / HTTP/1.1\r\n\r\n")]),
        Case(
            "targets of every form",
            "GET http://a/b HTTP/1.1\r\n\r\nOPTIONS * HTTP/1.1\r\n\r\nCONNECT a:443 HTTP/1.1\r\n\r\nGET /a b HTTP/1.1\r\n\r\n",
            [
                .head("GET http://a/b"), .end, .head("OPTIONS *"), .end, .head("CONNECT a:443"), .end,
                .head("GET /a b"), .end,
            ]),
        Case("garbage", "\u{16}\u{03}\u{01}garbage", [.notHTTP(10)]),
        Case("capital letters", "SSH-2.0-OpenSSH_9.6\r\nand more", [.notHTTP(29)]),
        Case("a word that is no method", "QUITTINGTIMEISNEVERNOW and more", [.notHTTP(31)]),
        Case("a request line that is none", "GET /a\r\nHost: a\r\n\r\n", [.notHTTP(19)]),
        Case("another version", "GET /a HTTP/2.0\r\n\r\nabc", [.notHTTP(22)]),
        Case("a status that is no number", "HTTP/1.1 2x0 OK\r\n\r\n", [.notHTTP(19)]),
        Case("half a head", "GET /a HTTP/1.1\r\nHost: a\r\n", []),
        Case(
            "a length that is none",
            "GET /a HTTP/1.1\r\nContent-Length: -5\r\n\r\nGET /b HTTP/1.1\r\nContent-Length: x\r\n\r\n",
            [.head("GET /a"), .end, .head("GET /b"), .end]),
        Case(
            "a length beyond every body", "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\nabc",
            [.head("200 OK"), .body("abc")]),
    ]

    @Test("at any cuts", arguments: cases)
    func stream(_ streamCase: Case) {
        let output = ChunkVerifier.verify(Array(streamCase.input.utf8)) { chunks in
            var run = HTTPRun()
            for chunk in chunks { run.take(chunk) }
            return run.finish()
        }
        #expect(output == streamCase.expected)
    }

    @Test("a head may be large, and not larger than the limit", arguments: [0, 1])
    func largeHead(_ over: Int) {
        let start = "GET /a HTTP/1.1\r\nCookie: "
        let filler = HTTPStreamDecoder.headLimitBytes - start.utf8.count - 4 + over
        let head = Array((start + String(repeating: "a", count: filler) + "\r\n\r\n").utf8)
        for size in [head.count, 1448] {
            var run = HTTPRun()
            for from in stride(from: 0, to: head.count, by: size) {
                run.take(Array(head[from..<min(from + size, head.count)]))
            }
            #expect(run.finish() == (over == 0 ? [.head("GET /a"), .end] : [.notHTTP(head.count)]))
        }
    }

    struct GapCase: CustomTestStringConvertible, Sendable {
        let name: String
        let before: String
        let count: Int
        let goesOn: Bool
        let after: [String]
        let expected: [HTTPOutput]
        var testDescription: String { self.name }
    }

    static let gaps: [GapCase] = [
        GapCase(
            name: "inside a body of known length", before: "POST /a HTTP/1.1\r\nContent-Length: 9\r\n\r\nab", count: 5,
            goesOn: true,
            after: ["hiGET /b HTTP/1.1\r\n\r\n"],
            expected: [.head("POST /a"), .body("abhi"), .end, .head("GET /b"), .end]),
        GapCase(
            name: "the rest of a body", before: "POST /a HTTP/1.1\r\nContent-Length: 9\r\n\r\nab", count: 7,
            goesOn: true,
            after: ["GET /b HTTP/1.1\r\n\r\n"], expected: [.head("POST /a"), .body("ab"), .end, .head("GET /b"), .end]),
        GapCase(
            name: "beyond a body", before: "POST /a HTTP/1.1\r\nContent-Length: 9\r\n\r\nab", count: 8, goesOn: false,
            after: ["ET /b HTTP/1.1\r\n\r\n", "GET /c HTTP/1.1\r\n\r\n"],
            expected: [.head("POST /a"), .body("ab"), .head("GET /c"), .end, .notHTTP(18)]),
        GapCase(
            name: "inside a chunk", before: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nab", count: 5,
            goesOn: true,
            after: ["hi\r\n0\r\n\r\n"], expected: [.head("200 OK"), .body("abhi"), .end]),
        GapCase(
            name: "beyond a chunk", before: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nab", count: 8,
            goesOn: false,
            after: ["\n0\r\n\r\n", "HTTP/1.1 204 \r\n\r\n"],
            expected: [.head("200 OK"), .body("ab"), .head("204 "), .end, .notHTTP(6)]),
        GapCase(
            name: "in a chunk size", before: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1", count: 1,
            goesOn: false,
            after: ["HTTP/1.1 204 \r\n\r\n"], expected: [.head("200 OK"), .head("204 "), .end]),
        GapCase(
            name: "in a body until close", before: "HTTP/1.1 200 OK\r\n\r\nab", count: 100, goesOn: true, after: ["cd"],
            expected: [.head("200 OK"), .body("abcd")]),
        GapCase(
            name: "in a tunnel", before: "HTTP/1.1 101 Switching Protocols\r\n\r\nab", count: 100, goesOn: true,
            after: ["cd"],
            expected: [.head("101 Switching Protocols"), .tunnel("abcd")]),
        GapCase(
            name: "in a head", before: "GET /a HTTP/1.1\r\nHo", count: 100, goesOn: false,
            after: ["st: a\r\n\r\n", "GET /b HTTP/1.1\r\n\r\n"], expected: [.head("GET /b"), .end, .notHTTP(9)]),
        GapCase(
            name: "between messages", before: "GET /a HTTP/1.1\r\n\r\n", count: 100, goesOn: false,
            after: ["of something", "GET /b HTTP/1.1\r\n\r\n"],
            expected: [.head("GET /a"), .end, .head("GET /b"), .end, .notHTTP(12)]),
    ]

    @Test("around a gap", arguments: gaps)
    func gap(_ gapCase: GapCase) {
        var run = HTTPRun()
        run.take(Array(gapCase.before.utf8))
        #expect(run.gap(gapCase.count) == gapCase.goesOn)
        for after in gapCase.after { run.take(Array(after.utf8)) }
        #expect(run.finish() == gapCase.expected)
    }

    struct Look: CustomTestStringConvertible, Sendable {
        let text: String
        let looks: Bool
        let mayBe: Bool
        var testDescription: String { self.text.debugDescription }

        init(_ text: String, _ looks: Bool, _ mayBe: Bool) {
            self.text = text
            self.looks = looks
            self.mayBe = mayBe
        }
    }

    @Test(
        "knows HTTP by its first bytes",
        arguments: [
            Look("G", false, true), Look("GET", false, true), Look("GET ", false, true), Look("GET /", true, true),
            Look("GET h", false, true), Look("GET HTT", false, true), Look("GET http", true, true),
            Look("GET x", false, false),
            Look("GE /", false, false), Look("H", false, true), Look("HTTP", false, true), Look("HTTP/", false, true),
            Look("HTTP/1", false, true), Look("HTTP/1.", true, true), Look("HTTP/2", false, false),
            Look("HTTX/1", false, false),
            Look("CONNECT", false, true), Look("CONNECT a", true, true), Look("OPTIONS *", true, true),
            Look("get /", false, false),
            Look("SSH-2.0", false, false), Look("VERSION-CONTROL /", false, false), Look("\u{16}\u{03}", false, false),
        ])
    func looks(_ look: Look) {
        let bytes = Array(look.text.utf8)
        let (looks, mayBe) = (HTTPStreamDecoder.looksLikeHTTP(bytes.span), HTTPStreamDecoder.mayBeHTTP(bytes.span))
        #expect(looks == look.looks)
        #expect(mayBe == look.mayBe)
    }
}
