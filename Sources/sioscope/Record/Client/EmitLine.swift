import JSONText
import SocketIO

/// A line of standard input that asks for an event to be sent.
///
/// `["event", argument, ...]`, or an object with the keys `event`, `args` (an array), `namespace` (`/` where it is
/// missing) and `ack` (true, or milliseconds to wait). Bytes are written as `{"_base64":"AQID"}`.
struct EmitLine: Equatable {
    /// How long an ack is waited for where the line says `true`.
    static let ackTimeoutMs: Int64 = 10_000
    private static let bytesKey = "_base64"

    var namespace: String
    var event: String
    var arguments: [SocketIOValue]
    /// Nil where no ack is asked for.
    var ackTimeoutMs: Int64?

    init(_ text: String) throws {
        let json: JSONValue
        do throws(JSONSyntaxError) {
            json = try JSONValue(text)
        } catch {
            throw ToolError("no JSON: \(error)")
        }
        switch json {
        case .array(let values):
            guard let name = values.first?.string else { throw ToolError("the array must begin with the event's name") }
            self.namespace = SocketIOPacket.rootNamespace
            self.event = name
            self.arguments = try values.dropFirst().map(Self.value)
        case .object(let members):
            let known = ["event", "args", "namespace", "ack"]
            if let unknown = members.first(where: { !known.contains($0.key) }) {
                throw ToolError("\"\(unknown.key)\" is no key of it; known are \(known.joined(separator: ", "))")
            }
            guard let name = json["event"]?.string else { throw ToolError("\"event\" must be the event's name") }
            guard let arguments = (json["args"] ?? .array([])).array else {
                throw ToolError("\"args\" must be an array")
            }
            guard let namespace = (json["namespace"] ?? .string(SocketIOPacket.rootNamespace)).string,
                let normalized = SocketIOPacket.normalized(namespace: namespace)
            else { throw ToolError("\"namespace\" must be a text without a comma") }
            self.namespace = normalized
            self.event = name
            self.arguments = try arguments.map(Self.value)
            switch json["ack"] {
            case nil, .null, .bool(false): self.ackTimeoutMs = nil
            case .bool(true): self.ackTimeoutMs = Self.ackTimeoutMs
            case let ack?:
                guard let ms = ack.integer, (1...86_400_000).contains(ms) else {
                    throw ToolError("\"ack\" must be true or milliseconds from 1 to 86400000")
                }
                self.ackTimeoutMs = ms
            }
        default: throw ToolError("expected an array or an object")
        }
    }

    // MARK: Bytes

    /// With the bytes that stand for base64.
    static func value(_ json: JSONValue) throws -> SocketIOValue {
        switch json {
        case .array(let values): return .array(try values.map(self.value))
        case .object(let members):
            if members.count == 1, let text = json[self.bytesKey]?.string {
                guard let bytes = Base64.decode(Array(text.utf8).span) else {
                    throw ToolError("\"\(self.bytesKey)\" must be base64")
                }
                return .binary(bytes)
            }
            return .object(try members.map { SocketIOValue.Member($0.key, try self.value($0.value)) })
        case .null, .bool, .number, .string: return SocketIOValue(json)
        }
    }

    /// As it may stand in a line.
    static func json(_ value: SocketIOValue) -> JSONValue {
        switch value {
        case .binary(let bytes):
            .object([JSONValue.Member(self.bytesKey, .string(Base64.encode(bytes.span)))])
        case .array(let values): .array(values.map(self.json))
        case .object(let members): .object(members.map { JSONValue.Member($0.key, self.json($0.value)) })
        case .null, .bool, .number, .string: value.json
        }
    }
}
