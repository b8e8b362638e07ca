import Wire

/// One direction of an HTTP/1.1 connection, and bodies with content encodings.
enum HTTPTarget {
    private static let bodyLimit = 64 << 10

    /// What the steps say, with neighbouring parts of a body joined.
    private enum Item: Equatable {
        case head(HTTPHead)
        case body([UInt8])
        case end
        case tunnel([UInt8])
        case notHTTP
    }

    static func run(_ bytes: Span<UInt8>) throws {
        var random = FuzzRandom(bytes)
        let whole = try self.items(bytes, [0..<bytes.count])
        let cut = try self.items(bytes, random.cuts(bytes.count))
        try requireEqual(cut, whole, "fed in pieces")
        self.decodeBodies(bytes)
    }

    /// Up to where no HTTP is found: there the decoder waits for a start line at the beginning of a segment.
    private static func items(_ bytes: Span<UInt8>, _ cuts: [Range<Int>]) throws -> [Item] {
        var decoder = HTTPStreamDecoder()
        var items: [Item] = []
        for cut in cuts {
            let chunk = bytes.extracting(cut)
            var offset = 0
            steps: while true {
                let before = offset
                let step = decoder.next(chunk, &offset)
                try require(offset >= before && offset <= chunk.count, "moved from \(before) to \(offset)")
                switch step {
                case .head(let head):
                    items.append(.head(head))
                    decoder.begin(self.framing(head))
                case .body(let range):
                    try require(range.upperBound == offset && !range.isEmpty, "a body at \(range), now at \(offset)")
                    let part = chunk.extracting(range).copy()
                    if case .body(let begun) = items.last {
                        items[items.count - 1] = .body(begun + part)
                    } else {
                        items.append(.body(part))
                    }
                case .tunnel(let range):
                    let part = chunk.extracting(range).copy()
                    if case .tunnel(let begun) = items.last {
                        items[items.count - 1] = .tunnel(begun + part)
                    } else {
                        items.append(.tunnel(part))
                    }
                case .end:
                    items.append(.end)
                case .needsMore:
                    try require(offset == chunk.count, "\(chunk.count - offset) bytes are left")
                    break steps
                case .notHTTP(let skipped):
                    try require(skipped >= 0, "skipped \(skipped) bytes")
                    return items + [.notHTTP]
                }
            }
        }
        return items
    }

    private static func framing(_ head: HTTPHead) -> HTTPBodyFraming {
        if head.upgradesToWebSocket, case .response(status: 101, _) = head.start { return .tunnel }
        if head.isChunked { return .chunked }
        if let length = head.contentLength { return .length(length) }
        if case .response(let status, _) = head.start, status != 204, status != 304 { return .untilClose }
        return .none
    }

    /// What comes out is refused or within the limit; which of them is not this target's to know.
    private static func decodeBodies(_ bytes: Span<UInt8>) {
        for encoding in ["gzip", "deflate", "identity", "br"] {
            _ = try? HTTPBodyDecoder.decode(bytes, encoding: encoding, limit: self.bodyLimit)
        }
        _ = PerMessageDeflate(answer: bytes.text(0..<bytes.count))
    }
}
