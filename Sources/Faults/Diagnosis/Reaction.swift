/// What a server does when a client breaks a rule.
enum Reaction: Hashable {
    /// Ends the session at once; with the reason that the application is told.
    case closes(reason: String)
    /// Goes on as if nothing had been.
    case ignores
    /// Ends it when a time is over; with the reason, where the application is told of it at all.
    case closesLater(after: String, reason: String?)

    var closesAtOnce: Bool { if case .closes = self { true } else { false } }

    /// As in "ignored by python-engineio".
    func phrase(_ server: ServerKind) -> String {
        switch self {
        case .closes: "\(server.name) closes at once"
        case .ignores: "\(server.name) passes it over"
        case .closesLater(let after, _): "\(server.name) closes \(after)"
        }
    }

    var reason: String? {
        switch self {
        case .closes(let reason): reason
        case .closesLater(_, let reason): reason
        case .ignores: nil
        }
    }
}

/// Faults of a client that may end its session, with what each kind of server does on them.
///
/// Source: the protocol's catalogue, 2.2: probes of engine.io 6.6 with socket.io 4.8 and of python-engineio 4.15 with
/// python-socketio 5.18.
enum Reactions {
    static let table: [String: [ServerKind: Reaction]] = [
        "eio4-client-ping": [
            .node: .closes(reason: "transport error (invalid heartbeat direction)"), .python: .ignores,
        ],
        "eio-wrong-direction-pong": [.node: .closes(reason: "transport error (invalid heartbeat direction)")],
        "eio-malformed-packet": [
            .node: .closes(reason: "parse error"), .python: .closes(reason: "transport error"),
        ],
        "eio-text-in-binary-frame": [.node: .closes(reason: "forced close"), .python: .ignores],
        "sio-malformed-packet": [.node: .closes(reason: "forced close"), .python: .ignores],
        "client-packet-outside-namespace": [.node: .closes(reason: "forced close"), .python: .ignores],
        "connect-duplicate": [.node: .closes(reason: "forced close"), .python: .ignores],
        "reserved-event-name": [.node: .closes(reason: "forced close"), .python: .ignores],
        "attachment-orphan": [.node: .closes(reason: "forced close"), .python: .ignores],
        "attachment-interleaved": [.node: .closes(reason: "forced close"), .python: .ignores],
        "attachment-missing": [.node: .closes(reason: "forced close"), .python: .ignores],
        "attachment-count-mismatch": [.node: .closes(reason: "forced close"), .python: .ignores],
        "attachment-zero": [.node: .closes(reason: "forced close")],
        "attachment-limit": [.node: .closes(reason: "forced close")],
        "namespace-syntax": [.node: .closes(reason: "forced close"), .python: .ignores],
        "packet-after-disconnect": [.node: .closes(reason: "forced close"), .python: .ignores],
        "parser-mismatch": [.node: .closes(reason: "forced close")],
        "message-too-big": [
            .node: .closes(reason: "transport error (Max payload size exceeded)"),
            .python: .closes(reason: "transport error"),
        ],
        "ws-unmasked-client-frame": [
            .node: .closes(reason: "transport error"), .python: .closes(reason: "transport error"),
        ],
        "ws-rsv-without-extension": [
            .node: .closes(reason: "transport error"), .python: .closes(reason: "transport error"),
        ],
        "ws-control-frame-invalid": [
            .node: .closes(reason: "transport error"), .python: .closes(reason: "transport error"),
        ],
        "ws-invalid-utf8": [.node: .closes(reason: "transport error"), .python: .closes(reason: "transport error")],
        "ws-deflate-error": [.node: .closes(reason: "transport error"), .python: .closes(reason: "transport error")],
        "ws-close-code-invalid": [
            .node: .closes(reason: "transport error"), .python: .closes(reason: "transport error"),
        ],
        "poll-overlap": [.node: .closes(reason: "transport error (overlap from client)"), .python: .ignores],
        "poll-aborted": [.node: .closes(reason: "transport error (poll connection closed prematurely)")],
        "polling-content-type": [.node: .closes(reason: "transport error")],
        "pong-missing": [
            .node: .closesLater(after: "pingTimeout after the ping", reason: "ping timeout"),
            .python: .closesLater(after: "one to two pingTimeouts after the ping", reason: "ping timeout"),
        ],
        "pong-late": [
            .node: .closesLater(after: "pingTimeout after the ping", reason: "ping timeout"),
            .python: .closesLater(after: "one to two pingTimeouts after the ping", reason: "ping timeout"),
        ],
        "eio3-client-ping-missing": [
            .node: .closesLater(after: "pingInterval + pingTimeout after the last ping", reason: "ping timeout"),
            .python: .closesLater(after: "pingInterval + 5 s after the last ping", reason: "ping timeout"),
        ],
        "connect-missing": [
            .node: .closesLater(after: "when connectTimeout (45 s by default) was over", reason: nil),
            .python: .ignores,
        ],
        "eio-close-over-websocket": [.node: .ignores, .python: .closes(reason: "client disconnect")],
    ]

    /// What the known kinds of servers do on a fault, in one clause; nil where it is not known to end anything.
    static func elsewhere(_ rule: String) -> String? {
        guard let reactions = self.table[rule] else { return nil }
        let phrases = ServerKind.allCases.compactMap { kind in reactions[kind].map { $0.phrase(kind) } }
        return phrases.isEmpty ? nil : phrases.joined(separator: "; ")
    }
}
