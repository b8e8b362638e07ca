package import NIOCore
package import Replay

/// Why a client's bytes are no request that can be answered with anything but a refusal.
package struct HTTPRequestError: Error, Hashable {
    package var status: Int
    package var reason: String
}

/// Cuts HTTP/1.1 requests out of a client's bytes. Source: RFC 9112, sections 2 to 7.
///
/// Memory: a head of at most 64 KiB, a body of at most `bodyLimit`. A class, so that bytes which wait are never copied.
package final class HTTPRequestParser {
    package struct Incoming: Hashable {
        package var request: HTTPRequest
        /// The connection serves further requests.
        package var keepsAlive: Bool
    }

    private enum State {
        case head
        case body(Incoming, bytes: Int)
        case chunks(Incoming)
        case trailer(Incoming)
    }

    private let bodyLimit: Int
    private var state = State.head
    private var bytes = ByteBuffer()
    /// The head asks to be told before the body is sent.
    private var asksToContinue = false

    package init(bodyLimit: Int) {
        self.bodyLimit = bodyLimit
    }

    package func feed(_ more: ByteBuffer) {
        if self.bytes.readableBytes == 0 { self.bytes = more } else { self.bytes.writeImmutableBuffer(more) }
    }

    package var waitingBytes: Int { self.bytes.readableBytes }

    /// What follows the request that was taken last: bytes of another protocol.
    package func takeRest() -> ByteBuffer {
        defer { self.bytes = ByteBuffer() }
        return self.bytes
    }

    /// True once for each request with `Expect: 100-continue` whose body is not here yet.
    package func takeContinue() -> Bool {
        defer { self.asksToContinue = false }
        return self.asksToContinue
    }

    /// The next request that is whole; nil where more bytes are needed.
    package func next() throws(HTTPRequestError) -> Incoming? {
        while true {
            switch self.state {
            case .head:
                guard let head = try self.takeHead() else { return nil }
                guard try self.enter(head) else { return head }
            case .body(var incoming, let count):
                guard let body = self.bytes.readBytes(length: count) else { return nil }
                incoming.request.body = body
                return self.done(incoming)
            case .chunks(var incoming):
                guard let size = try self.takeChunkSize(incoming.request.body.count) else { return nil }
                if size == 0 {
                    self.state = .trailer(incoming)
                    continue
                }
                guard let data = self.bytes.readBytes(length: size), self.bytes.readBytes(length: 2) == [13, 10]
                else { throw HTTPRequestError(status: 400, reason: "a chunk that does not end where it says") }
                incoming.request.body += data
                self.state = .chunks(incoming)
            case .trailer(let incoming):
                guard let line = try self.takeLine() else { return nil }
                if line.isEmpty { return self.done(incoming) }
            }
        }
    }

    private func done(_ incoming: Incoming) -> Incoming {
        self.state = .head
        self.asksToContinue = false
        self.bytes.discardReadBytes()
        return incoming
    }

    /// False where the request has no body.
    private func enter(_ head: Incoming) throws(HTTPRequestError) -> Bool {
        let request = head.request
        if let coding = request.header("Transfer-Encoding") {
            guard coding.lowercased() == "chunked" else {
                throw HTTPRequestError(status: 501, reason: "the transfer coding '\(coding)'")
            }
            self.state = .chunks(head)
        } else {
            let text = request.header("Content-Length") ?? "0"
            guard let count = HTTPSyntax.contentLength(text) else {
                throw HTTPRequestError(status: 400, reason: "the Content-Length '\(text.prefix(40))'")
            }
            guard count <= self.bodyLimit else {
                throw HTTPRequestError(status: 413, reason: "a body of more than \(self.bodyLimit) bytes")
            }
            guard count > 0 else { return false }
            self.state = .body(head, bytes: count)
        }
        self.asksToContinue = request.header("Expect")?.lowercased() == "100-continue"
        return true
    }

    // MARK: Lines

    /// Nil where the line is not whole; without its end.
    private func takeLine() throws(HTTPRequestError) -> String? {
        switch HTTPSyntax.takeLine(from: &self.bytes) {
        case .whole(let line): return line
        case .unfinished: return nil
        case .tooLong: throw HTTPRequestError(status: 431, reason: "a line too long")
        }
    }

    /// Consumes the size line only where the chunk behind it is whole, too.
    private func takeChunkSize(_ before: Int) throws(HTTPRequestError) -> Int? {
        let begin = self.bytes.readerIndex
        guard let line = try self.takeLine() else { return nil }
        guard let size = HTTPSyntax.chunkSize(line) else {
            throw HTTPRequestError(status: 400, reason: "the chunk size '\(line.prefix(40))'")
        }
        guard size <= self.bodyLimit - before else {
            throw HTTPRequestError(status: 413, reason: "a body of more than \(self.bodyLimit) bytes")
        }
        if size > 0, self.bytes.readableBytes < size + 2 {
            self.bytes.moveReaderIndex(to: begin)
            return nil
        }
        return size
    }

    private func takeHead() throws(HTTPRequestError) -> Incoming? {
        guard let lines = HTTPSyntax.takeHead(from: &self.bytes) else {
            guard self.bytes.readableBytes < HTTPSyntax.headLimit else {
                throw HTTPRequestError(status: 431, reason: "a head of more than \(HTTPSyntax.headLimit) bytes")
            }
            return nil
        }
        let start = (lines.first ?? "").split(separator: " ", omittingEmptySubsequences: false)
        guard start.count == 3, !start[0].isEmpty, !start[1].isEmpty, start[2] == "HTTP/1.1" || start[2] == "HTTP/1.0"
        else { throw HTTPRequestError(status: 400, reason: "no request line of HTTP/1.1") }
        guard let fields = HTTPSyntax.fields(lines.dropFirst()) else {
            throw HTTPRequestError(status: 400, reason: "a header line without a name")
        }
        let request = HTTPRequest(method: String(start[0]), target: String(start[1]), headers: fields)
        return Incoming(
            request: request, keepsAlive: HTTPSyntax.keepsAlive(start[2], connection: request.header("Connection")))
    }
}
