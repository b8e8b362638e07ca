import ArgumentParser
import JSONText
import SocketIO

/// How received events are printed.
enum EventFormat: String, CaseIterable, ExpressibleByArgument {
    /// A line for people: time in UTC, namespace, event, arguments.
    case text
    /// An object a line.
    case jsonl
}

/// Events and answers as lines.
struct EventPrinter: Sendable {
    enum Item {
        case event(name: String, arguments: [SocketIOValue], ackID: Int64?)
        /// The server's answer to an event of ours.
        case ack(event: String, arguments: [SocketIOValue])
        case noAck(event: String, reason: String)
    }

    let format: EventFormat
    let unicode: Bool

    func line(_ item: Item, namespace: String, atNs: Int64) -> String {
        switch self.format {
        case .text: self.text(item, namespace, atNs) + "\n"
        case .jsonl: self.json(item, namespace, atNs).description + "\n"
        }
    }

    private func text(_ item: Item, _ namespace: String, _ atNs: Int64) -> String {
        let time = Measures.timeOfDay(nanoseconds: atNs)
        let parts: (String, String)
        switch item {
        case .event(let name, let arguments, let ackID):
            parts = (name + (ackID.map { " #\($0)" } ?? ""), Self.json(arguments).description)
        case .ack(let event, let arguments):
            parts = ("\(self.unicode ? "↩" : "ack of") \(event)", Self.json(arguments).description)
        case .noAck(let event, let reason): parts = ("\(self.unicode ? "↩" : "ack of") \(event)", reason)
        }
        return "\(time)  \(Escaping.visible(namespace))  \(Escaping.visible(parts.0))  \(Escaping.visible(parts.1))"
    }

    private func json(_ item: Item, _ namespace: String, _ atNs: Int64) -> JSONValue {
        var members = [
            JSONValue.Member("at_ns", .integer(atNs)), JSONValue.Member("namespace", .string(namespace)),
        ]
        switch item {
        case .event(let name, let arguments, let ackID):
            members.append(JSONValue.Member("event", .string(name)))
            members.append(JSONValue.Member("args", Self.json(arguments)))
            if let ackID { members.append(JSONValue.Member("ack_id", .integer(ackID))) }
        case .ack(let event, let arguments):
            members.append(JSONValue.Member("ack_of", .string(event)))
            members.append(JSONValue.Member("args", Self.json(arguments)))
        case .noAck(let event, let reason):
            members.append(JSONValue.Member("ack_of", .string(event)))
            members.append(JSONValue.Member("error", .string(reason)))
        }
        return .object(members)
    }

    private static func json(_ arguments: [SocketIOValue]) -> JSONValue {
        .array(arguments.map(EmitLine.json))
    }
}
