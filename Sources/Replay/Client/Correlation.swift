import EngineIO
import JSONText
import TimelineModel

/// Values that the recorded server handed out and the recorded client said again later: ids, room names, tokens. What
/// the live server hands out at the same place takes their place.
///
/// Only whole strings and numbers of at least six characters count, each from where it stands first in the recording,
/// and only where that is something the server said. Memory: what clients say, at most.
struct Correlation: Sendable {
    /// Shorter values meet by chance.
    private static let leastLength = 6

    private struct Place: Hashable {
        var pointer: String
        var value: JSONValue
    }

    /// By `frames.id`.
    private var places: [Int64: [Place]] = [:]
    private var live: [JSONValue: JSONValue] = [:]
    /// What the recorded server called its sessions and sockets.
    private let names: Set<String>

    init(_ lineage: RecordedLineage) {
        self.names = Self.names(lineage)
        var wanted: Set<JSONValue> = []
        for session in lineage.sessions {
            for packet in session.packets where packet.sender == .client {
                Self.forEachValue(of: packet) { wanted.insert($1) }
            }
        }
        guard !wanted.isEmpty else { return }
        for session in lineage.sessions {
            for packet in session.packets {
                Self.forEachValue(of: packet) { pointer, value in
                    // Whoever says it first owns it.
                    guard wanted.remove(value) != nil, packet.sender == .server else { return }
                    self.places[packet.frameID, default: []].append(Place(pointer: pointer, value: value))
                }
            }
        }
    }

    /// The live server said `json` where the recorded one said the packet of that number.
    mutating func learn(_ frameID: Int64, _ json: JSONValue?) {
        guard let json, let places = self.places[frameID] else { return }
        for place in places {
            guard let value = json.at(pointer: place.pointer), value.isScalar else { continue }
            self.live[place.value] = value
        }
    }

    /// One value of the recording is another one now, whatever stands where.
    mutating func bind(_ recorded: String?, to live: String?) {
        guard let recorded, let live, recorded.utf8.count >= Self.leastLength else { return }
        self.live[.string(recorded)] = .string(live)
    }

    /// `json` with the live values in it; nil where it has nothing to be replaced.
    func replaced(_ json: String) -> String? {
        guard !self.live.isEmpty, let value = try? JSONValue(json) else { return nil }
        let new = self.replaced(value)
        return new == value ? nil : new.description
    }

    func replaced(_ value: JSONValue) -> JSONValue {
        switch value {
        case .string, .number: return self.live[value] ?? value
        case .array(let values): return .array(values.map(self.replaced))
        case .object(let members): return .object(members.map { JSONValue.Member($0.key, self.replaced($0.value)) })
        case .null, .bool: return value
        }
    }

    private static func names(_ lineage: RecordedLineage) -> Set<String> {
        var names: Set<String> = []
        for session in lineage.sessions {
            if let sid = session.facts.sid { names.insert(sid) }
            for packet in session.packets where packet.sender == .server {
                guard case .socketIO(let said) = packet.content, said.kind == .connect, let values = said.values else {
                    continue
                }
                names.formUnion(["sid", "pid"].compactMap { values[$0]?.string })
            }
        }
        return names.filter { $0.utf8.count >= Self.leastLength }
    }

    /// The recorded text is a name of that session: the live one may have another before it is known to be one, for
    /// python's server emits before it answers a CONNECT.
    func isName(_ recorded: String) -> Bool { self.names.contains(recorded) }

    /// The place holds what every session has a value of its own for.
    func isVariable(_ frameID: Int64, _ pointer: String) -> Bool {
        self.places[frameID]?.contains { $0.pointer == pointer } ?? false
    }

    /// Parts of a text that are values of the recording, with the live ones in their place.
    func rewritten(_ text: String) -> String {
        var text = text
        for case (.string(let recorded), .string(let live)) in self.live where text.contains(recorded) {
            text = text.replacing(recorded, with: live)
        }
        return text
    }

    // MARK: Reading

    private static func forEachValue(of packet: RecordedPacket, _ see: (String, JSONValue) -> Void) {
        switch packet.content {
        case .engineIO(.open, let json): Self.walk((try? JSONValue(json)) ?? .null, "", see)
        case .socketIO(let said): if let values = said.values { Self.walk(values, "", see) }
        case .engineIO, .message, .unreadable: return
        }
    }

    private static func walk(_ value: JSONValue, _ pointer: String, _ see: (String, JSONValue) -> Void) {
        switch value {
        case .string(let text): if text.utf8.count >= Self.leastLength { see(pointer, value) }
        case .number(let text): if text.utf8.count >= Self.leastLength { see(pointer, value) }
        case .array(let values):
            for (index, value) in values.enumerated() { Self.walk(value, "\(pointer)/\(index)", see) }
        case .object(let members):
            for member in members {
                Self.walk(member.value, pointer + "/" + JSONDifference.escaped(member.key), see)
            }
        case .null, .bool: return
        }
    }
}

extension ScriptedPacket {
    /// What it says: an event's arguments, its name not counted; the payload of any other.
    var values: JSONValue? {
        guard let payload, let json = try? JSONValue(payload) else { return nil }
        guard self.kind == .event, case .array(let values) = json else { return json }
        return .array(Array(values.dropFirst()))
    }
}

extension JSONValue {
    var isScalar: Bool {
        switch self {
        case .string, .number: true
        case .null, .bool, .array, .object: false
        }
    }

    /// Source: RFC 6901, section 4.
    func at(pointer: String) -> JSONValue? {
        var value = self
        for part in pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            let key = String(part).replacing("~1", with: "/").replacing("~0", with: "~")
            switch value {
            case .array(let values):
                guard let index = Int(key), values.indices.contains(index) else { return nil }
                value = values[index]
            case .object:
                guard let member = value[key] else { return nil }
                value = member
            case .null, .bool, .number, .string: return nil
            }
        }
        return value
    }
}
