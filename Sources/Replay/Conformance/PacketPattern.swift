import JSONText
import SocketIO
public import TimelineModel

/// What a packet of the client has to be: a Socket.IO packet in which a string `"$name"` stands for any value, and
/// `$name` in the place of the ack id for any id. What they stand for is captured.
public struct PacketPattern: Hashable, Sendable {
    public enum AckID: Hashable, Sendable {
        case none
        case exact(Int64)
        case captured(String)
    }

    /// As it stands in the script, with its Engine.IO type.
    public var text: String
    public var type: SocketIOType
    public var namespace: String
    public var ackID: AckID
    /// JSON with its attachments in their places; nil where none is asked for: of a CONNECT any will do then.
    var payload: JSONValue?
    public var attachments: Int

    /// - Parameter text: of the Engine.IO packet that is the header: `42["chat",1]`.
    /// - Throws: `ScenarioError` without a line.
    init(_ text: String, attachments: [[UInt8]]) throws(ScenarioError) {
        self.text = text
        self.attachments = attachments.count
        guard text.hasPrefix("4") else {
            throw ScenarioError(line: 0, expected: "expected a message packet ('4...') or '3', found '\(text)'")
        }
        var wire = String(text.dropFirst())
        var captured: String?
        // The only dollar before the JSON stands for the ack id.
        let jsonStart = wire.firstIndex { $0 == "[" || $0 == "{" || $0 == "\"" } ?? wire.endIndex
        if let dollar = wire[..<jsonStart].firstIndex(of: "$") {
            captured = String(wire[wire.index(after: dollar)..<jsonStart])
            wire.replaceSubrange(dollar..<jsonStart, with: "0")
        }
        let packet: ReceivedPacket
        do throws(SocketIODecodeError) {
            packet = try ReceivedPacket(header: wire, attachments: attachments)
        } catch {
            throw ScenarioError(line: 0, expected: "'\(text)' is no Socket.IO packet: \(error)")
        }
        guard packet.announced == attachments.count else {
            throw ScenarioError(
                line: 0, expected: "'\(text)' announces \(packet.announced) attachments, and has \(attachments.count)")
        }
        self.type = packet.type
        self.namespace = packet.namespace
        self.ackID = captured.map { .captured($0) } ?? packet.ackID.map { .exact($0) } ?? .none
        self.payload = packet.payload
    }

    /// The names that a match captures.
    var captures: [String] {
        var names: [String] = []
        if case .captured(let name) = self.ackID { names.append(name) }
        if let payload { Self.collect(payload, &names) }
        return names
    }

    /// What is wrong with the packet, for a person; nil where it matches, and then `captures` has what it captured.
    func mismatch(with packet: ReceivedPacket, _ captures: inout [String: String]) -> String? {
        guard packet.kind == self.kind else { return "it is \(packet.kind.article), not \(self.kind.article)" }
        guard packet.namespace == self.namespace else {
            return "its namespace is \(packet.namespace), not \(self.namespace)"
        }
        guard packet.type == self.type else {
            return self.attachments > 0 ? "it has no attachments" : "it is binary, and should not be"
        }
        switch (self.ackID, packet.ackID) {
        case (.none, nil): break
        case (.none, let id?): return "it has the ack id \(id), and should have none"
        case (_, nil): return "it has no ack id"
        case (.exact(let wanted), let id?):
            guard wanted == id else { return "its ack id is \(id), not \(wanted)" }
        case (.captured(let name), let id?): captures[name] = String(id)
        }
        guard let payload else {
            return packet.payload == nil || self.type == .connect ? nil : "it has a payload, and should have none"
        }
        guard let live = packet.payload else { return "it has no payload; expected \(payload)" }
        // Members that nobody asked for may stand in an auth payload beside those that are.
        let wanted = Self.fill(payload, from: live, openObjects: self.type == .connect, &captures)
        guard let difference = JSONDifference.between(wanted, live, limit: 1).first else { return nil }
        let place = difference.pointer.isEmpty ? "its payload" : "\(difference.pointer) of its payload"
        return "\(place) is \(Self.short(difference.live)), not \(Self.short(difference.recorded))"
    }

    private var kind: ReceivedPacket.Kind { ReceivedPacket.Kind(self.type) }

    static func short(_ text: String?) -> String {
        guard let text else { return "missing" }
        return text.utf8.count > 80 ? "\(text.prefix(60))... (\(text.utf8.count) bytes)" : text
    }

    /// The pattern with the live values in the places of its captures.
    private static func fill(
        _ pattern: JSONValue, from live: JSONValue?, openObjects: Bool, _ captures: inout [String: String]
    ) -> JSONValue {
        switch pattern {
        case .string(let text) where text.hasPrefix("$") && text.count > 1:
            guard let live else { return pattern }
            captures[String(text.dropFirst())] = live.description
            return live
        case .array(let values):
            let lives = live?.array ?? []
            return .array(
                values.enumerated().map { index, value in
                    Self.fill(
                        value, from: lives.indices.contains(index) ? lives[index] : nil, openObjects: false, &captures)
                })
        case .object(let members):
            var filled = members.map { member in
                JSONValue.Member(
                    member.key, Self.fill(member.value, from: live?[member.key], openObjects: false, &captures))
            }
            if openObjects, case .object(let lives)? = live {
                filled += lives.filter { live in !members.contains { $0.key == live.key } }
            }
            return .object(filled)
        case .null, .bool, .number, .string: return pattern
        }
    }

    private static func collect(_ value: JSONValue, _ names: inout [String]) {
        switch value {
        case .string(let text) where text.hasPrefix("$") && text.count > 1: names.append(String(text.dropFirst()))
        case .array(let values): for value in values { Self.collect(value, &names) }
        case .object(let members): for member in members { Self.collect(member.value, &names) }
        case .null, .bool, .number, .string: break
        }
    }
}
