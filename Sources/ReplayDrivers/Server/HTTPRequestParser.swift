import NIOCore
import Replay

/// Why a client's bytes are no request that can be answered with anything but a refusal.
struct HTTPRequestError: Error, Hashable {
    var status: Int
    var reason: String
}

/// Cuts HTTP/1.1 requests out of a client's bytes. Source: RFC 9112, sections 2 to 7.
///
/// Memory: a head of at most 64 KiB, a body of at most `bodyLimit`. A class, so that bytes which wait are never copied.
final class HTTPRequestParser {
    struct Incoming: Hashable {
        var request: HTTPRequest
        /// The connection serves further requests.
        var keepsAlive: Bool
    }

    static let headLimit = 64 << 10

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

    init(bodyLimit: Int) {
        self.bodyLimit = bodyLimit
    }

    func feed(_ more: ByteBuffer) {
        if self.bytes.readableBytes == 0 { self.bytes = more } else { self.bytes.writeImmutableBuffer(more) }
    }

    var waitingBytes: Int { self.bytes.readableBytes }

    /// What follows the request that was taken last: bytes of another protocol.
    func takeRest() -> ByteBuffer {
        defer { self.bytes = ByteBuffer() }
        return self.bytes
    }

    /// True once for each request with `Expect: 100-continue` whose body is not here yet.
    func takeContinue() -> Bool {
        defer { self.asksToContinue = false }
        return self.asksToContinue
    }

    /// The next request that is whole; nil where more bytes are needed.
    func next() throws(HTTPRequestError) -> Incoming? {
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
            guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let count = Int(text) else {
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
        let view = self.bytes.readableBytesView
        guard let end = view.prefix(Self.headLimit).firstIndex(of: 10) else {
            guard view.count < Self.headLimit else { throw HTTPRequestError(status: 431, reason: "a line too long") }
            return nil
        }
        let line = view[view.startIndex..<end]
        let text = String(decoding: line.last == 13 ? line.dropLast() : line, as: UTF8.self)
        self.bytes.moveReaderIndex(forwardBy: line.count + 1)
        return text
    }

    /// Consumes the size line only where the chunk behind it is whole, too.
    private func takeChunkSize(_ before: Int) throws(HTTPRequestError) -> Int? {
        let begin = self.bytes.readerIndex
        guard let line = try self.takeLine() else { return nil }
        let digits = line.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }
        guard !digits.isEmpty, digits.utf8.count <= 8, digits.first != "+", let size = Int(digits, radix: 16) else {
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
        guard let length = self.headLength() else {
            guard self.bytes.readableBytes < Self.headLimit else {
                throw HTTPRequestError(status: 431, reason: "a head of more than \(Self.headLimit) bytes")
            }
            return nil
        }
        let head = self.bytes.readBytes(length: length) ?? []
        var lines = head.split(separator: 10, omittingEmptySubsequences: false).map { line in
            String(decoding: line.last == 13 ? line.dropLast() : line, as: UTF8.self)
        }[...]
        // Empty lines before a request are passed over. Source: RFC 9112, section 2.2.
        lines = lines.drop(while: \.isEmpty)
        let start = (lines.popFirst() ?? "").split(separator: " ", omittingEmptySubsequences: false)
        guard start.count == 3, !start[0].isEmpty, !start[1].isEmpty, start[2] == "HTTP/1.1" || start[2] == "HTTP/1.0"
        else { throw HTTPRequestError(status: 400, reason: "no request line of HTTP/1.1") }
        var fields: [HTTPField] = []
        for line in lines where !line.isEmpty {
            guard let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")), colon != line.startIndex else {
                throw HTTPRequestError(status: 400, reason: "a header line without a name")
            }
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            let end = value.lastIndex { $0 != " " && $0 != "\t" }
            fields.append(HTTPField(String(line[..<colon]), end.map { String(value[...$0]) } ?? ""))
        }
        let request = HTTPRequest(method: String(start[0]), target: String(start[1]), headers: fields)
        let connection = (request.header("Connection") ?? "").lowercased()
        return Incoming(
            request: request,
            keepsAlive: start[2] == "HTTP/1.1" ? !connection.contains("close") : connection.contains("keep-alive"))
    }

    /// Up to and with the empty line; nil where that is not here yet.
    private func headLength() -> Int? {
        let view = self.bytes.readableBytesView.prefix(Self.headLimit)
        var isLineEmpty = true
        var hasLine = false
        for (offset, byte) in view.enumerated() {
            switch byte {
            case 10:
                if isLineEmpty, hasLine { return offset + 1 }
                isLineEmpty = true
            case 13: break
            default:
                isLineEmpty = false
                hasLine = true
            }
        }
        return nil
    }
}
