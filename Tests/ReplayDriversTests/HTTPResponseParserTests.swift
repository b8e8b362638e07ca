import NIOCore
import Replay
import ReplayHTTP
import Testing

@Suite("Answers of a server")
struct HTTPResponseParserTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let wire: String
        /// Status, body and whether the connection stays, of each.
        var answers: [String] = []
        var error: String?
        var testDescription: String { self.name }
    }

    static let cases = [
        Case(name: "a length", wire: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", answers: ["200 ab true"]),
        Case(
            name: "two", wire: "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 204 No Content\r\n\r\n",
            answers: ["200 a true", "204  true"]),
        Case(
            name: "chunks",
            wire: "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\nab\r\nA\r\n0123456789\r\n0\r\n\r\n",
            answers: ["200 ab0123456789 true"]),
        Case(
            name: "closes", wire: "HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n",
            answers: ["200  false"]),
        Case(name: "HTTP/1.0", wire: "HTTP/1.0 200 OK\nContent-Length: 1\n\nx", answers: ["200 x false"]),
        Case(name: "bytes without a phrase", wire: "HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n", answers: ["404  true"]),
        Case(
            name: "an interim answer",
            wire: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            answers: ["200  true"]),
        Case(
            name: "not modified", wire: "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", answers: ["304  true"]
        ),
        Case(name: "a WebSocket", wire: "HTTP/1.1 101 Switching\r\n\r\n", answers: ["101  true"]),
        Case(name: "no HTTP", wire: "SSH-2.0-x\r\n\r\n", error: "no status line"),
        Case(name: "a status of four digits", wire: "HTTP/1.1 2000 OK\r\n\r\n", error: "no status line"),
        Case(
            name: "a length that is none", wire: "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            error: "Content-Length"),
        Case(
            name: "a length beyond all", wire: "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
            error: "Content-Length"),
        Case(name: "too much", wire: "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n", error: "more than 100"),
        Case(
            name: "too much in chunks", wire: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
            error: "more than 100"),
        Case(
            name: "a chunk size with a sign",
            wire: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n", error: "the chunk size"),
        Case(
            name: "a chunk too long", wire: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
            error: "a chunk that"),
        Case(
            name: "another coding", wire: "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
            error: "transfer coding"),
        Case(name: "a line without a name", wire: "HTTP/1.1 200 OK\r\n: x\r\n\r\n", error: "without a name"),
    ]

    @Test("are read, whole and byte by byte", arguments: cases, [false, true])
    func read(_ test: Case, _ isCut: Bool) {
        var parser = HTTPResponseParser(bodyLimit: 100)
        var answers: [String] = []
        var error: String?
        let pieces = isCut ? test.wire.utf8.map { [$0] } : [Array(test.wire.utf8)]
        do throws(HTTPResponseError) {
            for piece in pieces {
                parser.feed(ByteBuffer(bytes: piece))
                while let next = try parser.next() {
                    let body = String(decoding: next.response.body, as: UTF8.self)
                    answers.append("\(next.response.status) \(body) \(next.keepsAlive)")
                }
            }
        } catch let failure {
            error = failure.reason
        }
        #expect(answers == test.answers)
        #expect(error.map { $0.contains(test.error ?? "nothing") } ?? (test.error == nil), "\(error ?? "no error")")
    }

    @Test("one without a length is whole at the end")
    func untilEnd() throws {
        var parser = HTTPResponseParser(bodyLimit: 100)
        parser.feed(ByteBuffer(string: "HTTP/1.1 200 OK\r\n\r\nab"))
        #expect(try parser.next() == nil)
        #expect(parser.end()?.response.body == Array("ab".utf8))
        #expect(parser.end() == nil)
    }
}
