import JSONText

extension JSONValue {
    /// One text for all that `JSONDifference` takes for equal: members in the order of their keys, of a key that comes
    /// twice the last, numbers by value.
    func writeCanonical(to text: inout String) {
        switch self {
        case .null, .bool, .string: self.write(to: &text)
        case .number(let number): text += Self.canonical(number, self)
        case .array(let values):
            text += "["
            for value in values {
                value.writeCanonical(to: &text)
                text += ","
            }
            text += "]"
        case .object(let members):
            let last = Dictionary(members.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
            text += "{"
            for (key, value) in last.sorted(by: { $0.key < $1.key }) {
                JSONString.write(key, to: &text)
                text += ":"
                value.writeCanonical(to: &text)
                text += ","
            }
            text += "}"
        }
    }

    private static func canonical(_ number: String, _ value: JSONValue) -> String {
        if let integer = value.integer { return String(integer) }
        return value.double.map { String($0) } ?? number
    }

    /// What kinds of values stand where, to this depth: what stays when a value changes.
    func writeShape(to text: inout String, depth: Int = 3) {
        switch self {
        case .null: text += "0"
        case .bool: text += "b"
        case .number: text += "n"
        case .string: text += "s"
        case .array(let values):
            guard depth > 0 else {
                text += "[]"
                return
            }
            text += "["
            for value in values { value.writeShape(to: &text, depth: depth - 1) }
            text += "]"
        case .object(let members):
            guard depth > 0 else {
                text += "{}"
                return
            }
            text += "{"
            for member in members.sorted(by: { $0.key < $1.key }) {
                JSONString.write(member.key, to: &text)
                member.value.writeShape(to: &text, depth: depth - 1)
            }
            text += "}"
        }
    }
}
