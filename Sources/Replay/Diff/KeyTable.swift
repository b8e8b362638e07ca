/// Numbers for packets: equal numbers, equal packets. Both sides share one table.
struct KeyTable {
    private struct Exact: Hashable {
        var text: String
        var attachments: [[UInt8]]
    }

    private var exact: [Exact: Int] = [:]
    private var shapes: [String: Int] = [:]

    mutating func keys(of packet: ComparedPacket) -> StreamMatch.Keys {
        var event = packet.kind?.rawValue ?? "message"
        // U+0001 parts what else could run together.
        event += "\u{1}" + (packet.event ?? "")
        var shape = event + "\u{1}"
        if packet.kind == nil { shape += packet.attachments.isEmpty ? "text" : "binary" }
        packet.value?.writeShape(to: &shape)
        var exact = event + "\u{1}\(packet.wantsAck)"
        packet.value?.writeCanonical(to: &exact)
        return StreamMatch.Keys(
            exact: Self.number(Exact(text: exact, attachments: packet.attachments), &self.exact),
            shape: Self.number(shape, &self.shapes), event: Self.number(event, &self.shapes))
    }

    private static func number<Key: Hashable>(_ key: Key, _ table: inout [Key: Int]) -> Int {
        let next = table.count
        let found = table[key, default: next]
        if found == next { table[key] = next }
        return found
    }
}
