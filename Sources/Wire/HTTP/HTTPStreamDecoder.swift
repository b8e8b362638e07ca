import TimelineModel

/// How the body of a message is delimited. Source: RFC 9112, section 6.3.
public enum HTTPBodyFraming: Hashable, Sendable {
    case none
    case length(Int)
    case chunked
    /// Until the connection closes.
    case untilClose
    /// No HTTP follows: the connection was upgraded, or is a tunnel.
    case tunnel
}

/// Cuts one direction of an HTTP/1.1 connection into heads and bodies.
///
/// A pull decoder: the caller asks for one step after the other, for how an answer's body is framed depends on the
/// request, which only the caller knows. Bodies are handed out as ranges of the input, never copied here. A head is
/// buffered, at most `headLimitBytes`.
public struct HTTPStreamDecoder {
    public static let headLimitBytes = 256 << 10

    public enum Step: Hashable, Sendable {
        /// A head; the caller says how the body is framed, by `begin(_:)`, before it asks again.
        case head(HTTPHead)
        /// A part of the body: a range of the input.
        case body(Range<Int>)
        case end
        /// All of the input is used up.
        case needsMore
        /// No HTTP begins here; the rest of this input was passed over.
        case notHTTP(skipped: Int)
        /// The rest of the input belongs to what the connection was upgraded to.
        case tunnel(Range<Int>)
    }

    private enum State {
        case head
        case body(remaining: Int)
        case untilClose
        case chunkSize
        case chunkData(remaining: Int)
        case chunkEnd
        case trailer
        case tunnel
        /// Bytes are missing: only a start line at the start of a segment is believed again.
        case lost
    }

    private var state = State.head
    private var buffer: [UInt8] = []
    /// Where in `buffer` the search for the end of the head goes on.
    private var searched = 0

    public init() {}

    public var isInBody: Bool {
        switch self.state {
        case .head, .lost, .tunnel: false
        case .body, .untilClose, .chunkSize, .chunkData, .chunkEnd, .trailer: true
        }
    }

    /// The body goes on until the connection ends, which is what completes it.
    public var isUntilClose: Bool {
        if case .untilClose = self.state { true } else { false }
    }

    /// It is not known where a message begins.
    public var isLost: Bool {
        if case .lost = self.state { true } else { false }
    }

    /// What is here of a head that goes on behind the input.
    public var heldHeadBytes: Int {
        if case .head = self.state { self.buffer.count } else { 0 }
    }

    /// Whether `bytes` begin like an HTTP/1 message.
    public static func looksLikeHTTP(_ bytes: Span<UInt8>) -> Bool {
        if bytes.has("HTTP/1.", at: 0) { return true }
        // A method in capitals, a space, and a target that begins as targets do.
        var offset = 0
        while offset < bytes.count, offset < 16, bytes[offset] >= 0x41, bytes[offset] <= 0x5A { offset += 1 }
        guard offset >= 3, offset + 1 < bytes.count, bytes[offset] == 0x20 else { return false }
        let first = bytes[offset + 1]
        return first == UInt8(ascii: "/") || first == UInt8(ascii: "*")
            || bytes.hasCaseInsensitive("http", at: offset + 1)
            || bytes.has("CONNECT ", at: 0)
    }

    /// Whether `bytes` begin like an HTTP/1 message, or may do so once more of them are there.
    public static func mayBeHTTP(_ bytes: Span<UInt8>) -> Bool {
        if self.looksLikeHTTP(bytes) { return true }
        var offset = 0
        while offset < bytes.count, bytes[offset] >= 0x41, bytes[offset] <= 0x5A { offset += 1 }
        if offset == bytes.count { return offset <= 16 }
        // Less than "HTTP/1.", or a method and less than a scheme.
        if bytes.count < 7, bytes.has("HTTP/", at: 0) { return bytes.count == 5 || bytes[5] == UInt8(ascii: "1") }
        guard offset >= 3, offset <= 16, bytes[offset] == 0x20 else { return false }
        let target = bytes.array(offset + 1..<bytes.count).map { $0 | 0x20 }
        return target.count < 4 && "http".utf8.starts(with: target)
    }

    /// Sets how the body behind the head just given is framed.
    public mutating func begin(_ framing: HTTPBodyFraming) {
        switch framing {
        case .none: self.state = .body(remaining: 0)
        case .length(let count): self.state = .body(remaining: count)
        case .chunked: self.state = .chunkSize
        case .untilClose: self.state = .untilClose
        case .tunnel: self.state = .tunnel
        }
    }

    /// Bytes are missing. Answers whether the message goes on behind them: they lay inside a body of known length.
    public mutating func gap(_ count: Int) -> Bool {
        switch self.state {
        case .body(let remaining) where count <= remaining:
            self.state = .body(remaining: remaining - count)
            return true
        case .chunkData(let remaining) where count <= remaining:
            self.state = .chunkData(remaining: remaining - count)
            return true
        case .untilClose, .tunnel:
            return true
        default:
            self.state = .lost
            self.buffer.removeAll()
            self.searched = 0
            return false
        }
    }

