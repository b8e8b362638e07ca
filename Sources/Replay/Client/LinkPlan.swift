import EngineIO
import TimelineModel

/// How a live session is asked for.
struct LinkPlan: Hashable, Sendable {
    var version: EngineIOVersion
    var path: String
    /// Parameters of the application, without `?`; may be empty.
    var query: String
    var first: Transport
    /// A WebSocket is tried as soon as a polling session is open.
    var upgrades: Bool
    var openTimeoutNs: Int64

    /// Path and query of a request.
    ///
    /// - Parameters:
    ///   - sid: of the live session; nil in a handshake.
    ///   - stamp: makes a polling URL one that no cache knows.
    func target(_ transport: Transport, sid: String?, stamp: Int?, transportName: String? = nil) -> String {
        var parameters = self.query.isEmpty ? [] : [self.query]
        parameters.append("EIO=\(self.version.rawValue)")
        parameters.append("transport=\(transportName ?? transport.rawValue)")
        if let stamp { parameters.append("t=\(String(stamp, radix: 36))") }
        if let sid { parameters.append("sid=\(Self.percentEncoded(sid))") }
        return self.path + "?" + parameters.joined(separator: "&")
    }

    /// All but the unreserved characters of RFC 3986, section 2.3.
    static func percentEncoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                out.append(byte)
            default: out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}

/// How a live session came to its end.
enum LinkEnd: Hashable, Sendable {
    /// The handshake failed: what was answered, nil for nothing, and why.
    case refused(HTTPResponse?, reason: String)
    /// No open packet came in time.
    case silent(afterMs: Int64)
    /// The client's own wish.
    case left
    /// The server ended it, and how.
    case ended(String)
    /// The heartbeat stopped.
    case dead(afterMs: Int64)
    /// The server sent what is no packet.
    case garbled(String)
}

/// What comes out of a `ClientLink`.
enum LinkOutput: Sendable {
    case action(ClientAction)
    case opened(EngineIOHandshake)
    /// The data of a `message` packet.
    case message(EngineIOPacket.Content)
    /// Once, and last.
    case ended(LinkEnd)
}
