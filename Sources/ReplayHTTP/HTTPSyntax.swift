internal import NIOCore
internal import Replay

/// What requests and answers have in common on the wire. Source: RFC 9112, sections 2, 5 and 7.
enum HTTPSyntax {
    /// Of a head, and of a line behind one. Bytes.
    static let headLimit = 64 << 10

    /// What stands at the front of bytes that a peer sent.
    enum Line {
        /// Without its end.
        case whole(String)
        case unfinished
        case tooLong
    }

    /// Takes a line that is whole.
    static func takeLine(from bytes: inout ByteBuffer) -> Line {
        let view = bytes.readableBytesView
        guard let end = view.prefix(Self.headLimit).firstIndex(of: 10) else {
            return view.count < Self.headLimit ? .unfinished : .tooLong
        }
        let line = view[view.startIndex..<end]
        bytes.moveReaderIndex(forwardBy: line.count + 1)
        return .whole(Self.text(line))
    }

    /// Takes a head up to and with its empty line, and gives its lines: those that are empty before it are passed over
    /// (section 2.2). Nil where it is not whole; `headLimit` bytes without an end are none.
    static func takeHead(from bytes: inout ByteBuffer) -> ArraySlice<String>? {
        guard let length = Self.headLength(bytes), let head = bytes.readBytes(length: length) else { return nil }
        return head.split(separator: 10).map { Self.text($0) }.drop(while: \.isEmpty)
    }

    private static func headLength(_ bytes: ByteBuffer) -> Int? {
        var isLineEmpty = true
        var hasLine = false
        for (offset, byte) in bytes.readableBytesView.prefix(Self.headLimit).enumerated() {
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

    private static func text(_ line: some BidirectionalCollection<UInt8>) -> String {
        String(decoding: line.last == 13 ? line.dropLast() : line[...], as: UTF8.self)
    }

    /// Nil where a line has no name.
    static func fields(_ lines: ArraySlice<String>) -> [HTTPField]? {
        var fields: [HTTPField] = []
        for line in lines where !line.isEmpty {
            guard let colon = line.firstIndex(of: ":"), colon != line.startIndex else { return nil }
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            let end = value.lastIndex { $0 != " " && $0 != "\t" }
            fields.append(HTTPField(String(line[..<colon]), end.map { String(value[...$0]) } ?? ""))
        }
        return fields
    }

    /// Nil where it is no number of bytes.
    static func contentLength(_ text: String) -> Int? {
        text.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } ? Int(text) : nil
    }

    /// Of the line before a chunk; nil where it is no number of at most 8 digits.
    static func chunkSize(_ line: String) -> Int? {
        let digits = line.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }
        // `Int` would take a sign, too.
        guard digits.utf8.count <= 8, digits.allSatisfy(\.isHexDigit) else { return nil }
        return Int(digits, radix: 16)
    }

    /// Whether a connection serves further requests. Source: RFC 9112, section 9.3.
    static func keepsAlive(_ version: some StringProtocol, connection: String?) -> Bool {
        let connection = (connection ?? "").lowercased()
        return version == "HTTP/1.1" ? !connection.contains("close") : connection.contains("keep-alive")
    }
}
