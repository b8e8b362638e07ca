package import NIOCore
package import Replay

/// Why a server's bytes are no answer.
package struct HTTPResponseError: Error, Hashable {
    package var reason: String

    package init(reason: String) { self.reason = reason }
}

/// Cuts HTTP/1.1 answers out of a server's bytes. Source: RFC 9112, sections 4, 6 and 7.
///
/// Memory: a head of at most 64 KiB, a body of at most `bodyLimit`.
package struct HTTPResponseParser {
    package struct Incoming: Hashable {
        package var response: HTTPResponse
        /// The connection serves further requests.
        package var keepsAlive: Bool
    }

    private enum State {
        case head
        case body(Incoming, bytes: Int)
        case chunkSize(Incoming)
        case chunk(Incoming, bytes: Int)
        case trailer(Incoming)
        case untilClose(Incoming)
    }

    private let bodyLimit: Int
    private var state = State.head
    private var bytes = ByteBuffer()

    package init(bodyLimit: Int) { self.bodyLimit = bodyLimit }

    /// A byte of the answer that is awaited has come.
    package var hasBegun: Bool {
        if case .head = self.state { self.bytes.readableBytes > 0 } else { true }
    }

    package mutating func feed(_ more: ByteBuffer) {
        if self.bytes.readableBytes == 0 { self.bytes = more } else { self.bytes.writeImmutableBuffer(more) }
    }

    /// What follows the answer: bytes of another protocol.
    package mutating func takeRest() -> ByteBuffer {
        defer { self.bytes = ByteBuffer() }
        return self.bytes
    }

    /// The connection ended: an answer that goes on until then is whole.
    package mutating func end() -> Incoming? {
        guard case .untilClose(let incoming) = self.state else { return nil }
        self.state = .head
        return incoming
    }

    /// The next answer that is whole, 101 included; nil where more bytes are needed. Interim answers are passed over.
    package mutating func next() throws(HTTPResponseError) -> Incoming? {
        while true {
            switch self.state {
            case .head:
                guard let head = try self.takeHead() else { return nil }
                guard head.response.status != 101 else { return head }
                // 100 Continue and 103 Early Hints announce the answer. Source: RFC 9110, section 15.2.
                guard head.response.status >= 200 else { continue }
                if let whole = try self.enter(head) { return whole }
            case .body(var incoming, let count):
                guard let body = self.bytes.readBytes(length: count) else { return nil }
                incoming.response.body = body
                return self.done(incoming)
            case .chunkSize(let incoming):
                guard let line = try self.takeLine() else { return nil }
                guard let size = HTTPSyntax.chunkSize(line) else {
                    throw HTTPResponseError(reason: "the chunk size '\(line.prefix(40))'")
                }
                try self.check(incoming.response.body.count + size)
                self.state = size == 0 ? .trailer(incoming) : .chunk(incoming, bytes: size)
            case .chunk(var incoming, let count):
                guard self.bytes.readableBytes >= count + 2, let data = self.bytes.readBytes(length: count) else {
                    return nil
                }
                guard self.bytes.readBytes(length: 2) == [13, 10] else {
                    throw HTTPResponseError(reason: "a chunk that does not end where it says")
                }
                self.state = .head
                incoming.response.body += data
                self.state = .chunkSize(incoming)
            case .trailer(let incoming):
                guard let line = try self.takeLine() else { return nil }
                if line.isEmpty { return self.done(incoming) }
            case .untilClose(var incoming):
                guard self.bytes.readableBytes > 0 else { return nil }
                try self.check(incoming.response.body.count + self.bytes.readableBytes)
                self.state = .head
                incoming.response.body += self.bytes.readBytes(length: self.bytes.readableBytes) ?? []
                self.state = .untilClose(incoming)
            }
        }
    }

    private mutating func done(_ incoming: Incoming) -> Incoming {
        self.state = .head
        self.bytes.discardReadBytes()
        return incoming
    }

    private func check(_ count: Int) throws(HTTPResponseError) {
        guard count <= self.bodyLimit else {
            throw HTTPResponseError(reason: "a body of more than \(self.bodyLimit) bytes")
        }
    }

    /// The answer itself where it has no body.
    private mutating func enter(_ head: Incoming) throws(HTTPResponseError) -> Incoming? {
        let response = head.response
        guard response.status != 204, response.status != 304 else { return self.done(head) }
        if let coding = response.header("Transfer-Encoding") {
            guard coding.lowercased() == "chunked" else {
                throw HTTPResponseError(reason: "the transfer coding '\(coding.prefix(40))'")
            }
            self.state = .chunkSize(head)
            return nil
        }
        guard let text = response.header("Content-Length") else {
            self.state = .untilClose(Incoming(response: response, keepsAlive: false))
            return nil
        }
        guard let count = HTTPSyntax.contentLength(text) else {
            throw HTTPResponseError(reason: "the Content-Length '\(text.prefix(40))'")
        }
        try self.check(count)
        guard count > 0 else { return self.done(head) }
        self.state = .body(head, bytes: count)
        return nil
    }

    // MARK: Lines

    /// Nil where the line is not whole; without its end.
    private mutating func takeLine() throws(HTTPResponseError) -> String? {
        switch HTTPSyntax.takeLine(from: &self.bytes) {
        case .whole(let line): return line
        case .unfinished: return nil
        case .tooLong: throw HTTPResponseError(reason: "a line too long")
        }
    }

    private mutating func takeHead() throws(HTTPResponseError) -> Incoming? {
        guard let lines = HTTPSyntax.takeHead(from: &self.bytes) else {
            guard self.bytes.readableBytes < HTTPSyntax.headLimit else {
                throw HTTPResponseError(reason: "a head of more than \(HTTPSyntax.headLimit) bytes")
            }
            return nil
        }
        let start = (lines.first ?? "").split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard start.count >= 2, start[0] == "HTTP/1.1" || start[0] == "HTTP/1.0", start[1].utf8.count == 3,
            let status = Int(start[1]), status >= 100
        else { throw HTTPResponseError(reason: "no status line of HTTP/1.1: '\((lines.first ?? "").prefix(40))'") }
        guard let fields = HTTPSyntax.fields(lines.dropFirst()) else {
            throw HTTPResponseError(reason: "a header line without a name")
        }
        let response = HTTPResponse(status: status, headers: fields)
        return Incoming(
            response: response,
            keepsAlive: HTTPSyntax.keepsAlive(start[0], connection: response.header("Connection")))
    }
}
