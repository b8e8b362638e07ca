public import JSONText

/// A place where two JSON values differ.
public struct JSONDifference: Hashable, Sendable {
    /// JSON pointer, RFC 6901; empty for the whole value.
    public var pointer: String
    /// As JSON; nil where the place is not there.
    public var recorded: String?
    public var live: String?

    public init(pointer: String, recorded: String?, live: String?) {
        self.pointer = pointer
        self.recorded = recorded
        self.live = live
    }
}

extension JSONDifference {
    /// Where the values differ, in the order of the recorded one; at most `limit`. Members of objects may be in any
    /// order, numbers are compared by value, `-0` is 0.
    public static func between(_ recorded: JSONValue, _ live: JSONValue, limit: Int = 100) -> [JSONDifference] {
        var found: [JSONDifference] = []
        Self.compare(recorded, live, "", limit, &found)
        return found
    }

    private static func compare(
        _ a: JSONValue, _ b: JSONValue, _ pointer: String, _ limit: Int, _ found: inout [JSONDifference]
    ) {
        guard found.count < limit else { return }
        switch (a, b) {
        case (.object(let left), .object(let right)):
            // The last of several members of one name counts, as everywhere.
            let rights = Dictionary(right.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
            let lefts = Dictionary(left.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
            var seen: Set<String> = []
            for key in left.map(\.key) where seen.insert(key).inserted {
                let place = pointer + "/" + Self.escaped(key)
                Self.compareOptional(lefts[key], rights[key], place, limit, &found)
            }
            for key in right.map(\.key) where seen.insert(key).inserted {
                Self.compareOptional(nil, rights[key], pointer + "/" + Self.escaped(key), limit, &found)
            }
        case (.array(let left), .array(let right)):
            for index in 0..<max(left.count, right.count) {
                Self.compareOptional(
                    left.indices.contains(index) ? left[index] : nil,
                    right.indices.contains(index) ? right[index] : nil, "\(pointer)/\(index)", limit, &found)
            }
        default:
            guard !Self.isEqual(a, b) else { return }
            found.append(JSONDifference(pointer: pointer, recorded: a.description, live: b.description))
        }
    }

    private static func compareOptional(
        _ a: JSONValue?, _ b: JSONValue?, _ pointer: String, _ limit: Int, _ found: inout [JSONDifference]
    ) {
        switch (a, b) {
        case (let a?, let b?): Self.compare(a, b, pointer, limit, &found)
        case (nil, nil): return
        default:
            guard found.count < limit else { return }
            found.append(JSONDifference(pointer: pointer, recorded: a?.description, live: b?.description))
        }
    }

    /// Of two values that are not both objects nor both arrays.
    private static func isEqual(_ a: JSONValue, _ b: JSONValue) -> Bool {
        guard case .number(let left) = a, case .number(let right) = b, left != right else { return a == b }
        if let x = a.integer, let y = b.integer { return x == y }
        // What no Double holds is compared as it is written.
        guard let x = a.double, let y = b.double, x.isFinite, y.isFinite else { return false }
        // Beyond 2^53 a Double rounds different whole numbers to one.
        return x == y && (x.magnitude < 0x1p53 || (a.integer == nil && b.integer == nil))
    }

    /// Source: RFC 6901, section 3.
    static func escaped(_ key: String) -> String {
        var text = ""
        for character in key.unicodeScalars {
            switch character {
            case "~": text += "~0"
            case "/": text += "~1"
            default: text.unicodeScalars.append(character)
            }
        }
        return text
    }
}
