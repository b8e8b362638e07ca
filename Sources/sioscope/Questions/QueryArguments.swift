import Queries
import Timeline

/// The values given by `-p name=value`.
struct QueryArguments: Equatable {
    private(set) var given: [String: String] = [:]

    /// - Parameter texts: each `name=value`; a `:` before the name is fine, a name only once.
    init(_ texts: [String]) throws {
        for text in texts {
            guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
                throw ToolError("-p \(text): expected name=value")
            }
            let name = Self.bare(String(text[..<equals]))
            guard self.given[name] == nil else { throw ToolError("-p \(name) is given twice; give it once") }
            self.given[name] = String(text[text.index(after: equals)...])
        }
    }

    /// A value for each parameter of a statement.
    ///
    /// - Parameters:
    ///   - names: as the statement has them, with or without the sign before.
    ///   - declared: types, defaults and meanings, where a header tells them.
    func values(for names: [String], declared: [QueryParameter]) throws -> [String: TimelineValue] {
        let declaredByName = Dictionary(declared.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        var values: [String: TimelineValue] = [:]
        for name in names {
            guard !name.hasPrefix("?"), !name.isEmpty else {
                throw ToolError("a '?' in the SQL cannot be given a value; write :name and -p name=value")
            }
            let name = Self.bare(name)
            let parameter = declaredByName[name]
            if let text = self.given[name] {
                values[name] = try Self.value(text, of: name, as: parameter)
            } else if let standard = parameter?.standard {
                values[name] = Self.value(standard)
            } else {
                throw ToolError("missing parameter: -p \(name)=…" + (parameter.map { ", \($0.meaning)" } ?? ""))
            }
        }
        if let unknown = self.given.keys.sorted().first(where: { values[$0] == nil }) {
            let known = values.keys.sorted()
            throw ToolError(
                "-p \(unknown): the query has no such parameter;"
                    + (known.isEmpty ? " it takes none" : " it takes \(known.joined(separator: ", "))"))
        }
        return values
    }

    /// As the header declares it; without one an integer or a real where it looks like one, else text.
    private static func value(_ text: String, of name: String, as parameter: QueryParameter?) throws -> TimelineValue {
        let real = Double(text).flatMap { $0.isFinite ? $0 : nil }
        switch parameter?.type {
        case .integer:
            guard let number = Int64(text) else {
                throw ToolError("-p \(name)=\(text): expected an integer, \(parameter?.meaning ?? "")")
            }
            return .integer(number)
        case .real:
            guard let real else {
                throw ToolError("-p \(name)=\(text): expected a number, \(parameter?.meaning ?? "")")
            }
            return .real(real)
        case .text:
            return .text(text)
        case nil:
            return Int64(text).map { .integer($0) } ?? real.map { .real($0) } ?? .text(text)
        }
    }

    private static func value(_ standard: QueryParameter.Standard) -> TimelineValue {
        switch standard {
        case .null: .null
        case .integer(let number): .integer(number)
        case .real(let number): .real(number)
        case .text(let text): .text(text)
        }
    }

    private static func bare(_ name: String) -> String {
        guard let first = name.first, ":@$".contains(first) else { return name }
        return String(name.dropFirst())
    }
}
