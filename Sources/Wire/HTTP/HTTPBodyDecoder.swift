/// Undoes the `Content-Encoding` of one body, with its output bounded. Source: RFC 9110, section 8.4.1.
public struct HTTPBodyDecoder {
    public enum Failure: Error, Equatable, CustomStringConvertible {
        case unsupported(String)
        case inflate(InflateError)
        /// The body ends before its gzip or deflate stream does.
        case cutOff

        public var description: String { self.text(at: "") }

        /// - Parameter place: where that is, behind a space.
        public func text(at place: String) -> String {
            switch self {
            case .unsupported(let encoding):
                "content encoding \"\(encoding)\"\(place); expected gzip or deflate, which are read"
            case .inflate(let error): error.text(at: place)
            case .cutOff: "an end in the middle of compressed data\(place); expected its rest"
            }
        }
    }

    /// The body as it was before encoding. `deflate` is read with zlib's header and, as some servers send it, without.
    public static func decode(
        _ body: Span<UInt8>, encoding: String?, limit: Int
    ) throws(Failure) -> [UInt8]? {
        // Nothing is nothing in any encoding; some servers name one all the same.
        if body.count == 0 { return nil }
        switch encoding {
        case nil, "identity", "": return nil
        case "gzip", "x-gzip": return try inflate(body, .gzip, limit)
        case "deflate":
            let hasHeader = body.count >= 2 && body[0] & 0x0F == 8 && body.network16(at: 0) % 31 == 0
            return try inflate(body, hasHeader ? .zlib : .raw, limit)
        case .some(let other): throw .unsupported(other)
        }
    }

    private static func inflate(_ body: Span<UInt8>, _ format: Inflater.Format, _ limit: Int) throws(Failure) -> [UInt8]
    {
        var out: [UInt8] = []
        let inflater = Inflater(format)
        do throws(InflateError) {
            try inflater.inflate(body, into: &out, limit: limit)
        } catch {
            throw .inflate(error)
        }
        guard inflater.isAtEnd else { throw .cutOff }
        return out
    }
}
