import JSONText

/// Where a live packet says something else than the recorded one. What changes with every run is no difference: texts
/// that a recording hides, times, UUIDs, signed tokens, members named like secrets, session ids or times, and values
/// that the caller maps or leaves out.
public struct PacketComparison: Sendable {
    /// JSON pointers into the arguments, the event's name not counted; `*` stands for any one key or index.
    private let ignoring: [[String]]
    /// Recorded text to live text, for ids that were handed out anew.
    public var substitutes: [String: String] = [:]

    public init(ignoring: [String] = []) {
        self.ignoring = ignoring.map { pointer in
            pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(String.init)
        }
    }

    public func isSame(_ recorded: RecordedPacket.Content, _ live: RecordedPacket.Content) -> Bool {
        self.differences(recorded, live).isEmpty
    }

    public func differences(_ recorded: RecordedPacket.Content, _ live: RecordedPacket.Content) -> [JSONDifference] {
        switch (recorded, live) {
        case (.socketIO(let a), .socketIO(let b)): return self.differences(a, b)
        case (.message(.text(let a)), .message(.text(let b))):
            guard let left = try? JSONValue(a), let right = try? JSONValue(b) else {
                return a == b ? [] : [JSONDifference(pointer: "", recorded: a, live: b)]
            }
            return self.differences(left, right)
        case (.message(.binary(let a)), .message(.binary(let b))):
            return a == b ? [] : [Self.bytes("", a, b)]
        default:
            return recorded == live ? [] : [JSONDifference(pointer: "", recorded: nil, live: nil)]
        }
    }

    private func differences(_ recorded: ScriptedPacket, _ live: ScriptedPacket) -> [JSONDifference] {
        switch recorded.kind {
        // What a CONNECT carries is the live peer's own affair.
        case .connect, .disconnect, .connectError: return []
        case .event, .ack: break
        }
        var found: [JSONDifference] = []
        let (a, b) = (recorded.payload.flatMap { try? JSONValue($0) }, live.payload.flatMap { try? JSONValue($0) })
        if let a, let b {
            found = self.differences(
                Self.arguments(a, isEvent: recorded.kind == .event), Self.arguments(b, isEvent: live.kind == .event))
        } else if recorded.payload != live.payload {
            found = [JSONDifference(pointer: "", recorded: recorded.payload, live: live.payload)]
        }
        if recorded.kind == .event, (recorded.ackID == nil) != (live.ackID == nil) {
            found.append(
                JSONDifference(
                    pointer: "", recorded: recorded.ackID == nil ? "no ack asked for" : "an ack asked for",
                    live: live.ackID == nil ? "no ack asked for" : "an ack asked for"))
        }
        for index in 0..<max(recorded.attachments.count, live.attachments.count) {
            let left = recorded.attachments.indices.contains(index) ? recorded.attachments[index] : nil
            let right = live.attachments.indices.contains(index) ? live.attachments[index] : nil
            // An attachment that the recording lacks was cut off there.
            if left == right || (left == nil && index < recorded.announced) { continue }
            found.append(Self.bytes("attachment \(index)", left, right))
        }
        return found
    }

    private static func arguments(_ value: JSONValue, isEvent: Bool) -> JSONValue {
        guard isEvent, case .array(let values) = value else { return value }
        return .array(Array(values.dropFirst()))
    }

    private func differences(_ recorded: JSONValue, _ live: JSONValue) -> [JSONDifference] {
        guard recorded != live else { return [] }
        return JSONDifference.between(recorded, live).filter { !self.isExcused($0) }
    }

    private func isExcused(_ difference: JSONDifference) -> Bool {
        let path = difference.pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        let isIgnored = self.ignoring.contains { pointer in
            pointer.count <= path.count && zip(pointer, path).allSatisfy { $0 == "*" || $0 == $1 }
        }
        if isIgnored { return true }
        guard let a = difference.recorded, let b = difference.live else { return false }
        if let left = try? JSONValue(a), let right = try? JSONValue(b) {
            if let text = left.string, let mapped = self.substitutes[text], right.string == mapped { return true }
            if let key = path.last, VolatileValue.isNamed(key), VolatileValue.areOfOneKind(left, right) { return true }
            return VolatileValue.areAlike(left, right)
        }
        return false
    }

    private static func bytes(_ place: String, _ a: [UInt8]?, _ b: [UInt8]?) -> JSONDifference {
        func text(_ bytes: [UInt8]?) -> String? {
            bytes.map { bytes in
                "\(bytes.count) bytes: \(bytes.prefix(16).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())"
                    + (bytes.count > 16 ? "..." : "")
            }
        }
        return JSONDifference(pointer: place, recorded: text(a), live: text(b))
    }
}
