internal import JSONText
public import TimelineModel

/// Replaces secrets in rows by keyed hashes, before anything else sees them: equal secrets stay equal, so rules that
/// compare credentials (`stale-auth-on-reconnect`, `duplicate-sessions`, `recovery-failed`) find what they would find.
///
/// What is replaced:
/// - every value of the auth payload of a CONNECT, at any depth, and the query of a namespace; `null` stays;
/// - the `pid` of connection state recovery, in the CONNECT and in its answer;
/// - in every JSON text (arguments of events and acks, refusals, handshakes, plain messages) the values of keys by name,
///   in any case, with all that is in them; all arguments of an event of such a name; JSON inside a string as well;
/// - texts that are a JSON Web Token or begin with `Bearer ` or `Basic `, wherever they stand as a JSON string or word;
/// - values of the query in a URL, but for Engine.IO's own `EIO`, `transport`, `sid`, `t`, `b64` and `j`, and the user
///   and password before a host; in a URL that is a JSON string only the values of parameters of such a name, or that
///   are tokens;
/// - in texts that are no JSON (bodies of errors, reasons, what a broken packet holds, details of anomalies) what stands
///   behind such a key and `=` or `:`. Of a CONNECT that is broken only the beginning is kept.
///
/// Sizes stay those of the wire. Headers are not stored at all, so neither are cookies nor `Authorization`.
///
/// What is not covered: other words of free text; binary data (attachments, binary messages). Of a packet of
/// socket.io-msgpack-parser the JSON is redacted, and its bytes are dropped where that changed anything. The `exp` of a
/// token is gone with the token: that it had expired is then not found, only that it was refused again.
public struct Redactor: Sendable {
    /// Names of keys whose values are secrets, in lower case.
    public static let defaultNames: Set<String> = [
        "password", "passwd", "passphrase", "pwd", "otp", "token", "access_token", "accesstoken", "refresh_token",
        "refreshtoken", "id_token", "idtoken", "auth_token", "authtoken", "csrf_token", "csrftoken", "jwt", "bearer",
        "secret", "client_secret", "clientsecret", "private_key", "privatekey", "authorization", "auth", "credential",
        "credentials", "apikey", "api_key", "api-key", "x-api-key", "cookie", "cookies", "set-cookie", "session",
        "session_id", "sessionid", "session_token", "sessiontoken",
    ]

    let key: RedactionKey
    let names: Set<String>
    private let added: [String]

    /// - Parameter adding: further names of JSON keys, in any case.
    public init(_ key: RedactionKey, adding names: [String] = []) {
        self.key = key
        self.added = names.map { $0.lowercased() }.filter { !Self.defaultNames.contains($0) }
        self.names = Self.defaultNames.union(self.added)
    }

    /// For `captures.redacted`: a JSON array of what is replaced.
    public var summary: String {
        let kinds = ["auth", "url-query", "json-keys", "tokens"] + self.added.map { "json-key:\($0)" }
        return JSONValue.array(kinds.map { .string($0) }).description
    }

    public mutating func redact(_ batch: inout TimelineBatch) {
        let broken = Set(
            batch.anomalies.lazy.filter { $0.code.text.hasSuffix("malformed-packet") }.compactMap(\.frameID))
        for index in batch.frames.indices {
            self.redact(&batch.frames[index], isBroken: broken.contains(batch.frames[index].id))
        }
        for index in batch.exchanges.indices { self.redact(&batch.exchanges[index]) }
        for index in batch.anomalies.indices { self.redact(&batch.anomalies[index]) }
    }

    /// The source may be a URL as the user gave it.
    public func redact(_ capture: inout CaptureFacts) {
        if capture.source.contains("://") { capture.source = self.url(capture.source) }
    }

    // MARK: Frames

