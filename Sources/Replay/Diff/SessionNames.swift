import JSONText

/// Names for what a server makes up anew in each run: session ids, and the ids of connection state recovery.
///
/// A name says where the value was handed out (`sid#2/chat`: life 2, namespace `/chat`), not as the how manieth: one
/// namespace more in one run must not rename all that comes later.
struct SessionNames {
    /// A shorter value may stand in a packet by chance, where it means something else.
    private static let shortest = 6

    private var names: [String: String] = [:]

    init(_ lives: [RecordedLineage.Life]) {
        for (index, life) in lives.enumerated() {
            guard case .session(let session) = life else { continue }
            let number = index + 1
            if let sid = session.facts.sid { self.add(sid, "sid#\(number)") }
            var connects: [String: Int] = [:]
            for packet in session.packets where packet.sender == .server {
                guard case .socketIO(let scripted) = packet.content, scripted.type == .connect,
                    let payload = scripted.payload, let value = try? JSONValue(payload)
                else { continue }
                let count = connects[scripted.namespace, default: 0] + 1
                connects[scripted.namespace] = count
                let place = scripted.namespace + (count > 1 ? "(\(count))" : "")
                if let sid = value["sid"]?.string { self.add(sid, "sid#\(number)\(place)") }
                if let pid = value["pid"]?.string { self.add(pid, "pid#\(number)\(place)") }
            }
        }
    }

    /// In Engine.IO 3 the id on the root is the session's own: who was named first keeps the name. A recovered session
    /// has its ids again, and with them the names from before.
    private mutating func add(_ value: String, _ name: String) {
        if self.names[value] == nil { self.names[value] = name }
    }

    /// The name of an id, nil where it is none; for places where nothing but an id stands.
    func name(of id: String) -> String? { self.names[id] }

    /// Every string that is such an id has its name; also behind `#`, as Socket.IO 2 writes the ids of namespaces.
    /// Source: Socket.IO 2, `/chat#` and the session's id.
    func apply(to value: JSONValue) -> JSONValue {
        switch value {
        case .array(let values): return .array(values.map { self.apply(to: $0) })
        case .object(let members): return .object(members.map { .init($0.key, self.apply(to: $0.value)) })
        case .string(let text):
            guard text.utf8.count >= Self.shortest else { return value }
            if let name = self.names[text] { return .string(name) }
            guard text.hasPrefix("/"), let mark = text.lastIndex(of: "#") else { return value }
            let id = String(text[text.index(after: mark)...])
            guard id.utf8.count >= Self.shortest, let name = self.names[id] else { return value }
            return .string(text[...mark] + name)
        case .null, .bool, .number: return value
        }
    }
}