    /// The next step at `offset`, which moves on.
    public mutating func next(_ bytes: Span<UInt8>, _ offset: inout Int) -> Step {
        while true {
            switch self.state {
            case .tunnel:
                guard offset < bytes.count else { return .needsMore }
                defer { offset = bytes.count }
                return .tunnel(offset..<bytes.count)
            case .lost:
                guard offset < bytes.count else { return .needsMore }
                guard offset == 0, Self.looksLikeHTTP(bytes) else {
                    defer { offset = bytes.count }
                    return .notHTTP(skipped: bytes.count - offset)
                }
                self.state = .head
            case .head:
                return self.nextHead(bytes, &offset)
            case .body(let remaining):
                if remaining == 0 {
                    self.state = .head
                    return .end
                }
                guard offset < bytes.count else { return .needsMore }
                let taken = min(remaining, bytes.count - offset)
                self.state = .body(remaining: remaining - taken)
                offset += taken
                return .body(offset - taken..<offset)
            case .untilClose:
                guard offset < bytes.count else { return .needsMore }
                defer { offset = bytes.count }
                return .body(offset..<bytes.count)
            case .chunkData(let remaining):
                if remaining == 0 {
                    self.state = .chunkEnd
                    continue
                }
                guard offset < bytes.count else { return .needsMore }
                let taken = min(remaining, bytes.count - offset)
                self.state = .chunkData(remaining: remaining - taken)
                offset += taken
                return .body(offset - taken..<offset)
            case .chunkSize, .chunkEnd, .trailer:
                guard self.takeLine(bytes, &offset) else { return .needsMore }
                if let step = self.endLine(skipped: bytes.count - offset) {
                    if case .notHTTP = step { offset = bytes.count }
                    return step
                }
            }
        }
    }

    /// Collects a line of the chunked framing in `buffer`; false where it goes on behind the input.
    private mutating func takeLine(_ bytes: Span<UInt8>, _ offset: inout Int) -> Bool {
        while offset < bytes.count {
            let byte = bytes[offset]
            offset += 1
            if byte == 0x0A { return true }
            // Chunk extensions are of no use; of a line only its beginning is kept.
            if byte != 0x0D, self.buffer.count < 64 { self.buffer.append(byte) }
        }
        return false
    }

    private mutating func endLine(skipped: Int) -> Step? {
        let line = self.buffer
        self.buffer.removeAll(keepingCapacity: true)
        switch self.state {
        case .chunkSize:
            let digits = line.prefix { $0 != UInt8(ascii: ";") && $0 != 0x20 }
            guard !digits.isEmpty, digits.count <= 15,
                let size = Int(String(decoding: digits, as: UTF8.self), radix: 16),
                size >= 0
            else {
                self.state = .lost
                return .notHTTP(skipped: skipped + line.count)
            }
            self.state = size == 0 ? .trailer : .chunkData(remaining: size)
        case .chunkEnd:
            guard line.isEmpty else {
                self.state = .lost
                return .notHTTP(skipped: skipped + line.count)
            }
            self.state = .chunkSize
        default:
            if line.isEmpty {
                self.state = .head
                return .end
            }
        }
        return nil
    }

    private mutating func nextHead(_ bytes: Span<UInt8>, _ offset: inout Int) -> Step {
        if self.buffer.isEmpty {
            // Empty lines before a start line are allowed, RFC 9112 section 2.2.
            while offset < bytes.count, bytes[offset] == 0x0D || bytes[offset] == 0x0A { offset += 1 }
            guard offset < bytes.count else { return .needsMore }
            if let end = Self.endOfHead(bytes, from: offset) {
                guard let head = Self.head(bytes.extracting(offset..<end)) else { return self.refuse(bytes, &offset) }
                offset = end
                return .head(head)
            }
            guard Self.mayBeHTTP(bytes.extracting(offset..<bytes.count)) else { return self.refuse(bytes, &offset) }
        }
        // The head goes on in the next input, or began in an earlier one.
        let from = offset
        bytes.extracting(from..<bytes.count).withUnsafeBufferPointer { self.buffer.append(contentsOf: $0) }
        offset = bytes.count
        guard let end = Self.endOfHead(self.buffer.span, from: max(0, self.searched - 3)) else {
            self.searched = self.buffer.count
            if self.buffer.count > Self.headLimitBytes || !Self.mayBeHTTP(self.buffer.span) {
                return self.refuse(bytes, &offset)
            }
            return .needsMore
        }
        guard let head = Self.head(self.buffer.span.extracting(0..<end)) else { return self.refuse(bytes, &offset) }
        offset = bytes.count - (self.buffer.count - end)
        self.buffer.removeAll()
        self.searched = 0
        return .head(head)
    }

    private mutating func refuse(_ bytes: Span<UInt8>, _ offset: inout Int) -> Step {
        let skipped = bytes.count - offset + self.buffer.count
        self.buffer.removeAll()
        self.searched = 0
        self.state = .lost
        offset = bytes.count
        return .notHTTP(skipped: skipped)
    }

    /// A head that has come whole, held to what one that comes in pieces is held to.
    private static func head(_ bytes: Span<UInt8>) -> HTTPHead? {
        guard bytes.count <= self.headLimitBytes, self.looksLikeHTTP(bytes) else { return nil }
        return HTTPHead(bytes)
    }

    /// The offset behind the empty line that ends a head.
    private static func endOfHead(_ bytes: Span<UInt8>, from start: Int) -> Int? {
        var offset = start
        while offset < bytes.count {
            if bytes[offset] == 0x0A {
                if offset + 1 < bytes.count, bytes[offset + 1] == 0x0A { return offset + 2 }
                if offset + 2 < bytes.count, bytes[offset + 1] == 0x0D, bytes[offset + 2] == 0x0A { return offset + 3 }
            }
            offset += 1
        }
        return nil
    }
}
