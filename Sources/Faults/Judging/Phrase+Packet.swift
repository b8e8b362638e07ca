import TimelineModel

extension Phrase {
    /// A packet of Socket.IO as findings name it: `event "chat"`, `ack 12`.
    static func packet(_ frame: Frame) -> String {
        switch frame.socketIOType {
        case .event, .binaryEvent: self.event(frame.event)
        case .ack, .binaryAck: frame.ackID.map { "ack \($0)" } ?? "ack without an id"
        case let type?: type.name.uppercased()
        case nil: "message"
        }
    }

    /// What a decoder noted, as a part of a sentence.
    static func detail(_ anomaly: Anomaly) -> String { self.plain(anomaly.detail, limit: 200) }

    /// The same without what was expected.
    static func found(_ anomaly: Anomaly) -> String {
        let detail = self.detail(anomaly)
        return detail.firstRange(of: "; expected ").map { String(detail[..<$0.lowerBound]) } ?? detail
    }

    static func event(_ name: String?) -> String {
        name.map { "event \(self.quoted($0))" } ?? "event without a name"
    }

    /// What no name of a namespace holds: a query, auth data or the next thing begins there.
    static let endsOfNames: Set<Character> = ["?", "{", "[", "\"", " "]

    /// A namespace in quotes, up to what does not belong into one: a query or an auth payload that a client glued to it
    /// is nobody's to see.
    static func namespace(_ name: String?) -> String {
        let name = name ?? "/"
        guard let end = name.firstIndex(where: { "?{\"[ ".contains($0) }) else { return self.quoted(name) }
        return self.quoted(name[..<end] + "…")
    }
}
