import EngineIO
import HookLog
import TimelineModel

/// Writes a timeline's rows of one capture as a hook log. Read back by `HookLogDecoder`, the frames are the same.
///
/// Packets are put together again from their columns; where the columns do not tell how long the packet was (a text
/// that was no UTF-8, a root namespace that was written out, digits with leading zeros), `size_bytes` does. What a hook
/// log has no words for is left out: the HTTP exchanges of polling, and anomalies but those in `Notes`.
///
/// ```swift
/// var encoder = HookLogEncoder(connections: ..., sessions: ..., exchanges: ...)
/// for frame in frames { encoder.encode(frame, notes, to: &text) }
/// encoder.finish(to: &text)
/// ```
public struct HookLogEncoder {
    /// What anomalies say of a frame, where its columns are not enough to write it.
    public struct Notes: Hashable, Sendable {
        /// Detail of `websocket.unreadable-message` or `engineio.unreadable-packet`.
        public var unreadable: String?
        /// `engineio.refused-packet`.
        public var isRefused = false
        /// `socketio.space-before-payload`.
        public var hasSpace = false

        public init() {}

        /// The anomalies that matter here.
        public static let codes: [Anomaly.Code] = [
            "websocket.unreadable-message", "engineio.unreadable-packet", "engineio.refused-packet",
            "socketio.space-before-payload",
        ]

        /// Takes in an anomaly of the frame.
        public mutating func add(_ code: String, detail: String) {
            switch code {
            case "websocket.unreadable-message", "engineio.unreadable-packet": self.unreadable = detail
            case "engineio.refused-packet": self.isRefused = true
            case "socketio.space-before-payload": self.hasSpace = true
            default: break
            }
        }
    }

    private let connections: [Int64: ConnectionFacts]
    private let sessions: [Int64: SessionFacts]
    private let exchanges: [Int64: ExchangeFacts]
    /// The 101 answers, by connection.
    private let switches: [Int64: ExchangeFacts]
    /// Ends without a close frame, latest first: they are taken from the end.
    private var ends: [End]
    private var opened: Set<String> = []
    /// Sessions that a frame was written of.
    private var begun: Set<Int64> = []

    private struct End {
        var at: Timestamp
        var name: String
        /// Of a WebSocket; nil for polling.
        var connectionID: Int64?
        var close: HookLine.Close
    }

    /// - Parameters:
    ///   - connections: all of the capture.
    ///   - sessions: all of the capture.
    ///   - exchanges: those with status 101, and those that frames without a session name; others are passed over.
    public init(connections: [ConnectionFacts], sessions: [SessionFacts], exchanges: [ExchangeFacts]) {
        self.connections = Dictionary(connections.map { ($0.id, $0) }) { $1 }
        self.sessions = Dictionary(sessions.map { ($0.id, $0) }) { $1 }
        self.exchanges = Dictionary(exchanges.map { ($0.id, $0) }) { $1 }
        let webSockets = Set(connections.lazy.filter { $0.application == .websocket }.map(\.id))
        self.switches = Dictionary(
            exchanges.filter { $0.status == 101 && webSockets.contains($0.connectionID) }.map { ($0.connectionID, $0) }
        ) { $1 }
        self.ends = []
        for connection in connections where webSockets.contains(connection.id) {
            guard let at = connection.closed, let kind = connection.closeKind, kind == .fin || kind == .rst else {
                continue
            }
            let close = HookLine.Close(
                by: connection.closedBy, code: HookLine.Close.missingCode, end: kind == .rst ? .rst : nil)
            self.ends.append(
                End(at: at, name: Self.webSocketName(connection.id), connectionID: connection.id, close: close))
        }
        for session in sessions where session.transports.last == .polling {
            guard let at = session.ended, let end = session.endClass, [.fin, .rst, .httpError].contains(end) else {
                continue
            }
            let close = HookLine.Close(by: session.endedBy, code: HookLine.Close.missingCode, end: end)
            self.ends.append(End(at: at, name: Self.pollingName(session.id), connectionID: nil, close: close))
        }
        self.ends.sort { ($0.at, $0.name) > ($1.at, $1.name) }
    }

    /// Appends the lines for a frame; frames must come in the order of their ids.
    public mutating func encode(_ frame: Frame, _ notes: Notes = Notes(), to text: inout String) {
        while let end = self.ends.last, end.at < frame.at { self.writeEnd(to: &text) }
        let name = self.name(of: frame)
        if self.opened.insert(name).inserted { self.writeOpen(name, frame, to: &text) }
        if let session = frame.sessionID { self.begun.insert(session) }
        let version = frame.sessionID.flatMap { self.sessions[$0]?.engineIOVersion } == 3 ? EngineIOVersion.v3 : .v4
        HookLine(at: frame.at, session: name, transport: frame.transport, event: frame.hookEvent(version, notes))
            .write(to: &text)
    }

