import JSONText

/// Values that no two runs have in common, known by their form alone: a difference between two of one form says nothing.
enum VolatileValue {
    static func areAlike(_ a: JSONValue, _ b: JSONValue) -> Bool {
        switch (a, b) {
        // The recording hides it: `redacted:` and 16 hexadecimal digits, whatever the value was.
        case (.string(let text), _) where self.isRedacted(text): return true
        case (_, .string(let text)) where self.isRedacted(text): return true
        case (.string(let a), .string(let b)):
            guard let form = self.form(a) else { return false }
            return form == self.form(b)
        case (.number, .number):
            guard let a = a.double, let b = b.double, let unit = self.epochUnit(a) else { return false }
            return unit == self.epochUnit(b)
        default: return false
        }
    }

    /// Members whose names say that they are another in every run: secrets, ids of sessions, times.
    private static let names: Set<String> = [
        "token", "accesstoken", "refreshtoken", "idtoken", "authtoken", "jwt", "password", "secret", "authorization",
        "apikey", "nonce", "csrf", "sid", "pid", "socketid", "sessionid", "ts", "timestamp", "time", "now", "date",
        "sentat", "createdat", "updatedat", "expiresat",
    ]

    /// - Parameter key: of an object, as it is written: case, `_` and `-` do not count.
    static func isNamed(_ key: some StringProtocol) -> Bool {
        self.names.contains(key.lowercased().filter { $0 != "_" && $0 != "-" })
    }

    /// Both texts, or both numbers.
    static func areOfOneKind(_ a: JSONValue, _ b: JSONValue) -> Bool {
        switch (a, b) {
        case (.string, .string), (.number, .number): true
        default: false
        }
    }

    private enum Form { case uuid, time, token }

    private static func form(_ text: String) -> Form? {
        let bytes = Array(text.utf8)
        if self.isUUID(bytes) { return .uuid }
        if self.isTime(bytes) { return .time }
        return self.isToken(text) ? .token : nil
    }

    private static func isRedacted(_ text: String) -> Bool {
        text.hasPrefix("redacted:") && text.utf8.count == 25 && text.utf8.dropFirst(9).allSatisfy(self.isHex)
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        self.isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    /// 8-4-4-4-12. Source: RFC 9562, section 4.
    private static func isUUID(_ bytes: [UInt8]) -> Bool {
        bytes.count == 36
            && bytes.indices.allSatisfy {
                [8, 13, 18, 23].contains($0) ? bytes[$0] == UInt8(ascii: "-") : self.isHex(bytes[$0])
            }
    }

    /// `2025-12-01T10:20:30`, with or without fractions and zone. Source: RFC 3339, section 5.6.
    private static func isTime(_ bytes: [UInt8]) -> Bool {
        let pattern = Array("dddd-dd-ddTdd:dd:dd".utf8)
        guard bytes.count >= pattern.count, bytes.count <= 40 else { return false }
        return pattern.indices.allSatisfy { place in
            switch pattern[place] {
            case UInt8(ascii: "d"): self.isDigit(bytes[place])
            case UInt8(ascii: "T"): [UInt8(ascii: "T"), UInt8(ascii: "t"), UInt8(ascii: " ")].contains(bytes[place])
            default: bytes[place] == pattern[place]
            }
        }
    }

    /// A JWT: three parts, the first the base64 of `{"`. Source: RFC 7519, section 3.
    private static func isToken(_ text: String) -> Bool {
        text.hasPrefix("eyJ") && text.utf8.count(where: { $0 == UInt8(ascii: ".") }) == 2
    }

    /// Seconds, milliseconds, microseconds or nanoseconds since 1970 between the years 2001 and 2065: the power of ten.
    private static func epochUnit(_ value: Double) -> Int? {
        var unit = 1.0
        for power in 0..<4 {
            if value >= 1e9 * unit, value < 3e9 * unit { return power * 3 }
            unit *= 1000
        }
        return nil
    }
}
