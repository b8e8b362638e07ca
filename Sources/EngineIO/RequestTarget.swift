/// What a request target says of Engine.IO: path and the query parameters `EIO`, `transport`, `sid`, `j`, `b64`.
///
/// Source: Engine.IO protocol v4, "Transports"; engine.io `server.ts` (a session without `EIO=4` is v3).
public struct EngineIOTarget: Hashable, Sendable {
    public var path: String
    /// As written; nil where the parameter is missing.
    public var eio: String?
    public var transport: String?
    public var sid: String?
    /// The parameter `j` is there: JSONP.
    public var isJSONP: Bool
    /// What `j` says, which the answer repeats; nil where it is no number.
    public var jsonpIndex: Int?
    /// `b64=1`: the client cannot take binary answers, which version 3 would send.
    public var wantsBase64: Bool

    /// Nil for a target that has nothing to do with Engine.IO: without any of its parameters and not the bare
    /// default path, which health checks and people with browsers ask for.
    public init?(_ target: String) {
        var origin = Substring(target)
        // A proxy is asked with the absolute form, RFC 9112 section 3.2.2. A query may hold a URL as well.
        if !target.hasPrefix("/"), let scheme = origin.firstRange(of: "://") {
            let rest = origin[scheme.upperBound...]
            origin = rest.firstIndex { $0 == "/" || $0 == "?" }.map { rest[$0...] } ?? ""
        }
        let parts = origin.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        self.path = parts[0].isEmpty ? "/" : String(parts[0])
        self.isJSONP = false
        self.wantsBase64 = false
        for pair in (parts.count > 1 ? parts[1] : "").split(separator: "&") {
            let pair = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let value = pair.count > 1 ? String(pair[1]) : ""
            switch pair[0] {
            case "EIO": self.eio = value
            case "transport": self.transport = value
            case "sid": self.sid = Self.percentDecoded(value)
            case "j":
                self.isJSONP = true
                self.jsonpIndex = Int(value).flatMap { $0 >= 0 ? $0 : nil }
            case "b64": self.wantsBase64 = value == "1" || value == "true"
            default: break
            }
        }
        let ours = self.eio != nil || self.transport == "polling" || self.transport == "websocket"
        let isDefaultPath = ["/socket.io", "/engine.io"].contains {
            self.path.hasSuffix($0) || self.path.hasSuffix("\($0)/")
        }
        guard ours || isDefaultPath else { return nil }
    }

    /// The version a server gives a session that this request makes.
    public var version: EngineIOVersion { self.eio == "4" ? .v4 : .v3 }

    /// The path names Socket.IO or Engine.IO; nil where it is some other name.
    public var isSocketIOPath: Bool? {
        if self.path.contains("socket.io") { return true }
        return self.path.contains("engine.io") ? false : nil
    }

    static func percentDecoded(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return text }
        var out: [UInt8] = []
        var rest = Substring(text).utf8
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let high = rest.first.flatMap(JSONP.nibble),
                let low = rest.dropFirst().first.flatMap(JSONP.nibble)
            {
                out.append(high << 4 | low)
                rest = rest.dropFirst(2)
            } else {
                out.append(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