    private func redact(_ frame: inout Frame, isBroken: Bool) {
        if let namespace = frame.namespace { frame.namespace = self.namespace(namespace) }
        guard let payload = frame.payload else { return }
        let redacted = self.payload(
            payload, of: frame.socketIOType, event: frame.event, from: frame.sender, isBroken: isBroken)
        guard redacted != payload else { return }
        frame.payload = redacted
        // Of a packet of MessagePack the payload is made from its bytes.
        if frame.binary != nil { frame.binary = nil }
    }

    /// The payload of a Socket.IO packet, or of something else where the type is nil.
    func payload(
        _ payload: String, of type: SocketIOType?, event: String?, from sender: Sender, isBroken: Bool
    ) -> String {
        if isBroken { return self.brokenPacket(payload) }
        if type == .connect {
            if payload.hasPrefix("?") { return "?" + self.query(payload.dropFirst(), keeping: []) }
            guard let value = try? JSONValue(payload) else { return self.brokenPacket(payload) }
            return (sender == .client ? self.all(value) : self.connectAnswer(value)).description
        }
        return self.text(payload, event: event)
    }

    /// `pid` lets who knows it take over what the client missed.
    private func connectAnswer(_ value: JSONValue) -> JSONValue {
        guard case .object(let members) = self.named(value, depth: 0) else { return value }
        return .object(members.map { $0.key == "pid" ? .init($0.key, self.all($0.value)) : $0 })
    }

    /// The name with what stands in front of the auth data that a comma should have parted from it.
    func namespace(_ name: String) -> String {
        guard let mark = name.firstIndex(where: { "?{[\"".contains($0) }) else { return name }
        let rest = name[name.index(after: mark)...]
        if name[mark] == "?" { return name[...mark] + self.query(rest, keeping: []) }
        return name[...mark] + (rest.isEmpty ? "" : self.key.redacted(String(rest)))
    }

    /// A packet that could not be read: the rules look at how it begins. A CONNECT is cut where data begins.
    func brokenPacket(_ text: String) -> String {
        let isConnect = text.hasPrefix("0") || text.hasPrefix("40") || text.hasPrefix("{") || text.hasPrefix("[")
        guard isConnect, let mark = text.firstIndex(where: { "?{[\"".contains($0) }) else { return self.scrubbed(text) }
        let rest = text[text.index(after: mark)...]
        return text[...mark] + (rest.isEmpty ? "" : self.key.redacted(String(rest)))
    }

    // MARK: Exchanges

    private func redact(_ exchange: inout ExchangeFacts) {
        let target = exchange.target
        exchange.target = self.url(target)
        guard exchange.errorBody != nil || exchange.errorMessage != nil else { return }
        let secrets = target == exchange.target ? [] : self.secrets(of: target)
        exchange.errorBody = exchange.errorBody.map { self.text(self.replacing(secrets, in: $0)) }
        exchange.errorMessage = exchange.errorMessage.map { self.text(self.replacing(secrets, in: $0)) }
    }

    /// A page that says what was not found may say it with the query.
    func replacing(_ secrets: [String], in text: String) -> String {
        var text = text
        for secret in secrets where secret.utf8.count >= 4 {
            text = text.split(separator: secret, omittingEmptySubsequences: false)
                .joined(separator: self.key.redacted(secret))
        }
        return text
    }

    // MARK: Anomalies

    private func redact(_ anomaly: inout Anomaly) {
        var detail = anomaly.detail
        // Quotes a value that is not what it should be.
        if anomaly.code == "hook.bad-line", let found = detail.firstRange(of: "\" is "),
            let end = detail.firstRange(of: "; expected ", after: found.upperBound)
        {
            let value = String(detail[found.upperBound..<end])
            // The word for none at all; a text would stand in quotes.
            if value != "missing" {
                detail.replaceSubrange(found.upperBound..<end, with: self.key.redacted(value))
            }
        }
        anomaly.detail = self.scrubbed(detail, withURLs: true)
    }
}

extension String {
    fileprivate func firstRange(of text: String, after start: Index) -> Index? {
        self[start...].firstRange(of: text)?.lowerBound
    }
}
