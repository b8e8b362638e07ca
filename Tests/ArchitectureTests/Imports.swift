/// Reads the modules that a Swift source imports.
enum Imports {
    /// Words that may stand between `import` and the module, for one declaration of it.
    private static let kinds: Set<Substring> = [
        "typealias", "struct", "class", "enum", "protocol", "let", "var", "func",
    ]

    /// The modules of all import lines, also those behind access levels and attributes; `A.B` counts as `A`.
    static func modules(in lines: [Substring]) -> [String] {
        lines.compactMap { line in
            var words = line.split(whereSeparator: \.isWhitespace)
            while let first = words.first, first.hasPrefix("@") || self.access.contains(first) { words.removeFirst() }
            guard words.first == "import" else { return nil }
            words.removeFirst()
            if let first = words.first, self.kinds.contains(first) { words.removeFirst() }
            return words.first.map { String($0.prefix { $0 != "." && $0 != ";" }) }
        }
    }

    private static let access: Set<Substring> = ["public", "package", "internal", "fileprivate", "private"]
}
