import NIOCore
import Replay
import ReplayHTTP

/// HTTP as the drivers of a replay read it from a live peer: requests where the lowest bit of the first byte is 0, else
/// answers. However the bytes come, the same is read.
enum ReplayHTTPTarget {
    private static let bodyLimit = 1 << 10

    /// What a peer's bytes came to.
    private struct Read<Item: Hashable> {
        var items: [Item] = []
        var error: String?
    }

    static func run(_ bytes: Span<UInt8>) throws {
        guard bytes.count > 0 else { return }
        var random = FuzzRandom(bytes)
        let message = bytes.extracting(1...)
        let whole = [0..<message.count]
        let cuts = random.cuts(message.count)
        if bytes[0] & 1 == 0 {
            try self.compare(self.requests(message, cuts), self.requests(message, whole))
        } else {
            try self.compare(self.responses(message, cuts), self.responses(message, whole))
        }
    }

    private static func compare<Item>(_ cut: Read<Item>, _ whole: Read<Item>) throws {
        try requireEqual(cut.items, whole.items, "fed in pieces")
        try require(
            cut.error == whole.error,
            "fed in pieces it says \(cut.error ?? "nothing"), else \(whole.error ?? "nothing")")
    }

    private static func requests(_ bytes: Span<UInt8>, _ cuts: [Range<Int>]) throws -> Read<HTTPRequestParser.Incoming>
    {
        let parser = HTTPRequestParser(bodyLimit: self.bodyLimit)
        var read = Read<HTTPRequestParser.Incoming>()
        do throws(HTTPRequestError) {
            for cut in cuts {
                parser.feed(ByteBuffer(bytes: bytes.extracting(cut).copy()))
                while let request = try parser.next() { read.items.append(request) }
            }
        } catch {
            try require((400...599).contains(error.status), "refused with \(error.status)")
            read.error = "\(error)"
        }
        try require(
            read.items.allSatisfy { $0.request.body.count <= self.bodyLimit }, "a body is longer than the limit")
        return read
    }

    private static func responses(
        _ bytes: Span<UInt8>, _ cuts: [Range<Int>]
    ) throws -> Read<HTTPResponseParser.Incoming> {
        var parser = HTTPResponseParser(bodyLimit: self.bodyLimit)
        var read = Read<HTTPResponseParser.Incoming>()
        do throws(HTTPResponseError) {
            feeding: for cut in cuts {
                parser.feed(ByteBuffer(bytes: bytes.extracting(cut).copy()))
                while let response = try parser.next() {
                    read.items.append(response)
                    // What follows is another protocol's.
                    if response.response.status == 101 { break feeding }
                }
            }
            if let last = parser.end() { read.items.append(last) }
        } catch {
            read.error = error.reason
        }
        try require(
            read.items.allSatisfy { $0.response.body.count <= self.bodyLimit }, "a body is longer than the limit")
        return read
    }
}
