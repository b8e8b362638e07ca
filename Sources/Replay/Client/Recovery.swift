import JSONText
import TimelineModel

/// What a client needs to have its missed packets sent again after a reconnect, from the live server: the private id of
/// each namespace, and the offset of the latest event there. Source: Socket.IO, "Connection state recovery".
struct Recovery: Hashable, Sendable {
    private struct Mark: Hashable, Sendable {
        var pid: String
        var offset: String?
    }

    private var marks: [String: Mark] = [:]

    func hasPrivateID(_ namespace: String) -> Bool { self.marks[namespace] != nil }

    mutating func see(_ packet: ScriptedPacket) {
        switch packet.kind {
        case .connect:
            guard let pid = packet.values?["pid"]?.string else {
                self.marks[packet.namespace] = nil
                return
            }
            let offset = self.marks[packet.namespace].flatMap { $0.pid == pid ? $0.offset : nil }
            self.marks[packet.namespace] = Mark(pid: pid, offset: offset)
        case .event:
            guard self.marks[packet.namespace] != nil, packet.ackID == nil,
                let offset = packet.values?.array?.last?.string
            else { return }
            self.marks[packet.namespace]?.offset = offset
        case .disconnect, .connectError: self.marks[packet.namespace] = nil
        case .ack: return
        }
    }

    /// The payload of a CONNECT without what belongs to the recorded server.
    ///
    /// - Returns: the auth alone, nil for none; and whether the recorded client asked to be recovered.
    static func split(_ payload: String?) -> (auth: String?, asks: Bool) {
        guard let payload, let value = try? JSONValue(payload), case .object(let members) = value,
            value["pid"] != nil
        else { return (payload, false) }
        let rest = members.filter { $0.key != "pid" && $0.key != "offset" }
        return (rest.isEmpty ? nil : JSONValue.object(rest).description, true)
    }

    /// `auth` with what the live server handed out for `namespace`.
    func joined(_ auth: String?, _ namespace: String) -> String? {
        guard let mark = self.marks[namespace] else { return auth }
        var members: [JSONValue.Member] = [JSONValue.Member("pid", .string(mark.pid))]
        if let offset = mark.offset { members.append(JSONValue.Member("offset", .string(offset))) }
        if let auth, let value = try? JSONValue(auth) {
            guard case .object(let own) = value else { return auth }
            members += own.filter { $0.key != "pid" && $0.key != "offset" }
        }
        return JSONValue.object(members).description
    }
}
