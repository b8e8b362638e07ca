/// Breaks running text into lines.
enum Wrapping {
    /// Words of `text`, filled into lines of at most `width` columns; words longer than that stand alone. A no-break
    /// space (U+00A0) keeps two words together, and is printed as a space.
    ///
    /// - Parameters:
    ///   - first: stands before the first line.
    ///   - rest: stands before the others.
    static func lines(_ text: String, width: Int, first: String = "", rest: String = "") -> [String] {
        var lines: [String] = []
        var line = first
        var isEmpty = true
        // A wide beginning may stand alone.
        let hasRoom = DisplayWidth.of(rest) < DisplayWidth.of(first)
        for word in text.split(whereSeparator: { $0.isWhitespace && $0 != "\u{a0}" }) {
            let space = isEmpty ? 0 : 1
            let isTooWide = DisplayWidth.of(line) + space + DisplayWidth.of(String(word)) > width
            if isTooWide, !isEmpty || (lines.isEmpty && hasRoom) {
                lines.append(isEmpty ? line.trimmingTrailingSpaces() : line)
                line = rest
                isEmpty = true
            }
            line += (isEmpty ? "" : " ") + word
            isEmpty = false
        }
        return (lines + [line]).map { $0.replacing("\u{a0}", with: " ") }
    }
}
