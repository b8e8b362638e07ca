public import JSONText
import TimelineModel

/// What a finding rests on; stored as a JSON object.
public struct Evidence: Hashable, Sendable {
    /// Ids of the frames that show it, in time order.
    public var frames: [Int64]
    /// Measured against allowed, and what else is to be known: snake case names with their units.
    public var members: [JSONValue.Member]

    public init(frames: [Int64] = [], _ members: [(String, JSONValue)] = []) {
        self.frames = frames
        self.members = members.map { JSONValue.Member($0.0, $0.1) }
    }

    /// A time that was measured, and the longest or shortest that is allowed, in milliseconds.
    public init(frames: [Int64], measuredNs: Int64, allowedNs: Int64, _ members: [(String, JSONValue)] = []) {
        self.init(
            frames: frames,
            [("measured_ms", .milliseconds(measuredNs)), ("allowed_ms", .milliseconds(allowedNs))] + members)
    }

    mutating func add(_ name: String, _ value: JSONValue) {
        self.members.append(JSONValue.Member(name, value))
    }

    var text: String {
        let frames = JSONValue.Member("frames", .array(self.frames.map { .integer($0) }))
        return JSONValue.object([frames] + self.members).description
    }
}

extension JSONValue {
    /// Nanoseconds as a number of milliseconds with three decimals at most.
    public static func milliseconds(_ nanoseconds: Int64) -> JSONValue {
        let microseconds = (nanoseconds.magnitude + 500) / 1000
        let sign = nanoseconds < 0 && microseconds > 0 ? "-" : ""
        var text = sign + String(microseconds / 1000)
        let fraction = microseconds % 1000
        if fraction > 0 {
            var digits = String(fraction)
            while digits.count < 3 { digits = "0" + digits }
            while digits.hasSuffix("0") { digits.removeLast() }
            text += "." + digits
        }
        return .number(text)
    }
}
