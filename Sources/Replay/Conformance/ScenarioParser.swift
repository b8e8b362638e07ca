/// Reads a script: a head of `key value` lines, an empty line, then a step a line. `#` begins a comment line.
public struct ScenarioParser {
    /// How long a client has for what has no time of its own. Long, for a start of a program and a busy machine count
    /// in; what has to be quick says so.
    static let patienceNs: Int64 = 10_000_000_000

    private var scenario: Scenario
    private var captured: Set<String> = []

    /// - Parameter name: of the file, without its extension.
    public static func parse(_ text: String, name: String) throws(ScenarioError) -> Scenario {
        var parser = ScenarioParser(scenario: Scenario(name: name))
        var isHead = true
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.trimmingSpaces
            if line.isEmpty {
                isHead = isHead && parser.scenario.title.isEmpty
            } else if !line.hasPrefix("#") {
                do throws(ScenarioError) {
                    if isHead { try parser.readHead(line) } else { try parser.readStep(line, number: index + 1) }
                } catch {
                    throw ScenarioError(line: index + 1, expected: error.expected)
                }
            }
        }
        guard !parser.scenario.title.isEmpty, !parser.scenario.source.isEmpty else {
            throw ScenarioError(line: 0, expected: "a scenario needs the keys 'title' and 'source' in its head")
        }
        guard !parser.scenario.steps.isEmpty else {
            throw ScenarioError(line: 0, expected: "a scenario needs a step below its head")
        }
        return parser.scenario
    }

    // MARK: Head

    private mutating func readHead(_ line: Substring) throws(ScenarioError) {
        let (key, value) = line.firstWord
        guard !value.isEmpty else { throw Self.bad("'\(key)' needs a value") }
        switch key {
        case "title": self.scenario.title = String(value)
        case "source": self.scenario.source = String(value)
        case "transport": self.scenario.transports = try Self.word(value, of: key)
        case "upgrade": self.scenario.upgrade = try Self.word(value, of: key)
        case "namespaces":
            self.scenario.namespaces = value.split(separator: " ").map(String.init)
            guard self.scenario.namespaces.allSatisfy({ $0.hasPrefix("/") && !$0.contains(",") }) else {
                throw Self.bad("a namespace begins with / and has no comma")
            }
        case "interval": self.scenario.pingIntervalMs = Int(try Self.duration(value) / 1_000_000)
        case "timeout": self.scenario.pingTimeoutMs = Int(try Self.duration(value) / 1_000_000)
        case "limit": self.scenario.limitNs = try Self.duration(value)
        case "extra": self.scenario.extra = String(value)
        case "max-payload":
            guard value != "none" else {
                self.scenario.maxPayload = nil
                return
            }
            guard let bytes = Int(value), bytes > 0 else { throw Self.bad("max-payload is a number of bytes, or none") }
            self.scenario.maxPayload = bytes
        case "deflate": self.scenario.deflates = try Self.yes(value, of: key)
        default:
            throw Self.bad(
                "no key is called '\(key)': title, source, transport, upgrade, namespaces, interval, timeout, max-payload, extra, "
                    + "deflate, limit")
        }
    }

    private static func word<Word: RawRepresentable & CaseIterable>(
        _ value: Substring, of key: Substring
    ) throws(ScenarioError) -> Word where Word.RawValue == String {
        guard let word = Word(rawValue: String(value)) else {
            throw bad("\(key) is one of \(Word.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return word
    }

    private static func yes(_ value: Substring, of key: Substring) throws(ScenarioError) -> Bool {
        guard value == "yes" || value == "no" else { throw bad("\(key) is yes or no") }
        return value == "yes"
    }

    // MARK: Steps

    private mutating func readStep(_ line: Substring, number: Int) throws(ScenarioError) {
        let action = try self.action(line)
        self.scenario.steps.append(ScenarioStep(line: number, text: String(line), action: action))
    }

    private mutating func action(_ line: Substring) throws(ScenarioError) -> ScenarioStep.Action {
        let (verb, rest) = line.firstWord
        switch verb {
        case ">": return try self.sending(rest)
        case "<": return try self.expecting(rest)
        case "<~":
            let (body, within) = try Self.clause("within", rest)
            return .expectAnywhere(try self.pattern(body), within: within ?? Self.patienceNs)
        case "join":
            let (body, within) = try Self.clause("within", rest)
            return .join(namespace: body.isEmpty ? "/" : String(body), within: within ?? Self.patienceNs)
        case "beat":
            guard let rounds = Int(rest), (1...1000).contains(rounds) else {
                throw Self.bad("beat needs 1 to 1000 rounds")
            }
            return .beat(rounds)
        case "wait": return .wait(try Self.duration(rest))
        case "quiet": return .quiet(try Self.duration(rest))
        case "close": return .end(try Self.closing(rest))
        case "cut": return .end(.fin)
        case "reset": return .end(.reset)
        case "left":
            let (head, within) = try Self.clause("within", rest)
            let (body, after) = try Self.clause("after", head)
            guard body.isEmpty else { throw Self.bad("left has 'after T' and 'within T' alone") }
            return .left(after: after ?? 0, within: within ?? Self.patienceNs)
        case "reconnect":
            let (head, within) = try Self.clause("within", rest)
            let (body, after) = try Self.clause("after", head)
            guard body.isEmpty else { throw Self.bad("reconnect has 'after T' and 'within T' alone") }
            return .reconnect(after: after ?? 0, within: within ?? Self.patienceNs)
        case "no":
            guard rest.hasPrefix("reconnect for ") else { throw Self.bad("expected 'no reconnect for T'") }
            return .noReconnect(for: try Self.duration(rest.dropFirst("reconnect for ".count)))
        case "poll-error":
            let (body, within) = try Self.clause("within", rest)
            let (status, text) = try Self.status(body)
            return .pollError(status: status, body: text, within: within ?? Self.patienceNs)
        case "refuse":
            let (head, within) = try Self.clause("within", rest)
            let (body, after) = try Self.clause("after", head)
            let (status, text) = try Self.status(body)
            return .refuse(status: status, body: text, after: after ?? 0, within: within ?? Self.patienceNs)
        case "probed": return .probed(within: try Self.onlyWithin(rest, of: verb))
        case "upgraded": return .upgraded(within: try Self.onlyWithin(rest, of: verb))
        case "alive": return .alive(within: try Self.onlyWithin(rest, of: verb))
        default:
            throw Self.bad(
                "no step begins with '\(verb)': > < <~ join beat wait quiet close cut reset poll-error left reconnect no "
                    + "refuse probed upgraded alive")
        }
    }

    private mutating func sending(_ rest: Substring) throws(ScenarioError) -> ScenarioStep.Action {
        let (word, body) = rest.firstWord
        switch word {
        case "raw":
            guard let bytes = Hex.bytes(body[...]), !bytes.isEmpty else {
                throw Self.bad("raw needs hexadecimal digits")
            }
            return .sendRaw(bytes)
        case "ping":
            guard body.utf8.count <= 125 else { throw Self.bad("a control frame carries 125 bytes at most") }
            return .sendControlPing(String(body), within: 2_000_000_000)
        case "fragments":
            let (count, text) = body.firstWord
            guard let count = Int(count), (2...1000).contains(count) else {
                throw Self.bad("fragments needs a number from 2 to 1000")
            }
            let withPings = text.hasPrefix("with pings ")
            return try self.packet(
                withPings ? text.dropFirst("with pings ".count) : text, .fragments(count, pings: withPings))
        default: return try self.packet(rest, .whole)
        }
    }

    private func packet(_ text: Substring, _ form: ScenarioStep.Form) throws(ScenarioError) -> ScenarioStep.Action {
        let (header, attachments) = try Self.attachments(text)
        return .send(try self.filling(try Self.expanded(header)), attachments: attachments, form: form)
    }

    private mutating func expecting(_ rest: Substring) throws(ScenarioError) -> ScenarioStep.Action {
        var rest = rest
        var reason: String?
        if let mark = rest.firstRange(of: " or skip: ") {
            reason = String(rest[mark.upperBound...])
            rest = rest[..<mark.lowerBound]
        }
        let (body, within) = try Self.clause("within", rest)
        switch body {
        case "3": return .expectPong(within: within ?? Self.patienceNs)
        case "close": return .expectCloseAnswer(within: within ?? Self.patienceNs)
        default: return .expect(try self.pattern(body), within: within ?? Self.patienceNs, elseSkip: reason)
        }
    }

    private mutating func pattern(_ text: Substring) throws(ScenarioError) -> PacketPattern {
        let (header, attachments) = try Self.attachments(text)
        let pattern = try PacketPattern(try Self.expanded(header), attachments: attachments)
        self.captured.formUnion(pattern.captures)
        return pattern
    }

    /// `HEADER + HEX + HEX`, the binary messages behind their header.
    private static func attachments(_ text: Substring) throws(ScenarioError) -> (Substring, [[UInt8]]) {
        var parts = text.split(separator: " + ", omittingEmptySubsequences: false)
        guard parts.count > 1 else { return (text, []) }
        let header = parts.removeFirst()
        var attachments: [[UInt8]] = []
        for part in parts {
            let part = part.trimmingSpaces
            // Nothing of a header contains " + " and hexadecimal digits alone behind it.
            guard let bytes = Hex.bytes(part) else {
                throw bad("behind ' + ' stands an attachment in hexadecimal digits")
            }
            attachments.append(bytes)
        }
        return (header, attachments)
    }

    /// `%{x*1000}` is a thousand times x.
    private static func expanded(_ text: Substring) throws(ScenarioError) -> String {
        var result = ""
        var rest = text
        while let open = rest.firstRange(of: "%{") {
            result += rest[..<open.lowerBound]
            rest = rest[open.upperBound...]
            guard let close = rest.firstIndex(of: "}"), let star = rest[..<close].lastIndex(of: "*"),
                let count = Int(rest[rest.index(after: star)..<close]), (0...10_000_000).contains(count)
            else { throw bad("a repetition is %{TEXT*COUNT}") }
            result += String(repeating: String(rest[..<star]), count: count)
            rest = rest[rest.index(after: close)...]
        }
        return result + rest
    }

    /// Finds the captured names in a text.
    private func filling(_ text: String) throws(ScenarioError) -> ScenarioText {
        var parts: [ScenarioText.Part] = []
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            let behind = rest.index(after: dollar)
            let end = rest[behind...].firstIndex { !$0.isLetter } ?? rest.endIndex
            let name = String(rest[behind..<end])
            guard self.captured.contains(name) else {
                throw Self.bad("'$\(name)' is sent, and no '<' above captures it")
            }
            parts += [.plain(String(rest[..<dollar])), .captured(name)]
            rest = rest[end...]
        }
        return ScenarioText(parts: parts + [.plain(String(rest))])
    }

    private static func closing(_ rest: Substring) throws(ScenarioError) -> ConnectionEnd {
        guard !rest.isEmpty else { return .webSocketClose(code: nil, reason: "") }
        let (code, reason) = rest.firstWord
        guard let code = UInt16(code), (1000...4999).contains(code), reason.utf8.count <= 123 else {
            throw bad("close has a code from 1000 to 4999 and a reason of 123 bytes at most, or nothing")
        }
        return .webSocketClose(code: code, reason: String(reason))
    }

    private static func status(_ text: Substring) throws(ScenarioError) -> (Int, String) {
        let (number, body) = text.firstWord
        guard let status = Int(number), (400...599).contains(status) else {
            throw bad("expected an HTTP status from 400 to 599, found '\(number)'")
        }
        return (status, String(body))
    }

    // MARK: Times

    private static func onlyWithin(_ rest: Substring, of verb: Substring) throws(ScenarioError) -> Int64 {
        let (body, within) = try clause("within", rest)
        guard body.isEmpty else { throw bad("\(verb) has 'within T' alone") }
        return within ?? patienceNs
    }

    /// Takes `within T` or `after T` from the end of a line; nil where there is none.
    private static func clause(_ word: String, _ text: Substring) throws(ScenarioError) -> (Substring, Int64?) {
        let words = text.split(separator: " ")
        guard words.count >= 3, words[words.count - 3] == word[...] else { return (text, nil) }
        let start = words[words.count - 3].startIndex
        return (text[..<start].trimmingSpaces, try duration(text[words[words.count - 2].startIndex...]))
    }

    /// `300 ms` or `2 s`, in nanoseconds.
    static func duration(_ text: Substring) throws(ScenarioError) -> Int64 {
        let (number, unit) = text.firstWord
        guard let value = Int64(number), (0...3_600_000).contains(value), unit == "ms" || unit == "s" else {
            throw bad("a time is a whole number and ms or s, as in '300 ms'; found '\(text)'")
        }
        return value * (unit == "s" ? 1_000_000_000 : 1_000_000)
    }

    private static func bad(_ expected: String) -> ScenarioError { ScenarioError(line: 0, expected: expected) }
}

extension Substring {
    fileprivate var trimmingSpaces: Substring {
        var text = self
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }

    /// Up to the first space, and what stands behind the spaces there.
    fileprivate var firstWord: (Substring, Substring) {
        guard let space = self.firstIndex(of: " ") else { return (self, "") }
        return (self[..<space], self[space...].trimmingSpaces)
    }
}
