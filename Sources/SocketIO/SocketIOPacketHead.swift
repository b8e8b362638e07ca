import JSONText
import TimelineModel

/// Where the parts of a Socket.IO packet stand in the bytes that carry it. Nothing is copied but the event's name.
///
/// Grammar: `type [n "-"] [namespace ","] [id] [json]`. Sources: Socket.IO protocol v5, "Packet encoding";
/// socket.io-parser 4.2.6 `decodeString` and `isPayloadValid` for what a strict reader refuses. An observer is laxer
/// than that parser in one place, which it reports: white space before the payload (`hasSpaceBeforePayload`).
public struct SocketIOPacketHead: Equatable, Sendable {
    public var type: SocketIOType
    /// Of types 5 and 6.
    public var attachments: Int?
    /// Nil where the wire omits it, which means `/`.
    public var namespace: Range<Int>?
    /// Of a v4 CONNECT: where the query in the namespace begins, at its `?`; the namespace ends before it.
    public var query: Range<Int>?
    public var ackID: Int64?
    /// Where the JSON stands; nil where there is none.
    public var payload: Range<Int>?
    /// First element of an event's payload, escapes undone; a number as text.
    public var event: String?
    /// White space stands before the payload: the reference server takes it for ack id 0.
    public var hasSpaceBeforePayload: Bool

    /// Names that belong to the library's own events. Source: socket.io-parser `RESERVED_EVENTS`.
    public static func isReserved(_ event: String) -> Bool {
        switch event {
        case "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener": true
        default: false
        }
    }

    /// Reads the packet that `bytes` from `start` to their end are.
    public init(_ bytes: Span<UInt8>, from start: Int = 0, _ version: SocketIOVersion) throws(SocketIODecodeError) {
        guard start < bytes.count else { throw .empty }
        guard let type = SocketIOType(rawValue: bytes[start] &- UInt8(ascii: "0")), type != .attachment else {
            throw .unknownType(bytes[start])
        }
        self.type = type
        self.hasSpaceBeforePayload = false
        var offset = start + 1
        if type == .binaryEvent || type == .binaryAck {
            guard let (count, end) = Self.number(bytes, from: offset), (0...Int64(Int32.max)).contains(count),
                end < bytes.count, bytes[end] == UInt8(ascii: "-")
            else { throw .badAttachmentCount(offset: offset) }
            self.attachments = Int(count)
            offset = end + 1
        }
        if offset < bytes.count, bytes[offset] == UInt8(ascii: "/") {
            var end = offset
            while end < bytes.count, bytes[end] != UInt8(ascii: ",") { end += 1 }
            self.setNamespace(bytes, offset..<end, version)
            offset = min(end + 1, bytes.count)
        }
        if let (id, end) = Self.number(bytes, from: offset) {
            guard id >= 0 else { throw .badAckID(offset: offset) }
            self.ackID = id
            offset = end
        }
        let payload = JSONScanner.skipSpace(bytes, from: offset)
        self.hasSpaceBeforePayload = payload > offset
        if payload < bytes.count {
            try self.readPayload(bytes, payload, version)
        } else if self.hasSpaceBeforePayload {
            throw .badJSON(offset: payload, expected: "a value after white space")
        }
    }

    /// Digits at `offset`, and where they end; nil where there are none; -1 where they do not fit 64 bits.
    private static func number(_ bytes: Span<UInt8>, from offset: Int) -> (Int64, Int)? {
        var end = offset
        var value: Int64 = 0
        var overflow = false
        while end < bytes.count, bytes[end] >= UInt8(ascii: "0"), bytes[end] <= UInt8(ascii: "9") {
            let (shifted, first) = value.multipliedReportingOverflow(by: 10)
            let (added, second) = shifted.addingReportingOverflow(Int64(bytes[end] - UInt8(ascii: "0")))
            overflow = overflow || first || second
            value = overflow ? 0 : added
            end += 1
        }
        return end > offset ? (overflow ? -1 : value, end) : nil
    }

    private mutating func setNamespace(_ bytes: Span<UInt8>, _ range: Range<Int>, _ version: SocketIOVersion) {
        var range = range
        if version == .v4 {
            var mark = range.lowerBound
            while mark < range.upperBound, bytes[mark] != UInt8(ascii: "?") { mark += 1 }
            if mark < range.upperBound {
                self.query = mark..<range.upperBound
                range = range.lowerBound..<mark
            }
        }
        self.namespace = range.count > 1 ? range : nil  // a lone "/" is the root written out
    }

    private mutating func readPayload(
        _ bytes: Span<UInt8>, _ start: Int, _ version: SocketIOVersion
    ) throws(SocketIODecodeError) {
        do throws(JSONSyntaxError) {
            try JSONScanner.validate(bytes, from: start)
        } catch {
            throw .badJSON(offset: error.offset, expected: error.expected)
        }
        var end = bytes.count
        while JSONScanner.isSpace(bytes[end - 1]) { end -= 1 }
        self.payload = start..<end
        let kind = JSONScanner.kind(bytes, at: start)
        func refuse(_ expected: String) -> SocketIODecodeError {
            .wrongPayload(type: self.type.name, offset: start, expected: expected)
        }
        switch self.type {
        case .connect:
            guard kind == .object || version == .v4 else { throw refuse("an object or nothing") }
        case .disconnect:
            break  // not allowed, but seen from python servers: kept, and judged by a rule
        case .connectError:
            guard kind == .object || kind == .string || version == .v4 else { throw refuse("an object or a string") }
        case .event, .binaryEvent:
            guard kind == .array else { throw refuse("an array") }
            let first = JSONScanner.skipSpace(bytes, from: start + 1)
            switch JSONScanner.kind(bytes, at: first) {
            case .string:
                // Valid JSON by now, so the string has its end.
                let close = (try? JSONScanner.skipString(bytes, from: first)) ?? first + 2
                self.event = JSONString.unescaped(bytes, first + 1..<close - 1)
            case .number:
                let close = (try? JSONScanner.skipValue(bytes, from: first)) ?? first
                self.event = bytes.extracting(first..<close).withUnsafeBufferPointer {
                    String(decoding: $0, as: UTF8.self)
                }
            default: throw refuse("an event name as first element")
            }
        case .ack, .binaryAck:
            guard kind == .array else { throw refuse("an array") }
        case .attachment:
            break
        }
    }
}
