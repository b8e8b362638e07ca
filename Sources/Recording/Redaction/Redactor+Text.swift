extension Redactor {
    /// What Engine.IO itself asks for in a query.
    private static let ownParameters: Set<Substring> = ["EIO", "transport", "sid", "t", "b64", "j"]

    // MARK: URLs

    /// A URL or a request target: values of its query replaced, but for Engine.IO's own, and who stands before its host.
    public func url(_ text: String) -> String {
        self.url(text) { self.query($0, keeping: Self.ownParameters) }
    }

    /// A URL that is data, whose parameters say something: those of secrets replaced, in its fragment as well, and who
    /// stands before its host. Other texts stay.
    func quotedURL(_ text: String) -> String {
        let scheme = text.prefix { $0 != ":" }.lowercased()
        guard ["http", "https", "ws", "wss"].contains(scheme), text.dropFirst(scheme.count).hasPrefix("://") else {
            return text
        }
        let mark = text.firstIndex(of: "#")
        let url = self.url(String(text[..<(mark ?? text.endIndex)]), self.secretParameters)
        return mark.map { url + "#" + self.secretParameters(text[text.index(after: $0)...]) } ?? url
    }

    private func secretParameters(_ query: Substring) -> String {
        self.query(query) { name, value in
            self.names.contains(Self.percentDecoded(name).lowercased()) || Self.isToken(Self.percentDecoded(value))
        }
    }

    private func url(_ text: String, _ redacted: (Substring) -> String) -> String {
        var head = text[...]
        var query: Substring?
        if let mark = text.firstIndex(of: "?") {
            head = text[..<mark]
            query = text[text.index(after: mark)...]
        }
        var url = String(head)
        if let scheme = head.firstRange(of: "://") {
            let rest = head[scheme.upperBound...]
            let end = rest.firstIndex(of: "/") ?? rest.endIndex
            if let at = rest[..<end].lastIndex(of: "@") {
                url = head[..<scheme.upperBound] + self.key.redacted(String(rest[..<at])) + rest[at...]
            }
        }
        return query.map { url + "?" + redacted($0) } ?? url
    }

    /// `a=b&c=d`, values replaced. The value is hashed as it is meant, so that it equals the one in JSON.
    func query(_ query: Substring, keeping kept: Set<Substring>) -> String {
        self.query(query) { name, _ in !kept.contains(name) }
    }

    private func query(_ query: Substring, where isSecret: (Substring, Substring) -> Bool) -> String {
        query.split(separator: "&", omittingEmptySubsequences: false).map { pair in
            guard let equals = pair.firstIndex(of: "=") else { return String(pair) }
            let value = pair[pair.index(after: equals)...]
            guard !value.isEmpty, isSecret(pair[..<equals], value) else { return String(pair) }
            return pair[...equals] + self.key.redacted(Self.percentDecoded(value))
        }.joined(separator: "&")
    }

    /// The values that `url` replaces, as they are written and as they are meant.
    func secrets(of url: String) -> [String] {
        guard let mark = url.firstIndex(of: "?") else { return [] }
        return url[url.index(after: mark)...].split(separator: "&").flatMap { pair -> [String] in
            guard let equals = pair.firstIndex(of: "="), !Self.ownParameters.contains(pair[..<equals]) else {
                return []
            }
            let value = pair[pair.index(after: equals)...]
            let decoded = Self.percentDecoded(value)
            return decoded == value ? [decoded] : [String(value), decoded]
        }
    }

    private static func percentDecoded(_ text: Substring) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        let bytes = Array(text.utf8)
        var decoded: [UInt8] = []
        var offset = 0
        while offset < bytes.count {
            if bytes[offset] == UInt8(ascii: "%"), offset + 2 < bytes.count,
                let byte = UInt8(String(decoding: bytes[offset + 1...offset + 2], as: UTF8.self), radix: 16)
            {
                decoded.append(byte)
                offset += 3
            } else {
                decoded.append(bytes[offset])
                offset += 1
            }
        }
        return String(decoding: decoded, as: UTF8.self)
    }

    // MARK: Free text

    /// A text that is no JSON: what stands behind the name of a secret and `=` or `:` replaced, and words that are
    /// tokens. Linear in its length.
    ///
    /// - Parameter withURLs: it may quote a request line: all queries in it count.
    func scrubbed(_ text: String, withURLs: Bool = false) -> String {
        let bytes = Array(text.utf8)
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        var isChanged = false
        var offset = 0
        while offset < bytes.count {
            guard Self.isWord(bytes[offset]) else {
                if withURLs, bytes[offset] == UInt8(ascii: "?") {
                    let end = Self.end(of: bytes, from: offset + 1) { $0 > 0x20 && $0 != UInt8(ascii: "\"") }
                    let query = String(decoding: bytes[offset + 1..<end], as: UTF8.self)
                    let redacted = self.query(query[...], keeping: Self.ownParameters)
                    isChanged = isChanged || redacted != query
                    out.append(UInt8(ascii: "?"))
                    out.append(contentsOf: redacted.utf8)
                    offset = end
                } else {
                    out.append(bytes[offset])
                    offset += 1
                }
                continue
            }
            let end = Self.end(of: bytes, from: offset, while: Self.isWord)
            let word = String(decoding: bytes[offset..<end], as: UTF8.self)
            if Self.isToken(word) {
                out.append(contentsOf: self.key.redacted(word).utf8)
                isChanged = true
                offset = end
                continue
            }
            out.append(contentsOf: bytes[offset..<end])
            offset = end
            let isScheme = word == "Bearer" || word == "Basic"
            guard isScheme || self.names.contains(word.lowercased()),
                let value = Self.value(of: bytes, behind: end, isScheme: isScheme)
            else { continue }
            out.append(contentsOf: bytes[end..<value.lowerBound])
            out.append(contentsOf: self.key.redacted(String(decoding: bytes[value], as: UTF8.self)).utf8)
            isChanged = true
            offset = value.upperBound
        }
        return isChanged ? String(decoding: out, as: UTF8.self) : text
    }

    /// Where the value behind a name stands: `="x y"`, `: x`, `\":\"x\"`.
    private static func value(of bytes: [UInt8], behind start: Int, isScheme: Bool) -> Range<Int>? {
        func isQuote(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") }
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
        var offset = Self.end(of: bytes, from: start) { isQuote($0) || isSpace($0) || $0 == UInt8(ascii: "\\") }
        if !isScheme {
            guard offset < bytes.count, bytes[offset] == UInt8(ascii: "=") || bytes[offset] == UInt8(ascii: ":") else {
                return nil
            }
            offset += 1
        }
        offset = Self.end(of: bytes, from: offset) { isSpace($0) || $0 == UInt8(ascii: "\\") }
        let end: Int
        if offset < bytes.count, isQuote(bytes[offset]) {
            let quote = bytes[offset]
            offset += 1
            end = Self.end(of: bytes, from: offset) { $0 != quote && $0 != UInt8(ascii: "\\") }
        } else {
            // Up to what ends a value in a query, a header, JSON or a page. A scheme and what follows are one value.
            var last = Self.end(of: bytes, from: offset) { $0 > 0x20 && !"&,;<>\"'}])\\".utf8.contains($0) }
            let word = String(decoding: bytes[offset..<last], as: UTF8.self)
            if word == "Bearer" || word == "Basic", last < bytes.count, bytes[last] == 0x20 {
                last = Self.end(of: bytes, from: last + 1) { $0 > 0x20 && !"&,;<>\"'}])\\".utf8.contains($0) }
            }
            end = last
        }
        return offset < end ? offset..<end : nil
    }

    private static func end(of bytes: [UInt8], from start: Int, while accepts: (UInt8) -> Bool) -> Int {
        var offset = start
        while offset < bytes.count, accepts(bytes[offset]) { offset += 1 }
        return offset
    }

    /// What names of keys, and tokens, are made of.
    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."),
            0x80...:
            true
        default: false
        }
    }
}
