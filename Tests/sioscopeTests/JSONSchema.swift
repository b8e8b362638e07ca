import Foundation
import JSONText

/// Checks a document against a JSON schema, draft 4: what the schema of SARIF uses of it. A keyword that is not known
/// here counts as a mistake, so that nothing is passed over.
struct JSONSchema {
    private let root: JSONValue

    init(_ root: JSONValue) {
        self.root = root
    }

    /// What is wrong, each with its place; empty for a valid document.
    func mistakes(in document: JSONValue) -> [String] { self.check(document, self.root, "$") }

    private func check(_ value: JSONValue, _ schema: JSONValue, _ place: String) -> [String] {
        Self.members(schema).flatMap { self.check(value, $0.key, $0.value, schema, place) }
    }

    private func check(
        _ value: JSONValue, _ keyword: String, _ argument: JSONValue, _ schema: JSONValue, _ place: String
    ) -> [String] {
        switch keyword {
        case "$schema", "id", "title", "description", "definitions", "default", "format":
            return []
        case "$ref":
            let name = argument.string?.split(separator: "/").last.map(String.init) ?? ""
            guard let target = self.root["definitions"]?[name] else { return ["\(place): no definition \(name)"] }
            return self.check(value, target, place)
        case "type":
            let known = argument.array?.compactMap(\.string) ?? [argument.string ?? ""]
            let type = Self.type(of: value)
            let fits = known.contains(type) || (type == "integer" && known.contains("number"))
            return fits ? [] : ["\(place) is \(type), not \(known)"]
        case "enum":
            return argument.array?.contains(value) == true ? [] : ["\(place) is none of \(argument)"]
        case "required":
            return (argument.array ?? []).compactMap(\.string).filter { value[$0] == nil }
                .map { "\(place) has no \($0)" }
        case "properties":
            return Self.members(value).flatMap { member in
                argument[member.key].map { self.check(member.value, $0, "\(place).\(member.key)") } ?? []
            }
        case "additionalProperties":
            return Self.members(value).filter { schema["properties"]?[$0.key] == nil }.flatMap { member in
                argument.bool == false
                    ? ["\(place) must not have \(member.key)"]
                    : self.check(member.value, argument, "\(place).\(member.key)")
            }
        case "items":
            return (value.array ?? []).enumerated().flatMap { self.check($1, argument, "\(place)[\($0)]") }
        case "minItems":
            let isLong = value.array.map { $0.count >= Int(argument.integer ?? 0) } ?? true
            return isLong ? [] : ["\(place) is too short"]
        case "uniqueItems":
            let items = value.array ?? []
            return Set(items).count == items.count ? [] : ["\(place) has something twice"]
        case "minimum":
            return (value.double ?? .infinity) >= (argument.double ?? 0) ? [] : ["\(place) is too small"]
        case "maximum":
            return (value.double ?? -.infinity) <= (argument.double ?? 0) ? [] : ["\(place) is too big"]
        case "pattern":
            guard let text = value.string, let pattern = argument.string else { return [] }
            let fits = text.range(of: pattern, options: .regularExpression) != nil
            return fits ? [] : ["\(place) is not \(pattern)"]
        case "anyOf", "oneOf":
            let matches = (argument.array ?? []).count { self.check(value, $0, place).isEmpty }
            let fits = keyword == "anyOf" ? matches > 0 : matches == 1
            return fits ? [] : ["\(place): \(matches) of \(keyword) match"]
        default:
            return ["\(place): the schema has \(keyword)"]
        }
    }

    private static func members(_ value: JSONValue) -> [JSONValue.Member] {
        if case .object(let members) = value { members } else { [] }
    }

    private static func type(of value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .bool: "boolean"
        case .number(let text): text.contains { ".eE".contains($0) } ? "number" : "integer"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}
