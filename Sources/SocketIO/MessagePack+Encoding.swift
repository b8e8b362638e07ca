import JSONText
import TimelineModel

extension MessagePack {
    /// The bytes of a value as `decode` reads it: `{"base64": "..."}` becomes binary, with an `ext` an extension, a
    /// number the smallest form that holds it. Deeper than `depthLimit` stands null.
    public static func encode(_ value: JSONValue) -> [UInt8] {
        var bytes: [UInt8] = []
        self.write(value, to: &bytes, depth: 0)
        return bytes
    }

    private static func write(_ value: JSONValue, to bytes: inout [UInt8], depth: Int) {
        guard depth < self.depthLimit - 1 else { return bytes.append(0xC0) }
        switch value {
        case .null: bytes.append(0xC0)
        case .bool(let flag): bytes.append(flag ? 0xC3 : 0xC2)
        case .number: self.writeNumber(value, to: &bytes)
        case .string(let text):
            let utf8 = Array(text.utf8)
            self.writeHead(utf8.count, fix: (0xA0, 31), [0xD9, 0xDA, 0xDB], to: &bytes)
            bytes += utf8
        case .array(let values):
            self.writeHead(values.count, fix: (0x90, 15), [nil, 0xDC, 0xDD], to: &bytes)
            for value in values { self.write(value, to: &bytes, depth: depth + 1) }
        case .object(let members):
            if self.writeBinary(members, to: &bytes) { return }
            self.writeHead(members.count, fix: (0x80, 15), [nil, 0xDE, 0xDF], to: &bytes)
            for member in members {
                self.write(.string(member.key), to: &bytes, depth: depth + 1)
                self.write(member.value, to: &bytes, depth: depth + 1)
            }
        }
    }

    /// What `decode` makes of binary and of extensions; false for an ordinary object.
    private static func writeBinary(_ members: [JSONValue.Member], to bytes: inout [UInt8]) -> Bool {
        guard let last = members.last, last.key == "base64", let text = last.value.string,
            let data = Base64.decode(Array(text.utf8).span)
        else { return false }
        switch members.count {
        case 1: self.writeHead(data.count, fix: nil, [0xC4, 0xC5, 0xC6], to: &bytes)
        case 2:
            guard members[0].key == "ext", let type = members[0].value.integer.flatMap(Int8.init(exactly:)) else {
                return false
            }
            self.writeHead(data.count, fix: nil, [0xC7, 0xC8, 0xC9], to: &bytes)
            bytes.append(UInt8(bitPattern: type))
        default: return false
        }
        bytes += data
        return true
    }

    private static func writeNumber(_ value: JSONValue, to bytes: inout [UInt8]) {
        // A number that was written with a point stays a floating one.
        if case .number(let text) = value, !text.contains("."), let whole = value.integer {
            switch whole {
            case 0...127: bytes.append(UInt8(whole))
            case -32...(-1): bytes.append(UInt8(bitPattern: Int8(whole)))
            case 128...255: bytes += [0xCC, UInt8(whole)]
            case 256...65535: self.append(0xCD, UInt64(whole), 2, to: &bytes)
            case 65536...4_294_967_295: self.append(0xCE, UInt64(whole), 4, to: &bytes)
            case 4_294_967_296...: self.append(0xCF, UInt64(whole), 8, to: &bytes)
            case Int64(Int8.min)..<(-32): self.append(0xD0, UInt64(bitPattern: whole), 1, to: &bytes)
            case Int64(Int16.min)..<Int64(Int8.min): self.append(0xD1, UInt64(bitPattern: whole), 2, to: &bytes)
            case Int64(Int32.min)..<Int64(Int16.min): self.append(0xD2, UInt64(bitPattern: whole), 4, to: &bytes)
            default: self.append(0xD3, UInt64(bitPattern: whole), 8, to: &bytes)
            }
        } else if case .number(let text) = value, let large = UInt64(text) {
            self.append(0xCF, large, 8, to: &bytes)
        } else {
            self.append(0xCB, (value.double ?? 0).bitPattern, 8, to: &bytes)
        }
    }

    private static func append(_ head: UInt8, _ value: UInt64, _ width: Int, to bytes: inout [UInt8]) {
        bytes.append(head)
        for shift in stride(from: (width - 1) * 8, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
        }
    }

    /// - Parameter heads: for lengths of 8, 16 and 32 bits; nil where there is no such form.
    private static func writeHead(
        _ count: Int, fix: (base: UInt8, most: Int)?, _ heads: [UInt8?], to bytes: inout [UInt8]
    ) {
        if let fix, count <= fix.most {
            bytes.append(fix.base | UInt8(count))
        } else if let head = heads[0], count <= 0xFF {
            self.append(head, UInt64(count), 1, to: &bytes)
        } else if let head = heads[1], count <= 0xFFFF {
            self.append(head, UInt64(count), 2, to: &bytes)
        } else if let head = heads[2] {
            self.append(head, UInt64(UInt32(clamping: count)), 4, to: &bytes)
        }
    }
}
