import NIOCore

/// Writes `Host`, and an `Origin` that names the same host, anew in a client's requests; every other byte stays.
///
/// Knows where requests begin and end (RFC 9112, sections 6 and 7), so that bodies are left alone. Behind a request
/// to upgrade it passes everything on, unless another request follows: a first WebSocket byte and the first letter of a
/// method are never the same, but for compressed fragments that look like "A" or "B" (RFC 6455, section 5.2), with
/// which no usual method begins. A head waits until it is whole, 64 KiB of it at most; a longer one, or what is no
/// request, goes on as it is, with all that follows.
struct RequestHeadRewriter {
    static let headBytes = 64 << 10

    private enum State {
        case head
        case body(Int)
        case chunkSize
        case chunkData(Int)
        case trailers
        case afterUpgrade
        case tunnel
    }

    private let target: ProxyTarget
    private var state = State.head
    /// Of a head, or of a line of a chunked body.
    private var pending: [UInt8] = []

    init(_ target: ProxyTarget) {
        self.target = target
    }

    /// Takes what the client sent, and adds to `output` what is to be passed on by now.
    mutating func receive(_ bytes: ByteBuffer, into output: inout ByteBuffer) {
        var rest = bytes
        while rest.readableBytes > 0 {
            switch self.state {
            case .head: self.takeHead(&rest, &output)
            case .body(let count):
                let left = Self.pass(count, &rest, &output)
                self.state = left > 0 ? .body(left) : .head
            case .chunkSize: self.takeChunkSize(&rest, &output)
            case .chunkData(let count):
                let left = Self.pass(count, &rest, &output)
                self.state = left > 0 ? .chunkData(left) : .chunkSize
            case .trailers:
                guard let line = self.line(&rest, &output) else { return }
                if line.isEmpty { self.state = .head }
            case .afterUpgrade:
                let first = rest.getInteger(at: rest.readerIndex, as: UInt8.self) ?? 0
                self.state = first >= 0x43 && first <= 0x5A ? .head : .tunnel
            case .tunnel: output.writeBuffer(&rest)
            }
        }
    }

    /// The client sends no more: what waited for its end.
    mutating func finish() -> [UInt8] {
        guard case .head = self.state else { return [] }
        defer { self.pending = [] }
        return self.pending
    }

    private static func pass(_ count: Int, _ rest: inout ByteBuffer, _ output: inout ByteBuffer) -> Int {
        let taken = min(count, rest.readableBytes)
        if var slice = rest.readSlice(length: taken) { output.writeBuffer(&slice) }
        return count - taken
    }

    // MARK: Heads

    private mutating func takeHead(_ rest: inout ByteBuffer, _ output: inout ByteBuffer) {
        while let byte = rest.readInteger(as: UInt8.self) {
            self.pending.append(byte)
            if byte == 0x0A, Self.endsHead(self.pending) {
                let head = self.pending
                self.pending = []
                return self.write(head, &output)
            }
            if self.pending.count >= Self.headBytes {
                output.writeBytes(self.pending)
                self.pending = []
                self.state = .tunnel
                return
            }
        }
    }

    /// An empty line; one before a request is passed over (RFC 9112, section 2.2).
    private static func endsHead(_ head: [UInt8]) -> Bool {
        head.suffix(4) == [0x0D, 0x0A, 0x0D, 0x0A] || head.suffix(2) == [0x0A, 0x0A]
    }

    private mutating func write(_ head: [UInt8], _ output: inout ByteBuffer) {
        var lines = head.split(separator: 0x0A, omittingEmptySubsequences: false).map { Array($0) }
        guard let request = lines.first(where: { Self.text($0) != "" }).map(Self.text), request.contains(" HTTP/1.")
        else {
            output.writeBytes(head)
            self.state = .tunnel
            return
        }
        var fields: [(line: Int, name: String, value: String)] = []
        for (index, line) in lines.enumerated() {
            let text = Self.text(line)
            guard let colon = text.firstIndex(of: ":") else { continue }
            let value = text[text.index(after: colon)...].trimmed
            fields.append((index, text[..<colon].lowercased(), value))
        }
        let hosts = Set(fields.filter { $0.name == "host" }.map { $0.value.lowercased() })
        for field in fields {
            if field.name == "host" {
                Self.replaceValue(&lines[field.line], self.target.authority)
            } else if field.name == "origin", let host = Self.host(ofOrigin: field.value), hosts.contains(host) {
                Self.replaceValue(&lines[field.line], self.target.origin)
            }
        }
        output.writeBytes(lines.joined(separator: [0x0A]))
        self.state = Self.next(fields.map { ($0.name, $0.value) })
    }

    /// What follows a head. Source: RFC 9112, section 6.3.
    private static func next(_ fields: [(name: String, value: String)]) -> State {
        if fields.contains(where: { $0.name == "transfer-encoding" && $0.value.lowercased().hasSuffix("chunked") }) {
            return .chunkSize
        }
        if let length = fields.first(where: { $0.name == "content-length" }) {
            guard let count = Int(length.value), count >= 0 else { return .tunnel }
            if count > 0 { return .body(count) }
        }
        return fields.contains { $0.name == "upgrade" } ? .afterUpgrade : .head
    }

    private static func host(ofOrigin origin: String) -> String? {
        for scheme in ["http://", "https://"] where origin.lowercased().hasPrefix(scheme) {
            return origin.dropFirst(scheme.count).lowercased()
        }
        return nil
    }

    private static func replaceValue(_ line: inout [UInt8], _ value: String) {
        guard let colon = line.firstIndex(of: 0x3A) else { return }
        let end: [UInt8] = line.last == 0x0D ? [0x0D] : []
        line = line[...colon] + [0x20] + Array(value.utf8) + end
    }

    /// A line without its end.
    private static func text(_ line: [UInt8]) -> String {
        String(decoding: line.last == 0x0D ? line.dropLast() : line[...], as: UTF8.self)
    }

    // MARK: Chunked bodies

    private mutating func takeChunkSize(_ rest: inout ByteBuffer, _ output: inout ByteBuffer) {
        guard let line = self.line(&rest, &output) else { return }
        let digits = line.prefix { $0 != ";" }
        guard let size = Int(digits.trimmed, radix: 16), size >= 0, size < Int.max - 2 else {
            self.state = .tunnel
            return
        }
        // The line end behind the data goes with it.
        self.state = size == 0 ? .trailers : .chunkData(size + 2)
    }

    /// The next line, which is passed on at once; nil while its end is missing.
    private mutating func line(_ rest: inout ByteBuffer, _ output: inout ByteBuffer) -> String? {
        while let byte = rest.readInteger(as: UInt8.self) {
            output.writeInteger(byte)
            if byte == 0x0A {
                defer { self.pending = [] }
                return Self.text(self.pending)
            }
            if self.pending.count < Self.headBytes { self.pending.append(byte) }
        }
        return nil
    }
}

extension Substring {
    fileprivate var trimmed: String {
        let start = self.drop { $0 == " " || $0 == "\t" }
        guard let last = start.lastIndex(where: { $0 != " " && $0 != "\t" }) else { return "" }
        return String(start[...last])
    }
}
