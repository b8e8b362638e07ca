import TimelineModel

struct NamespaceSyntax: SessionRule {
    static let page = RulePage(
        "namespace-syntax", .socketIO, .error, versions: "Socket.IO 5", sides: [.client],
        source: """
            Socket.IO protocol 5, "Packet encoding"; socket.io-parser lib/index.ts `decodeString`;
            miguelgrinberg/python-socketio#1197
            """,
        summary: "The client's CONNECT names a namespace that is none: a query, auth data or no slash",
        finds: """
            A CONNECT of the client whose namespace holds a `?`, a `{`, a `[`, a `"` or a blank, or that does not begin
            with a slash. In a session of Engine.IO 3 the `?` is right.
            """,
        why: """
            A namespace ends at the first comma. Without it the auth payload becomes a part of the name: the server
            looks for a namespace that nobody declared, or reads the rest as JSON that is none and closes. Since version
            3 a query behind the name is taken literally by Node's server; python-socketio cuts it off.
            """,
        clientFix: """
            Write `40/name,` with a slash in front and a comma behind, and the auth data behind the comma:
            `40/name,{"token":...}`. For the root namespace: `40{"token":...}`.
            """,
        serverFix: "Nothing: the client breaks the protocol.",
        falseAlarms: "Clients of Socket.IO 2 append a query to the namespace; their server takes it apart.")

    static let sees: Interest = [.connect, .connectError, .otherMessage]

    /// CONNECTs with a bad name that the server could read, until it has answered.
    private var waiting: [String: (mark: Mark, fault: String)] = [:]

    init(_ settings: RuleSettings) {}

    mutating func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        let namespace = frame.namespace ?? "/"
        switch (frame.socketIOType, frame.sender) {
        case (nil, .client):
            guard let fault = Self.fault(ofMalformed: frame, session) else { return }
            report.add("CONNECT for a namespace with \(fault)", frame: frame, consequence: .end(by: .server))
        case (.connect, .client):
            guard let fault = Self.fault(of: namespace), self.waiting.count < 64 else { return }
            self.waiting[namespace] = (Mark(frame), fault)
        case (_, .server):
            guard let asked = self.waiting.removeValue(forKey: namespace) else { return }
            self.report(namespace, asked.mark, asked.fault, frame.socketIOType == .connectError, &report)
        default:
            break
        }
    }

    mutating func end(_ session: SessionState, _ report: inout Report) {
        for (namespace, asked) in self.waiting.sorted(by: { $0.value.mark.frameID < $1.value.mark.frameID }) {
            self.report(namespace, asked.mark, asked.fault, false, &report)
        }
    }

    private func report(
        _ namespace: String, _ mark: Mark, _ fault: String, _ isRefused: Bool, _ report: inout Report
    ) {
        report.add(
            "CONNECT for namespace \(Phrase.namespace(namespace)) with \(fault)" + (isRefused ? ", refused" : ""),
            at: mark.at, frameID: mark.frameID, consequence: isRefused ? .shown : .end(by: .server),
            evidence: Evidence(frames: [mark.frameID]))
    }

    /// What a name holds that cannot be part of one; nil for a good name. In a session of version 4 the decoder has
    /// taken the query off.
    static func fault(of namespace: String) -> String? {
        switch namespace.first(where: { Phrase.endsOfNames.contains($0) }) {
        case nil: return nil
        case "?": return "a query in it"
        case " ": return "a blank in it"
        default: return "auth data in it: a comma is missing behind the name"
        }
    }

    /// The same of a CONNECT that could not be read, in a session whose other messages are of Socket.IO.
    static func fault(ofMalformed frame: Frame, _ session: SessionState) -> String? {
        guard frame.sender == .client, session.isEngineIO4, session.isSocketIO, let text = frame.payload,
            text.hasPrefix("0"), let second = text.dropFirst().first
        else { return nil }
        if second.isLetter { return "no slash in front" }
        guard second == "/", let name = text.dropFirst().split(separator: ",", maxSplits: 1).first else { return nil }
        return Self.fault(of: String(name))
    }
}
