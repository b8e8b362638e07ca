import JSONText
import TimelineModel

/// Kinds of servers that react to faults in their own ways.
public enum ServerKind: String, Hashable, Sendable, CaseIterable {
    /// engine.io and socket.io for Node.js.
    case node
    /// python-engineio and python-socketio, on any of their frameworks.
    case python
    /// Ports to Go that follow Node's: zishang520/socket.io.
    case go
    /// Others, or not known.
    case unknown

    public var name: String {
        switch self {
        case .node: "Node engine.io"
        case .python: "python-engineio"
        case .go: "a Go port of engine.io"
        case .unknown: "an unknown server"
        }
    }
}

/// What a server shows of its kind on the wire. Sources: the protocol's catalogue, 2.1; engine.io lib/socket.ts `onOpen`;
/// python-engineio base_server.py; zishang520/engine.io engine/socket.go `onOpen`.
public struct ServerEvidence: Hashable, Sendable {
    /// Signs of each kind, as a person reads them.
    public private(set) var signs: [ServerKind: [String]] = [:]
    /// The Server header: the framework below.
    public private(set) var software: String?

    /// The kind that more signs speak for; `unknown` where none do or they contradict each other.
    public var kind: ServerKind {
        let ranked = self.signs.sorted { ($0.value.count, $0.key.rawValue) > ($1.value.count, $1.key.rawValue) }
        guard let first = ranked.first else { return .unknown }
        if ranked.count > 1, ranked[1].value.count == first.value.count { return .unknown }
        return first.key
    }

    private mutating func note(_ kind: ServerKind, _ sign: String) {
        guard self.signs[kind]?.contains(sign) != true else { return }
        self.signs[kind, default: []].append(sign)
    }

    mutating func apply(_ frame: Frame) {
        guard frame.sender == .server else { return }
        switch (frame.engineIOType, frame.socketIOType) {
        case (.open, _):
            guard let text = frame.payload, case .object(let members)? = try? JSONValue(text) else { return }
            let keys = members.map(\.key)
            guard let interval = keys.firstIndex(of: "pingInterval"), let timeout = keys.firstIndex(of: "pingTimeout")
            else { return }
            if keys.prefix(4) == ["sid", "upgrades", "pingInterval", "pingTimeout"] {
                self.note(.node, "pingInterval stands before pingTimeout in its open packet")
            } else if keys.prefix(2) == ["sid", "upgrades"], timeout < interval {
                self.note(.python, "pingTimeout stands before pingInterval in its open packet")
            } else if keys.count >= 4, keys == keys.sorted() {
                self.note(.go, "the keys of its open packet stand in alphabetical order, as Go writes its maps")
            }
        case (_, .connectError?):
            switch frame.payload.flatMap({ try? JSONValue($0) }) {
            case .string("Unable to connect")?: self.note(.python, "it refuses with the text \"Unable to connect\"")
            case let body? where body["message"]?.string == "Invalid namespace":
                self.note(.node, "it refuses with \"Invalid namespace\"")
            default: break
            }
        default:
            break
        }
    }

    /// The server was the first to send a close frame.
    mutating func applyClose(code: UInt16?) {
        switch code {
        case nil: self.note(.node, "it closes without a code")
        case 1000: self.note(.python, "it closes with code 1000")
        default: break
        }
    }

    mutating func apply(_ exchange: ExchangeFacts) {
        if let server = exchange.server {
            self.software = server
            for name in ["uvicorn", "aiohttp", "werkzeug", "hypercorn", "daphne", "gunicorn", "python/"]
            where server.lowercased().contains(name) {
                self.note(.python, "its Server header is \(Phrase.quoted(server))")
            }
        }
        guard let body = exchange.errorBody, exchange.status == 400 else { return }
        switch try? JSONValue(body) {
        case .object?: self.note(.node, "it refuses with a JSON object with code and message")
        case .string?: self.note(.python, "it refuses with a JSON text without a code")
        default: break
        }
    }
}
