/// How many terminal columns text takes: 2 for East Asian wide characters and emoji, 0 for marks, else 1.
enum DisplayWidth {
    static func of(_ text: String) -> Int {
        if self.isASCII(text) { return text.utf8.count }
        return text.reduce(0) { $0 + self.of($1) }
    }

    static func of(_ character: Character) -> Int {
        if character.isASCII { return character == "\r\n" ? 2 : 1 }
        var width = 0
        for scalar in character.unicodeScalars {
            // A variation selector 16 asks for the emoji form of a sign that is narrow as text.
            if scalar.value == 0xfe0f { return 2 }
            width = max(width, self.of(scalar))
        }
        return width
    }

    /// `text` in at most `width` columns; where something had to go, `ellipsis` (one column) stands at the end.
    static func cut(_ text: String, to width: Int, ellipsis: String) -> String {
        if text.utf8.count <= width { return text }
        guard width > 0 else { return "" }
        if self.isASCII(text) { return text.prefix(width - 1) + ellipsis }
        var used = 0
        var end = text.startIndex
        for index in text.indices {
            let next = used + self.of(text[index])
            if next <= width - 1 { end = text.index(after: index) }
            if next > width { return text[..<end] + ellipsis }
            used = next
        }
        return text
    }

    /// `text` with spaces up to `width`: before it (`right`: numbers) or after it.
    static func pad(_ text: String, to width: Int, right: Bool = false) -> String {
        let missing = width - self.of(text)
        guard missing > 0 else { return text }
        let spaces = String(repeating: " ", count: missing)
        return right ? spaces + text : text + spaces
    }

    private static func isASCII(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 < 0x80 }
    }

    private static func of(_ scalar: Unicode.Scalar) -> Int {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control: return 0
        default: break
        }
        if scalar.properties.isEmojiPresentation { return 2 }
        return self.wide.contains { $0.contains(scalar.value) } ? 2 : 1
    }

    /// The blocks that UAX #11 gives the width W or F, joined where the gaps between are unassigned.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115f, 0x2e80...0x303e, 0x3041...0x33ff, 0x3400...0x4dbf, 0x4e00...0x9fff, 0xa000...0xa4cf,
        0xa960...0xa97f, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe10...0xfe19, 0xfe30...0xfe6f, 0xff01...0xff60,
        0xffe0...0xffe6, 0x16fe0...0x18cff, 0x1aff0...0x1b2ff, 0x1f200...0x1f2ff, 0x20000...0x3fffd,
    ]
}
