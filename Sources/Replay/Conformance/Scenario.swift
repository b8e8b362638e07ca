/// One thing that a server does to a client under test, and what the client has to do then; read from a script.
///
/// The format of the script is told in docs/conformance.md.
public struct Scenario: Hashable, Sendable {
    public enum Transports: String, Hashable, Sendable, CaseIterable {
        case websocket
        case polling
        /// Polling first, then an upgrade to a WebSocket.
        case upgrade
    }

    /// What the server does with the WebSocket of an upgrade.
    public enum Upgrade: String, Hashable, Sendable, CaseIterable {
        /// As it should be.
        case accepted
        /// It is advertised, and refused with HTTP 400.
        case refused
        /// The WebSocket opens, and the probe is never answered.
        case silent
        /// The open packet advertises none.
        case withheld
    }

    /// The file's name without its extension.
    public var name: String
    /// What the client has to do, as a sentence without its full stop.
    public var title: String
    /// The document and section that asks for it.
    public var source: String
    public var transports: Transports
    public var upgrade: Upgrade
    /// What the client joins, in any order.
    public var namespaces: [String]
    /// As the open packet advertises them, in milliseconds; the server pings only where a step says so.
    public var pingIntervalMs: Int
    public var pingTimeoutMs: Int
    /// Bytes; nil leaves it out of the open packet.
    public var maxPayload: Int?
    /// Members of the open packet beside the usual ones, as JSON of an object's inside: `"a":1`.
    public var extra: String?
    /// permessage-deflate is agreed to where the client offers it.
    public var deflates: Bool
    /// Nanoseconds for all of it.
    public var limitNs: Int64
    public var steps: [ScenarioStep]

    public init(name: String) {
        self.name = name
        self.title = ""
        self.source = ""
        self.transports = .websocket
        self.upgrade = .accepted
        self.namespaces = ["/"]
        self.pingIntervalMs = 25_000
        self.pingTimeoutMs = 20_000
        self.maxPayload = 1_000_000
        self.deflates = false
        self.limitNs = 60_000_000_000
        self.steps = []
    }
}

/// A line of a script.
public struct ScenarioStep: Hashable, Sendable {
    /// From 1.
    public var line: Int
    /// As it stands in the file.
    public var text: String
    public var action: Action

    /// Durations are nanoseconds. `within` counts from the step's beginning, but for what says otherwise.
    public enum Action: Hashable, Sendable {
        /// Sends one Engine.IO packet, its attachments behind it.
        case send(ScenarioText, attachments: [[UInt8]], form: Form)
        /// Sends bytes into the WebSocket as they are.
        case sendRaw([UInt8])
        /// Sends a WebSocket ping; its pong has to come before the next step.
        case sendControlPing(String, within: Int64)
        /// Awaits the client's next packet but pongs. `elseSkip`: the reason to skip the scenario where another comes.
        case expect(PacketPattern, within: Int64, elseSkip: String?)
        /// Awaits a packet that may come before or behind others.
        case expectAnywhere(PacketPattern, within: Int64)
        /// Awaits a pong; what data it carries is not looked at.
        case expectPong(within: Int64)
        /// Awaits the CONNECT of a namespace and accepts it.
        case join(namespace: String, within: Int64)
        /// So many rounds of a ping and its pong.
        case beat(Int)
        /// Lets time pass, whatever comes.
        case wait(Int64)
        /// Lets time pass in which the client sends nothing.
        case quiet(Int64)
        /// Ends the transport.
        case end(ConnectionEnd)
        /// Ends the session by an error in answer to the next poll.
        case pollError(status: Int, body: String, within: Int64)
        /// The client's close frame, in answer to the server's.
        case expectCloseAnswer(within: Int64)
        /// The client ends the session by itself, not before `after`.
        case left(after: Int64, within: Int64)
        /// The client makes a new session; `after` and `within` count from the end of what was before.
        case reconnect(after: Int64, within: Int64)
        case noReconnect(for: Int64)
        /// Answers the next handshake with this; `after` as for `reconnect`.
        case refuse(status: Int, body: String, after: Int64, within: Int64)
        /// The client's `2probe`, which is answered at once; what is sent then still goes with the poll that waits.
        case probed(within: Int64)
        /// The client's `5`.
        case upgraded(within: Int64)
        /// The client still echoes, on this session or a new one.
        case alive(within: Int64)
    }

    public enum Form: Hashable, Sendable {
        case whole
        /// In so many WebSocket frames, with control pings between them where said so.
        case fragments(Int, pings: Bool)
    }
}

/// Text in which `$name` stands for what a pattern has captured.
public struct ScenarioText: Hashable, Sendable {
    enum Part: Hashable, Sendable {
        case plain(String)
        case captured(String)
    }

    var parts: [Part]

    /// What every capture is replaced by is the JSON of what was captured.
    func filled(from captures: [String: String]) -> String {
        self.parts.map { part in
            switch part {
            case .plain(let text): text
            case .captured(let name): captures[name] ?? ""
            }
        }.joined()
    }
}
