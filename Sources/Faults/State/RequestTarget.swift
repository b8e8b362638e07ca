/// The target of a request: its path and what its query says. Values are as written, without percent decoding.
struct RequestTarget: Hashable, Sendable {
    let path: String
    /// The version of Engine.IO that the client asks for; nil where it names none, which counts as 3.
    private(set) var eio: String?
    private(set) var transport: String?
    private(set) var sid: String?
    /// The cache-buster of browsers' clients: another one in each request.
    private(set) var cacheBuster: String?
    private let query: Substring

    init(_ target: String) {
        // By bytes: each request of a capture is read here, by several rules.
        let bytes = target.utf8
        let mark = bytes.firstIndex(of: UInt8(ascii: "?"))
        self.path = String(target[..<(mark ?? bytes.endIndex)])
        self.query = mark.map { target[bytes.index(after: $0)...] } ?? ""
        for pair in self.query.utf8.split(separator: UInt8(ascii: "&")) {
            let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
            let value = equals < pair.endIndex ? pair[pair.index(after: equals)...] : pair[equals...]
            switch Substring(pair[..<equals]) {
            case "EIO": self.eio = String(Substring(value))
            case "transport": self.transport = String(Substring(value))
            case "sid": self.sid = String(Substring(value))
            case "t": self.cacheBuster = String(Substring(value))
            default: break
            }
        }
    }

    /// Names of all parameters that have a value, as written.
    var keys: [String] {
        self.query.utf8.split(separator: UInt8(ascii: "&")).compactMap { pair in
            guard let equals = pair.firstIndex(of: UInt8(ascii: "=")), pair.index(after: equals) < pair.endIndex else {
                return nil
            }
            return String(Substring(pair[..<equals]))
        }
    }

    var isWebSocket: Bool { self.transport == "websocket" }
    /// It asks for a new session, as a client does and a person with a browser does not.
    var isHandshake: Bool {
        self.sid == nil && (self.eio != nil || self.transport == "polling" || self.isWebSocket)
    }
    /// `EIO=3`, or that there is none.
    var versionText: String { self.eio.map { Phrase.quoted("EIO=\($0)", limit: 12) } ?? "no EIO in the URL" }
}
