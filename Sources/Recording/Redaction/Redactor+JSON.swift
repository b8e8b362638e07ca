internal import JSONText

extension Redactor {
    /// JSON inside a string inside a string, so deep it is looked at.
    private static let nestedTexts = 4

    /// A text that may be JSON: its secrets replaced. Unchanged, to the byte, where it has none.
    ///
    /// - Parameter event: the name of the event whose payload it is.
    func text(_ text: String, event: String? = nil) -> String {
        guard let value = try? JSONValue(text) else { return self.scrubbed(text) }
        let redacted: JSONValue
        if let event, self.names.contains(event.lowercased()), case .array(let values) = value {
            redacted = .array(values.prefix(1) + values.dropFirst().map(self.all))
        } else {
            redacted = self.named(value, depth: 0)
        }
        return redacted == value ? text : redacted.description
    }

    /// Every value in it is a secret.
    func all(_ value: JSONValue) -> JSONValue {
        switch value {
        case .null: .null
        case .string(let text): .string(self.key.redacted(text))
        case .bool, .number: .string(self.key.redacted(value.description))
        case .array(let values): .array(values.map(self.all))
        case .object(let members):
            // The place of an attachment says nothing, and what counts them needs it.
            value["_placeholder"]?.bool == true
                ? value : .object(members.map { .init($0.key, self.all($0.value)) })
        }
    }

    /// The values of keys whose names say that they are secret, and texts whose form does.
    func named(_ value: JSONValue, depth: Int) -> JSONValue {
        switch value {
        case .null, .bool, .number: return value
        case .string(let text): return .string(self.string(text, depth: depth))
        case .array(let values): return .array(values.map { self.named($0, depth: depth) })
        case .object(let members):
            return .object(
                members.map { member in
                    let isSecret = self.names.contains(member.key.lowercased())
                    return .init(
                        member.key, isSecret ? self.all(member.value) : self.named(member.value, depth: depth))
                })
        }
    }

    private func string(_ text: String, depth: Int) -> String {
        if Self.isToken(text) { return self.key.redacted(text) }
        guard depth < Self.nestedTexts, text.hasPrefix("{") || text.hasPrefix("["), let value = try? JSONValue(text)
        else { return self.quotedURL(text) }
        let redacted = self.named(value, depth: depth + 1)
        return redacted == value ? text : redacted.description
    }

    /// A JSON Web Token, or credentials as a header has them. Sources: RFC 7519, section 3; RFC 9110, section 11.4.
    static func isToken(_ text: some StringProtocol) -> Bool {
        if text.hasPrefix("Bearer ") || text.hasPrefix("Basic ") { return true }
        guard text.hasPrefix("eyJ") else { return false }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 3 && parts[1].hasPrefix("eyJ")
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                    UInt8(ascii: "="):
                    true
                default: false
                }
            }
    }
}
