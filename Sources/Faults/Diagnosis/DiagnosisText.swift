import TimelineModel

extension Diagnosis {
    /// The story of the end as one paragraph; a clean end in one sentence. Markdown's backquotes mark words of a wire or an
    /// API.
    public var paragraph: String {
        guard !self.isClean else {
            let comma = self.livesNs.isEmpty ? "" : ","
            let goodbye = self.saysGoodbye ? ", after a DISCONNECT" : ""
            return "\(self.opening)\(comma) ended cleanly: \(self.ending)\(goodbye)."
        }
        var sentences = ["\(self.opening): \(self.ending)."]
        if let cause { sentences += self.sentences(cause) }
        if !self.ruledOut.isEmpty {
            let reasons = self.ruledOut.map { "`\($0.rule)` (\($0.reason))" }
            sentences.append("Ruled out: \(Phrase.list(reasons)).")
        }
        if let reports = self.reports { sentences.append(reports) }
        sentences.append(self.serverSentence)
        if let clientFix { sentences.append("To change in the client: \(Self.decapitalised(clientFix))") }
        if let serverFix, !serverFix.hasPrefix("Nothing") {
            sentences.append("On the server: \(Self.decapitalised(serverFix))")
        }
        return sentences.joined(separator: " ")
    }

    /// "Session 3, 25.003 s long" or "4 sessions in 105 s, each 25.0 s long (1, 2, 3, 4)".
    public var opening: String {
        let lives = self.livesNs
        guard self.sessions.count > 1 else {
            let life = lives.first.map { ", \(Phrase.duration($0)) long" } ?? ""
            return "Session \(self.sessions.first?.id ?? 0)\(life)"
        }
        var text = Phrase.count(self.sessions.count, "session")
        if let first = self.sessions.map(\.opened).min(), let last = self.sessions.compactMap(\.ended).max() {
            text += " in \(Phrase.duration(last.nanoseconds(since: first)))"
        }
        if let shortest = lives.min(), let longest = lives.max() {
            let (least, most) = (Phrase.duration(shortest), Phrase.duration(longest))
            text += least == most ? ", each \(least) long" : ", \(least) to \(most) long"
        }
        return text + " (\(Self.ranges(self.sessions.map(\.id))))"
    }

    private func sentences(_ cause: Cause) -> [String] {
        let basis = Phrase.list(cause.basis)
        guard let rule = cause.rule else {
            let sure = cause.confidence.rawValue.prefix(1).uppercased() + cause.confidence.rawValue.dropFirst()
            return ["\(sure) cause: \(cause.text)\(basis.isEmpty ? "" : ", for \(basis)")."]
        }
        let first = self.sessions.count > 1 ? " of the first" : ""
        let frame = cause.frameID.map { cause.isAbsence ? ", counted from frame \($0)" : ", in frame \($0)" } ?? ""
        return [
            "The cause\(first), \(Phrase.duration(cause.delayNs)) before\(frame): \(cause.text) (`\(rule)`).",
            "This is \(cause.confidence.rawValue): \(basis).",
        ]
    }

    private var reports: String? {
        switch (self.clientReports, self.serverReports) {
        case (let client?, let server?): "The client will have reported \(client), the server \(server)."
        case (let client?, nil): "The client will have reported \(client)."
        case (nil, let server?): "The server will have reported \(server)."
        case (nil, nil): nil
        }
    }

    private var serverSentence: String {
        if self.server.isGiven { return "The server was given as \(self.server.kind.name)." }
        guard self.server.kind != .unknown else { return "The server's kind does not show." }
        return "The server is taken for \(self.server.name): \(Phrase.list(self.server.reasons))."
    }

    private static func decapitalised(_ text: String) -> String {
        // Not where the first word is a name or an acronym.
        let word = text.prefix { $0.isLetter }
        guard word.dropFirst().allSatisfy(\.isLowercase), !["Node", "Python", "Engine", "Socket"].contains(word) else {
            return text
        }
        return text.prefix(1).lowercased() + text.dropFirst()
    }

    /// `1-4, 7`.
    public static func ranges(_ ids: [Int64]) -> String {
        var parts: [(Int64, Int64)] = []
        for id in ids.sorted() {
            if let last = parts.last, last.1 < id, last.1 + 1 == id {
                parts[parts.count - 1].1 = id
            } else {
                parts.append((id, id))
            }
        }
        return parts.map { $0 == $1 ? "\($0)" : "\($0)-\($1)" }.joined(separator: ", ")
    }
}

extension Diagnosis.OtherFault {
    /// "eio4-client-ping (2 times): client ping 25.002 s after open under EIO=4. Node engine.io closes at once; ..."
    public var sentence: String {
        let times = self.count > 1 ? " (\(self.count) times)" : ""
        let other = self.elsewhere.map { " On other servers: \($0)." } ?? ""
        return "`\(self.rule)`\(times): \(self.message).\(other)"
    }
}
