import JSONText
import TimelineModel

/// A packet as it is compared: without what differs from run to run.
struct ComparedPacket {
    /// What is in order among itself: one direction of one namespace.
    struct Stream: Hashable {
        /// Nil for packets that are no Socket.IO.
        var namespace: String?
        var sender: Sender
    }

    var frameID: Int64
    var at: Timestamp
    var stream: Stream
    /// Nil for a plain Engine.IO message.
    var kind: ScriptedPacket.Kind?
    var event: String?
    var wantsAck = false
    /// Arguments of an event, its name not counted; nil where a packet had no data.
    var value: JSONValue?
    var attachments: [[UInt8]] = []
    /// Of how many attachments the header spoke.
    var announced = 0
    /// Which packet it answers: the event of an ack, the CONNECT of its reply.
    var cause: Int?

    /// Short, for a person.
    var what: String {
        let data = self.value.map { Self.short($0.description) } ?? ""
        let bytes =
            self.attachments.isEmpty
            ? "" : " with \(self.attachments.count) attachment\(self.attachments.count == 1 ? "" : "s")"
        switch self.kind {
        case nil: return "message \(data)\(bytes)"
        case .event:
            let name = self.event.map { Self.short(JSONValue.string($0).description) + " " } ?? ""
            return "event \(name)\(data)\(bytes)" + (self.wantsAck ? ", ack wanted" : "")
        case .ack: return "ack \(data)\(bytes)"
        case .connect: return self.stream.sender == .client ? "CONNECT \(data)" : "CONNECT answer \(data)"
        case .disconnect: return "DISCONNECT"
        case .connectError: return "CONNECT_ERROR \(data)"
        }
    }

    static func short(_ text: String) -> String {
        text.count > 120 ? text.prefix(119) + "…" : text
    }
}

extension ComparedPacket {
    /// Where it differs from `other` of the same stream; empty where it does not.
    ///
    /// A secret that one recording does not hold could be anything.
    func differences(from other: ComparedPacket, limit: Int = 100) -> [JSONDifference] {
        var found: [JSONDifference] = []
        if self.kind != other.kind {
            found.append(
                JSONDifference(pointer: "", recorded: self.kind?.rawValue ?? "message", live: other.kind?.rawValue))
        }
        if self.wantsAck != other.wantsAck {
            found.append(
                JSONDifference(
                    pointer: "(ack)", recorded: self.wantsAck ? "wanted" : "not wanted",
                    live: other.wantsAck ? "wanted" : "not wanted"))
        }
        switch (self.value, other.value) {
        case (nil, nil): break
        case (let a?, let b?):
            found += JSONDifference.between(a, b, limit: limit).filter {
                !Self.isRedacted($0.recorded) && !Self.isRedacted($0.live)
            }
        case (let a, let b):
            found.append(JSONDifference(pointer: "", recorded: a?.description, live: b?.description))
        }
        for index in 0..<max(self.attachments.count, other.attachments.count) {
            let a = index < self.attachments.count ? self.attachments[index] : nil
            let b = index < other.attachments.count ? other.attachments[index] : nil
            guard a != b else { continue }
            found.append(
                JSONDifference(
                    pointer: "(attachment \(index))", recorded: a.map(Self.summary), live: b.map(Self.summary)))
        }
        return found
    }

    /// - Parameter json: of a value. Source: `RedactionKey`, whose form it is.
    private static func isRedacted(_ json: String?) -> Bool {
        guard let json else { return false }
        return json.hasPrefix("\"redacted:") && json.utf8.count == 27
    }

    /// Length and hash: a person sees whether two are the same.
    private static func summary(_ bytes: [UInt8]) -> String {
        // FNV-1a, 64 bits.
        let hash = bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 16)
        return "\(bytes.count) bytes, \(String(repeating: "0", count: 16 - digits.count))\(digits)"
    }
}