    /// Appends what is left: ends, and WebSockets without a frame.
    public mutating func finish(to text: inout String) {
        for exchange in self.switches.values.sorted(by: { ($0.requested, $0.id) < ($1.requested, $1.id) }) {
            let name = Self.webSocketName(exchange.connectionID)
            if self.opened.insert(name).inserted {
                self.writeOpenWebSocket(
                    name, exchange.connectionID, at: exchange.requested, exchange.sessionID, to: &text)
            }
        }
        while !self.ends.isEmpty { self.writeEnd(to: &text) }
    }

    // MARK: Names

    private static func webSocketName(_ id: Int64) -> String { "connection-\(id)" }
    /// All polls of a session are one to a hook, over however many TCP connections they went.
    private static func pollingName(_ id: Int64) -> String { "session-\(id)-polling" }

    private func name(of frame: Frame) -> String {
        switch (frame.transport, frame.sessionID) {
        case (.websocket, _): Self.webSocketName(frame.connectionID)
        case (.polling, let session?): Self.pollingName(session)
        // Refused packets: each may name another session in its URL.
        case (.polling, nil): "exchange-\(frame.exchangeID ?? 0)-refused"
        }
    }

    // MARK: Opens and ends

    private mutating func writeEnd(to text: inout String) {
        let end = self.ends.removeLast()
        if let id = end.connectionID, self.opened.insert(end.name).inserted {
            self.writeOpenWebSocket(end.name, id, at: end.at, self.switches[id]?.sessionID, to: &text)
        }
        guard self.opened.contains(end.name) else { return }
        HookLine(
            at: end.at, session: end.name, transport: end.connectionID == nil ? .polling : .websocket,
            event: .close(end.close)
        ).write(to: &text)
    }

    private func writeOpen(_ name: String, _ frame: Frame, to text: inout String) {
        guard frame.transport == .polling else {
            return self.writeOpenWebSocket(name, frame.connectionID, at: frame.at, frame.sessionID, to: &text)
        }
        let session = frame.sessionID.flatMap { self.sessions[$0] }
        var target = frame.exchangeID.flatMap { self.exchanges[$0]?.target } ?? "/"
        if let session {
            target = "\(session.path ?? "/")?EIO=\(session.engineIOVersion ?? 4)&transport=polling"
            // The first poll has no sid yet; where it was seen, the open packet brings it.
            let beginsHere = session.completeHead && session.transports.first == .polling
            if let sid = session.sid, !beginsHere { target += "&sid=" + Self.percentEncoded(sid) }
        }
        self.write(
            name, frame.connectionID, .polling, target: target, userAgent: session?.userAgent,
            at: min(session?.opened ?? frame.at, frame.at), to: &text)
    }

    private func writeOpenWebSocket(
        _ name: String, _ connectionID: Int64, at: Timestamp, _ sessionID: Int64?, to text: inout String
    ) {
        let exchange = self.switches[connectionID]
        let session = (sessionID ?? exchange?.sessionID).flatMap { self.sessions[$0] }
        var target = exchange?.target ?? session?.path ?? "/"
        let engineIO = EngineIOTarget(target)
        if let session, engineIO?.eio == nil {
            target += target.contains("?") ? "&" : "?"
            target += "EIO=\(session.engineIOVersion ?? 4)"
            if engineIO?.transport == nil { target += "&transport=websocket" }
            // Without the request nothing else says that the session had begun elsewhere.
            if let sid = session.sid, exchange == nil, self.begun.contains(session.id) {
                target += "&sid=" + Self.percentEncoded(sid)
            }
        }
        self.write(
            name, connectionID, .websocket, target: target, userAgent: exchange?.userAgent ?? session?.userAgent,
            at: min(exchange?.requested ?? at, at), to: &text)
    }

    private func write(
        _ name: String, _ connectionID: Int64, _ transport: Transport, target: String, userAgent: String?,
        at: Timestamp, to text: inout String
    ) {
        let connection = self.connections[connectionID]
        // A number sign may not stand in a target, but some clients send it; in a URL it would begin a fragment.
        let target = target.split(separator: "#", omittingEmptySubsequences: false).joined(separator: "%23")
        var url = target
        if target.firstRange(of: "://") == nil {
            url = SourceURL.text(
                scheme: transport == .websocket ? "ws" : "http", address: connection?.serverAddress ?? "",
                port: connection?.serverPort ?? 0, target: target)
        }
        let address = connection.flatMap { $0.clientAddress.isEmpty ? nil : $0.clientAddress }
        let port = connection.flatMap { $0.clientPort == 0 ? nil : $0.clientPort }
        HookLine(
            at: at, session: name, transport: transport,
            event: .open(HookLine.Open(url: url, client: userAgent, clientAddress: address, clientPort: port))
        ).write(to: &text)
    }

    /// A sid of another server than the reference one may hold anything. Source: RFC 3986, section 2.3.
    private static func percentEncoded(_ text: String) -> String {
        var out = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                out.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let hex = String(byte, radix: 16, uppercase: true)
                out += hex.count < 2 ? "%0\(hex)" : "%\(hex)"
            }
        }
        return out
    }
}
