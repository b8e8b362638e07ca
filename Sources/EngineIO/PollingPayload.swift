/// Why a polling payload cannot be taken apart, and where.
public enum PollingPayloadError: Error, Hashable, CustomStringConvertible {
    case empty
    /// v3: no `length:` where a packet should begin.
    case noLength(offset: Int)
    /// v3: the length leads beyond the body, into the middle of a character, or to a place where no packet begins.
    /// `fits` names the unit in which it leads to a right place, where one does.
    case lengthMismatch(offset: Int, length: Int, fits: LengthUnit?)
    /// JSONP: not `___eio[n]("...")` or `d=...`.
    case notJSONP

    public enum LengthUnit: String, Hashable, Sendable {
        case bytes
        case codePoints = "code points"
    }

    public var description: String {
        switch self {
        case .empty: "an empty polling payload, nothing at offset 0 of it; expected at least one packet"
        case .noLength(let offset): "no packet length at offset \(offset) of the body; expected digits and a colon"
        case .lengthMismatch(let offset, let length, let fits):
            "length \(length) at offset \(offset) of the body"
                + (fits.map { ", which fits in \($0.rawValue)" } ?? "") + "; expected one that fits in UTF-16 units"
        case .notJSONP: "no JSONP at offset 0 of the body; expected ___eio[n](\"...\"); or d=..."
        }
    }
}

/// Takes one HTTP body of the long-polling transport apart. Pure: ranges in, nothing copied.
///
/// Sources: Engine.IO protocol v4, "HTTP long-polling" (0x1E between packets); v3, "Payload": `<length>:<packet>` with
/// the length in UTF-16 code units as the reference parser counts, and the binary form
/// `<0|1><length digits as byte values><0xFF><packet>` with the length in bytes.
public enum PollingPayload {
    /// One packet of a body: where it stands, and whether it is written as binary bytes.
    public struct Piece: Hashable, Sendable {
        public let range: Range<Int>
        public let isBinary: Bool

        public init(_ range: Range<Int>, isBinary: Bool = false) {
            self.range = range
            self.isBinary = isBinary
        }
    }

    /// Calls `piece` for each packet, in order. Pieces before an error have been handed out already.
    public static func split(
        _ body: Span<UInt8>, _ version: EngineIOVersion, _ piece: (Piece) -> Void
    ) throws(PollingPayloadError) {
        guard body.count > 0 else { throw .empty }
        switch version {
        case .v4: splitAtSeparators(body, piece)
        case .v3 where body[0] <= 1: try splitBinary(body, piece)
        case .v3: try splitText(body, piece)
        }
    }

    /// The version whose payloads look like this body, where the handshake was not seen.
    public static func version(of body: Span<UInt8>) -> EngineIOVersion {
        guard body.count > 0 else { return .v4 }
        if body[0] <= 1 { return .v3 }
        var offset = 0
        while offset < body.count, isDigit(body[offset]) { offset += 1 }
        return offset > 0 && offset < body.count && body[offset] == UInt8(ascii: ":") ? .v3 : .v4
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }

    private static func splitAtSeparators(_ body: Span<UInt8>, _ piece: (Piece) -> Void) {
        var start = 0
        for offset in 0..<body.count where body[offset] == 0x1E {
            piece(Piece(start..<offset))
            start = offset + 1
        }
        piece(Piece(start..<body.count))
    }

    private static func splitText(_ body: Span<UInt8>, _ piece: (Piece) -> Void) throws(PollingPayloadError) {
        var offset = 0
        while offset < body.count {
            let lengthOffset = offset
            var length = 0
            while offset < body.count, isDigit(body[offset]) {
                length = appending(body[offset] - UInt8(ascii: "0"), to: length)
                offset += 1
            }
            guard offset > lengthOffset, offset < body.count, body[offset] == UInt8(ascii: ":") else {
                throw .noLength(offset: lengthOffset)
            }
            offset += 1
            guard let end = skip(length, utf16: true, body, from: offset), goesOn(body, at: end) else {
                throw .lengthMismatch(
                    offset: lengthOffset, length: length, fits: unit(length, body, from: offset))
            }
            piece(Piece(offset..<end))
            offset = end
        }
    }

    /// The unit in which `length` reaches a place where the payload ends or goes on properly.
    private static func unit(_ length: Int, _ body: Span<UInt8>, from offset: Int) -> PollingPayloadError.LengthUnit? {
        if length <= body.count - offset, goesOn(body, at: offset + length) { return .bytes }
        if let end = skip(length, utf16: false, body, from: offset), goesOn(body, at: end) { return .codePoints }
        return nil
    }

    /// A packet may end at `offset`: the body does, or the next length with its colon stands there.
    private static func goesOn(_ body: Span<UInt8>, at offset: Int) -> Bool {
        var end = offset
        while end < body.count, isDigit(body[end]) { end += 1 }
        return offset == body.count || (end > offset && end < body.count && body[end] == UInt8(ascii: ":"))
    }

    /// `length` with one more digit; saturates, for a length of any size may stand there.
    private static func appending(_ digit: UInt8, to length: Int) -> Int {
        let (product, overflow) = length.multipliedReportingOverflow(by: 10)
        return overflow || product > Int.max - 9 ? Int.max : product + Int(digit)
    }

    /// The offset behind `units` UTF-16 code units (or code points) of UTF-8; nil where that is beyond the end or in
    /// the middle of a character.
    private static func skip(_ units: Int, utf16: Bool, _ body: Span<UInt8>, from start: Int) -> Int? {
        var offset = start
        var left = units
        while left > 0 {
            guard offset < body.count else { return nil }
            let width: Int
            switch body[offset] {
            case 0x00...0x7F: width = 1
            case 0xC0...0xDF: width = 2
            case 0xE0...0xEF: width = 3
            case 0xF0...0xFF: width = 4
            default: width = 1  // a stray continuation byte counts as one unit, as U+FFFD would
            }
            left -= utf16 && width == 4 ? 2 : 1
            offset += width
        }
        return left == 0 && offset <= body.count ? offset : nil
    }

    private static func splitBinary(_ body: Span<UInt8>, _ piece: (Piece) -> Void) throws(PollingPayloadError) {
        var offset = 0
        while offset < body.count {
            let recordOffset = offset
            guard body[offset] <= 1 else { throw .noLength(offset: offset) }
            let isBinary = body[offset] == 1
            offset += 1
            var length = 0
            var digits = 0
            while offset < body.count, body[offset] <= 9 {
                length = appending(body[offset], to: length)
                digits += 1
                offset += 1
            }
            guard digits > 0, offset < body.count, body[offset] == 0xFF else { throw .noLength(offset: recordOffset) }
            offset += 1
            guard length <= body.count - offset else {
                throw .lengthMismatch(offset: recordOffset, length: length, fits: nil)
            }
            piece(Piece(offset..<offset + length, isBinary: isBinary))
            offset += length
        }
    }
}
