/// The kind of a server as it is taken for a diagnosis, and why.
public struct ServerProfile: Hashable, Sendable {
    public var kind: ServerKind
    /// What speaks for it: clauses. Empty where it was given or is not known.
    public var reasons: [String]
    /// The user said so.
    public var isGiven: Bool
    /// The Server header: what it runs on.
    public var software: String?

    /// "python-engineio on \"uvicorn\"".
    var name: String {
        self.kind.name + (self.software.map { " on \(Phrase.quoted($0, limit: 40))" } ?? "")
    }

    init(_ evidence: ServerEvidence, given: ServerKind?) {
        self.kind = given ?? evidence.kind
        self.reasons = given == nil ? evidence.signs[evidence.kind] ?? [] : []
        self.isGiven = given != nil
        self.software = evidence.software
    }
}
