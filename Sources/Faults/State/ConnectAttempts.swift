import JSONText
import TimelineModel

/// One CONNECT of a client and its answer.
public struct ConnectAttempt: Hashable, Sendable {
    public enum Outcome: Hashable, Sendable {
        case unanswered
        case accepted(Mark)
        /// With the message that the server gave, where it gave one.
        case refused(Mark, message: String?)
    }

    public var namespace: String
    public var mark: Mark
    /// The auth payload as canonical JSON (keys sorted) without `pid` and `offset`, which change by themselves; hashed,
    /// for it is a secret. Nil where there is none.
    public var authHash: Int?
    /// When the first JSON Web Token in the payload expires, in seconds since the Unix epoch.
    public var tokenExpiry: Double?
    public var outcome: Outcome
    /// It asks for the state of an earlier connection: it carries a `pid`.
    public var asksRecovery = false
    /// The client left the namespace before an answer came.
    public var withdrawn: Mark?
}

/// The CONNECTs of one session, the first so many.
public struct ConnectAttempts: Hashable, Sendable {
    static let limit = 256

    public private(set) var all: [ConnectAttempt] = []
    public private(set) var isFull = false

    mutating func apply(_ frame: Frame) {
        switch (frame.socketIOType, frame.sender) {
        case (.connect, .client):
            guard self.all.count < Self.limit else {
                self.isFull = true
                return
            }
            let auth = frame.payload.flatMap { try? JSONValue($0) }
            self.all.append(
                ConnectAttempt(
                    namespace: frame.namespace ?? "/", mark: Mark(frame), authHash: auth.flatMap(Self.hash),
                    tokenExpiry: auth.flatMap { JSONWebToken.firstExpiry(in: $0) }, outcome: .unanswered,
                    asksRecovery: auth?["pid"]?.string != nil))
        case (.connect, .server):
            self.settle(frame, .accepted(Mark(frame)))
        case (.connectError, .server):
            let body = frame.payload.flatMap { try? JSONValue($0) }
            self.settle(frame, .refused(Mark(frame), message: body?["message"]?.string ?? body?.string))
        case (.disconnect, .server):
            self.takeBack(frame)
        case (.disconnect, .client):
            let namespace = frame.namespace ?? "/"
            for index in self.all.indices
            where self.all[index].namespace == namespace && self.all[index].outcome == .unanswered {
                self.all[index].withdrawn = self.all[index].withdrawn ?? Mark(frame)
            }
        default:
            break
        }
    }

    /// The newest CONNECT of a namespace.
    public func last(_ namespace: String) -> ConnectAttempt? { self.all.last { $0.namespace == namespace } }

    /// Where `always_connect` is set, python-socketio accepts first and refuses with a DISCONNECT that says why.
    /// Source: python-socketio server.py `_handle_connect`.
    private mutating func takeBack(_ frame: Frame) {
        guard let body = frame.payload.flatMap({ try? JSONValue($0) }),
            let index = self.all.lastIndex(where: { $0.namespace == frame.namespace ?? "/" }),
            case .accepted = self.all[index].outcome
        else { return }
        self.all[index].outcome = .refused(Mark(frame), message: body["message"]?.string ?? body.string)
    }

    /// An answer belongs to the oldest CONNECT of its namespace that has none.
    private mutating func settle(_ frame: Frame, _ outcome: ConnectAttempt.Outcome) {
        let namespace = frame.namespace ?? "/"
        let waiting = self.all.firstIndex { $0.namespace == namespace && $0.outcome == .unanswered }
        if let waiting { self.all[waiting].outcome = outcome }
    }

    private static func hash(_ auth: JSONValue) -> Int? {
        guard case .object(let members) = auth else { return auth == .null ? nil : auth.hashValue }
        let own = members.filter { $0.key != "pid" && $0.key != "offset" }
        return own.isEmpty ? nil : self.sorted(.object(own)).hashValue
    }

    private static func sorted(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let members):
            .object(members.map { .init($0.key, self.sorted($0.value)) }.sorted { $0.key < $1.key })
        case .array(let values): .array(values.map(self.sorted))
        default: value
        }
    }
}

/// Reads what a JSON Web Token says of its end. Nothing is verified: the token is the peer's word. Source: RFC 7519, 4.1.4.
enum JSONWebToken {
    /// The `exp` of the first text in a JSON value that is a token.
    static func firstExpiry(in value: JSONValue) -> Double? {
        switch value {
        case .string(let text): self.expiry(text)
        case .array(let values): values.lazy.compactMap { self.firstExpiry(in: $0) }.first
        case .object(let members): members.lazy.compactMap { self.firstExpiry(in: $0.value) }.first
        default: nil
        }
    }

    private static func expiry(_ text: String) -> Double? {
        let bare = text.hasPrefix("Bearer ") ? text.dropFirst(7) : Substring(text)
        let parts = bare.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].hasPrefix("eyJ"), parts[1].utf8.count <= 64 << 10 else { return nil }
        // Base64url without padding, to base64 with it.
        var claims = parts[1].utf8.map { byte in
            switch byte {
            case UInt8(ascii: "-"): UInt8(ascii: "+")
            case UInt8(ascii: "_"): UInt8(ascii: "/")
            default: byte
            }
        }
        while claims.count % 4 != 0 { claims.append(UInt8(ascii: "=")) }
        guard let json = Base64.decode(claims.span) else { return nil }
        return (try? JSONValue(json.span))?["exp"]?.double
    }
}
