import JSONText

/// Reads MessagePack as socket.io-msgpack-parser writes it. Source: MessagePack specification, "Formats".
///
/// The result is a JSON tree, so that such packets fill the same columns: binary becomes `{"base64": "..."}`, an
/// extension `{"ext": type, "base64": "..."}`, a NaN or infinity null.
public enum MessagePack {
    /// Deeper values are refused.
    static let depthLimit = 64

    /// The value that `bytes` are, all of them; nil where they are not one.
    public static func decode(_ bytes: Span<UInt8>) -> JSONValue? {
        var reader = Reader()
        guard let value = reader.value(bytes, depth: 0), reader.offset == bytes.count else { return nil }
        return value
    }

    private struct Reader {
        var offset = 0

        mutating func uint(_ bytes: Span<UInt8>, _ width: Int) -> UInt64? {
            guard width <= bytes.count - self.offset else { return nil }
            var value: UInt64 = 0
            for _ in 0..<width {
                value = value << 8 | UInt64(bytes[self.offset])
                self.offset += 1
            }
            return value
        }

        mutating func take(_ bytes: Span<UInt8>, _ count: UInt64?) -> Range<Int>? {
            guard let count, count <= UInt64(bytes.count - self.offset) else { return nil }
            defer { self.offset += Int(count) }
            return self.offset..<self.offset + Int(count)
        }

        mutating func value(_ bytes: Span<UInt8>, depth: Int) -> JSONValue? {
            guard depth < MessagePack.depthLimit, let head = self.uint(bytes, 1).map({ UInt8($0) }) else { return nil }
            switch head {
            case 0x00...0x7F: return .integer(head)
            case 0x80...0x8F: return self.map(bytes, UInt64(head & 0x0F), depth)
            case 0x90...0x9F: return self.array(bytes, UInt64(head & 0x0F), depth)
            case 0xA0...0xBF: return self.string(bytes, UInt64(head & 0x1F))
            case 0xC0: return .null
            case 0xC2: return .bool(false)
            case 0xC3: return .bool(true)
            case 0xC4, 0xC5, 0xC6: return self.binary(bytes, self.uint(bytes, 1 << Int(head - 0xC4)))
            case 0xC7, 0xC8, 0xC9: return self.extended(bytes, self.uint(bytes, 1 << Int(head - 0xC7)))
            case 0xCA: return self.uint(bytes, 4).map { .real(Double(Float(bitPattern: UInt32($0)))) }
            case 0xCB: return self.uint(bytes, 8).map { .real(Double(bitPattern: $0)) }
            case 0xCC...0xCF: return self.uint(bytes, 1 << Int(head - 0xCC)).map { .integer($0) }
            case 0xD0: return self.uint(bytes, 1).map { .integer(Int8(truncatingIfNeeded: $0)) }
            case 0xD1: return self.uint(bytes, 2).map { .integer(Int16(truncatingIfNeeded: $0)) }
            case 0xD2: return self.uint(bytes, 4).map { .integer(Int32(truncatingIfNeeded: $0)) }
            case 0xD3: return self.uint(bytes, 8).map { .integer(Int64(truncatingIfNeeded: $0)) }
            case 0xD4...0xD8: return self.extended(bytes, 1 << UInt64(head - 0xD4))
            case 0xD9, 0xDA, 0xDB: return self.string(bytes, self.uint(bytes, 1 << Int(head - 0xD9)))
            case 0xDC, 0xDD: return self.array(bytes, self.uint(bytes, head == 0xDC ? 2 : 4), depth)
            case 0xDE, 0xDF: return self.map(bytes, self.uint(bytes, head == 0xDE ? 2 : 4), depth)
            case 0xE0...0xFF: return .integer(Int8(bitPattern: head))
            default: return nil
            }
        }

        private mutating func string(_ bytes: Span<UInt8>, _ count: UInt64?) -> JSONValue? {
            guard let range = self.take(bytes, count) else { return nil }
            return bytes.extracting(range).withUnsafeBufferPointer { .string(String(decoding: $0, as: UTF8.self)) }
        }

        private mutating func binary(_ bytes: Span<UInt8>, _ count: UInt64?) -> JSONValue? {
            guard let range = self.take(bytes, count) else { return nil }
            return .object([.init("base64", .string(Base64.encode(bytes.extracting(range))))])
        }

        private mutating func extended(_ bytes: Span<UInt8>, _ count: UInt64?) -> JSONValue? {
            guard let count, let type = self.uint(bytes, 1), let range = self.take(bytes, count) else { return nil }
            // socket.io-msgpack-parser's notepack writes undefined as extension 0 with one zero byte.
            if type == 0, range.count == 1, bytes[range.lowerBound] == 0 { return .null }
            return .object([
                .init("ext", .integer(Int8(truncatingIfNeeded: type))),
                .init("base64", .string(Base64.encode(bytes.extracting(range)))),
            ])
        }

        // An element takes a byte at least, so a count beyond the bytes left is refused before anything is made.
        private mutating func array(_ bytes: Span<UInt8>, _ count: UInt64?, _ depth: Int) -> JSONValue? {
            guard let count, count <= UInt64(bytes.count - self.offset) else { return nil }
            var values: [JSONValue] = []
            for _ in 0..<count {
                guard let value = self.value(bytes, depth: depth + 1) else { return nil }
                values.append(value)
            }
            return .array(values)
        }

        private mutating func map(_ bytes: Span<UInt8>, _ count: UInt64?, _ depth: Int) -> JSONValue? {
            guard let count, count <= UInt64(bytes.count - self.offset) else { return nil }
            var members: [JSONValue.Member] = []
            for _ in 0..<count {
                guard let key = self.value(bytes, depth: depth + 1).flatMap(Self.key),
                    let value = self.value(bytes, depth: depth + 1)
                else { return nil }
                members.append(.init(key, value))
            }
            return .object(members)
        }

        /// A key of JSON. Arrays and maps are refused: written out as text they would double at every level.
        private static func key(_ value: JSONValue) -> String? {
            switch value {
            case .string(let text): text
            case .null, .bool, .number: value.description
            case .array, .object: nil
            }
        }
    }
}

extension JSONValue {
    /// A number of JSON, which knows neither NaN nor infinity.
    fileprivate static func real(_ value: Double) -> JSONValue {
        value.isFinite ? .number("\(value)") : .null
    }
}
