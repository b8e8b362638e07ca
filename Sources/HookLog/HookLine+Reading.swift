import JSONText
import TimelineModel

/// Why a line of a hook log cannot be taken.
public enum HookLineError: Error, Hashable, Sendable, CustomStringConvertible {
    case notJSON(offset: Int, expected: String)
    case notUTF8(offset: Int)
    /// Nil for a key that is missing.
    case wrongValue(key: String, found: String?, expected: String)
    case tooLong(bytes: Int, limit: Int)

    public var description: String {
        switch self {
        case .notJSON(let offset, let expected): "no JSON at offset \(offset); expected \(expected)"
        case .notUTF8(let offset): "a byte that is no UTF-8 at offset \(offset); expected UTF-8"
        case .wrongValue(let key, let found?, let expected): "\"\(key)\" is \(found); expected \(expected)"
        case .wrongValue(let key, nil, let expected): "\"\(key)\" is missing; expected \(expected)"
        case .tooLong(let bytes, let limit): "\(bytes) bytes or more; expected at most \(limit)"
        }
    }
}

extension HookLine {
    /// Reads one line, without its line feed.
    public init(_ line: Span<UInt8>) throws(HookLineError) {
        let value: JSONValue
        // Read as JSON it would be repaired, and nobody could tell the log's fault from a message's.
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: line)
        } catch {
            throw .notUTF8(offset: error.byteOffsets.lowerBound)
        }
        do throws(JSONSyntaxError) {
            value = try JSONValue(line)
        } catch {
            throw .notJSON(offset: error.offset, expected: error.expected)
        }
        guard case .object = value else { throw .notJSON(offset: 0, expected: "an object") }
        try self.init(Fields(value))
    }

    private init(_ fields: Fields) throws(HookLineError) {
        if let version = fields.value("v"), version.integer != 1 {
            throw fields.wrong("v", "1, the only format there is")
        }
        guard let at = fields.value("at_ns")?.integer else {
            throw fields.wrong("at_ns", "nanoseconds since the epoch")
        }
        guard let session = fields.value("session")?.string else { throw fields.wrong("session", "a text") }
        self.at = Timestamp(nanoseconds: at)
        self.session = session
        self.transport = try fields.word("transport")
        switch fields.value("kind")?.string {
        case "open": self.event = .open(try Open(fields))
        case "message": self.event = .message(try Message(fields))
        case "control": self.event = .control(try Control(fields))
        case "close": self.event = .close(try Close(fields))
        default: throw fields.wrong("kind", "open, message, control or close")
        }
    }
}

/// The keys of a line. A key with null is as good as missing.
private struct Fields {
    private let object: JSONValue

    init(_ object: JSONValue) {
        self.object = object
    }

    func value(_ key: String) -> JSONValue? {
        self.object[key].flatMap { $0 == .null ? nil : $0 }
    }

    func wrong(_ key: String, _ expected: String) -> HookLineError {
        // A long value would drown what is wrong with it.
        let found = self.value(key).map { $0.description.count > 40 ? "\($0.description.prefix(40))…" : $0.description }
        return .wrongValue(key: key, found: found, expected: expected)
    }

    func word<Word>(_ key: String) throws(HookLineError) -> Word?
    where Word: RawRepresentable & CaseIterable, Word.RawValue == String {
        guard let value = self.value(key) else { return nil }
        guard let word = value.string.flatMap(Word.init(rawValue:)) else {
            throw self.wrong(key, Word.allCases.map(\.rawValue).joined(separator: " or "))
        }
        return word
    }

    func text(_ key: String) throws(HookLineError) -> String? {
        guard let value = self.value(key) else { return nil }
        guard let text = value.string else { throw self.wrong(key, "a text") }
        return text
    }

    /// - Parameter range: what is accepted.
    func number(_ key: String, _ range: ClosedRange<Int>) throws(HookLineError) -> Int? {
        guard let value = self.value(key) else { return nil }
        guard let number = value.integer.flatMap({ Int(exactly: $0) }), range.contains(number) else {
            throw self.wrong(key, "a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func sender() throws(HookLineError) -> Sender {
        guard let sender: Sender = try self.word("sender") else { throw self.wrong("sender", "client or server") }
        return sender
    }

    /// Nil where none of the keys is there.
    func body(_ opcode: UInt8) throws(HookLineError) -> HookLine.Body? {
        if let reason = try self.text("unreadable") { return .unreadable(opcode: opcode, reason: reason) }
        if let text = try self.text("text") { return .text(text) }
        guard let text = try self.text("base64") else { return nil }
        guard let bytes = Base64.decode(Array(text.utf8).span) else { throw self.wrong("base64", "base64") }
        return .bytes(bytes)
    }

    func measure() throws(HookLineError) -> HookLine.Measure {
        HookLine.Measure(
            sizeBytes: try self.number("size_bytes", 0...Int(Int32.max)),
            wireBytes: try self.number("wire_bytes", 0...Int(Int32.max)),
            flags: FrameFlags(text: try self.text("flags") ?? ""))
    }
}

extension HookLine.Open {
    fileprivate init(_ fields: Fields) throws(HookLineError) {
        self.url = try fields.text("url")
        self.client = try fields.text("client")
        self.clientAddress = try fields.text("client_address")
        self.clientPort = try fields.number("client_port", 0...65_535)
    }
}

extension HookLine.Message {
    fileprivate init(_ fields: Fields) throws(HookLineError) {
        self.sender = try fields.sender()
        let opcode = try fields.number("opcode", 1...2) ?? 1
        guard let body = try fields.body(UInt8(opcode)) else { throw fields.wrong("text", "a text, or base64") }
        self.body = body
        self.isRefused = fields.value("refused")?.bool ?? false
        self.measure = try fields.measure()
    }
}

extension HookLine.Control {
    fileprivate init(_ fields: Fields) throws(HookLineError) {
        self.sender = try fields.sender()
        guard let opcode = try fields.number("opcode", 8...10) else { throw fields.wrong("opcode", "8, 9 or 10") }
        self.opcode = UInt8(opcode)
        self.body = try fields.body(self.opcode) ?? .bytes([])
        self.measure = try fields.measure()
    }
}

extension HookLine.Close {
    fileprivate init(_ fields: Fields) throws(HookLineError) {
        self.by = try fields.word("by")
        self.code = UInt16(try fields.number("code", 0...65_535) ?? Int(Self.emptyCode))
        self.reason = try fields.text("reason") ?? ""
        self.end = try fields.word("end")
        let body = try fields.text("body") ?? ""
        self.refusal = try fields.number("status", 100...599).map { Refusal(status: $0, body: body) }
        self.measure = try fields.measure()
        switch self.end {
        case nil, .fin, .rst, .httpError: break
        default: throw fields.wrong("end", "fin, rst or http-error")
        }
    }
}
