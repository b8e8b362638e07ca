import TestSupport

/// Random valid JSON texts: every kind of value, escapes written in several ways, white space anywhere it may stand.
struct RandomDocuments {
    private var random: SeededRandom

    init(seed: UInt64) {
        self.random = SeededRandom(seed: seed)
    }

    mutating func next() -> String {
        self.space() + self.value(depth: 0) + self.space()
    }

    mutating func mutated(_ text: String) -> [UInt8] {
        self.random.mutated(Array(text.utf8))
    }

    private mutating func pick(_ choices: [String]) -> String {
        choices[Int.random(in: 0..<choices.count, using: &self.random)]
    }

    private mutating func space() -> String { self.pick(["", "", "", " ", "\n", "\t \r"]) }

    private mutating func value(depth: Int) -> String {
        switch Int.random(in: 0..<(depth < 5 ? 9 : 6), using: &self.random) {
        case 0: return self.pick(["null", "true", "false"])
        case 1, 2: return self.number()
        case 3, 4, 5: return self.string()
        case 6, 7:
            let values = (0..<Int.random(in: 0...4, using: &self.random)).map { _ in
                self.space() + self.value(depth: depth + 1) + self.space()
            }
            return "[" + (values.isEmpty ? self.space() : values.joined(separator: ",")) + "]"
        default:
            // Keys are numbered: of two equal ones Foundation keeps one, a tree both.
            let members = (0..<Int.random(in: 0...4, using: &self.random)).map { index in
                "\(self.space())\"\(index)\(self.string().dropFirst())\(self.space()):\(self.space())"
                    + self.value(depth: depth + 1) + self.space()
            }
            return "{" + (members.isEmpty ? self.space() : members.joined(separator: ",")) + "}"
        }
    }

    private mutating func number() -> String {
        switch Int.random(in: 0..<4, using: &self.random) {
        case 0: "\(Int64(truncatingIfNeeded: self.random.next()))"
        case 1: "\(Int.random(in: -1000...1000, using: &self.random))"
        case 2: "\(Double.random(in: -1e9...1e9, using: &self.random))"
        default:
            "\(Int.random(in: -99...99, using: &self.random)).\(Int.random(in: 0...99, using: &self.random))"
                + self.pick(["e", "E"]) + self.pick(["", "+", "-"]) + "\(Int.random(in: 0...99, using: &self.random))"
        }
    }

    private mutating func string() -> String {
        let parts = [
            "a", "Z", "0", " ", "é", "€", "😀", "\u{301}", "\u{2028}", "\u{7F}", "[", "}", ",", ":", "/", #"\""#, #"\\"#,
            #"\/"#,
            #"\b"#, #"\f"#, #"\n"#, #"\r"#, #"\t"#, #"\u0000"#, #"\u001E"#, #"\u00e9"#, #"\uD83D\uDE00"#, #"\u20AC"#,
        ]
        return "\"" + (0..<Int.random(in: 0...8, using: &self.random)).map { _ in self.pick(parts) }.joined() + "\""
    }
}
