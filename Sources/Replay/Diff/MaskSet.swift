import JSONText

/// Masks ready for use.
struct MaskSet {
    /// What stands in place of a masked value.
    static let placeholder = "<masked>"

    private var pointers: [(event: String?, segments: [String])] = []
    private var patterns: [Regex<AnyRegexOutput>] = []

    init(_ masks: [DiffMask]) {
        for mask in masks {
            switch mask {
            case .pointer(let event, let segments): self.pointers.append((event, segments))
            // One that is none matches nothing; `DiffMask.init(pattern:)` says so to who wrote it.
            case .pattern(let text): self.patterns += (try? Regex(text)).map { [$0] } ?? []
            }
        }
    }

    func apply(to value: JSONValue, event: String?) -> JSONValue {
        let open = self.pointers.filter { $0.event == nil || $0.event == event }.map { $0.segments[...] }
        guard !open.isEmpty || !self.patterns.isEmpty else { return value }
        return self.apply(to: value, open)
    }

    /// - Parameter open: what is left of each pointer that leads here.
    private func apply(to value: JSONValue, _ open: [ArraySlice<String>]) -> JSONValue {
        if open.contains(where: \.isEmpty) { return .string(Self.placeholder) }
        switch value {
        case .array(let values):
            guard !open.isEmpty || !self.patterns.isEmpty else { return value }
            return .array(values.enumerated().map { self.apply(to: $1, Self.step(into: String($0), open)) })
        case .object(let members):
            guard !open.isEmpty || !self.patterns.isEmpty else { return value }
            return .object(members.map { .init($0.key, self.apply(to: $0.value, Self.step(into: $0.key, open))) })
        case .string(let text):
            let masked = self.masked(text)
            return masked == text ? value : .string(masked)
        case .number(let text):
            let masked = self.masked(text)
            return masked == text ? value : .string(masked)
        case .null, .bool: return value
        }
    }

    private static func step(into key: String, _ open: [ArraySlice<String>]) -> [ArraySlice<String>] {
        open.compactMap { $0.first == key || $0.first == "*" ? $0.dropFirst() : nil }
    }

    private func masked(_ text: String) -> String {
        self.patterns.reduce(text) { $0.replacing($1, with: Self.placeholder) }
    }
}
