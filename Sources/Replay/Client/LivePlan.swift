import EngineIO
import TimelineModel

/// How the lives of a recording are asked for again.
enum LivePlan {
    static let defaultPath = "/socket.io/"

    static func session(_ session: RecordedSession, _ settings: ReplayClientSettings) -> LinkPlan {
        let facts = session.facts
        let first: Transport
        let upgrades: Bool
        switch settings.transport {
        case .websocket: (first, upgrades) = (.websocket, false)
        case .polling: (first, upgrades) = (.polling, false)
        case .asRecorded:
            first = facts.transports.first ?? .websocket
            upgrades = first == .polling && facts.transports.contains(.websocket)
        }
        return LinkPlan(
            version: facts.engineIOVersion == 3 ? .v3 : .v4, path: settings.path ?? facts.path ?? Self.defaultPath,
            query: settings.query ?? session.exchanges.first.map { Self.ownQuery(of: $0.target) } ?? "", first: first,
            upgrades: upgrades, openTimeoutNs: settings.openTimeoutNs)
    }

    /// Nil for a refusal that is no answer to a handshake: it names a session that was gone, or was no Engine.IO.
    static func refusal(_ exchange: ExchangeFacts, _ settings: ReplayClientSettings) -> LinkPlan? {
        guard exchange.method == "GET", let target = EngineIOTarget(exchange.target), target.sid == nil,
            let name = target.transport, let transport = Transport(rawValue: name), target.eio != nil,
            // What a server says while it starts or is overrun belongs to that day alone.
            let status = exchange.status, (400...499).contains(status), status != 408, status != 429
        else { return nil }
        return LinkPlan(
            version: target.version, path: settings.path ?? target.path,
            query: settings.query ?? Self.ownQuery(of: exchange.target), first: transport, upgrades: false,
            openTimeoutNs: settings.openTimeoutNs)
    }

    /// What the application added to the protocol's own parameters.
    static func ownQuery(of target: String) -> String {
        let parts = target.split(separator: "#", maxSplits: 1)[0].split(separator: "?", maxSplits: 1)
        guard parts.count > 1 else { return "" }
        let own: Set<Substring> = ["EIO", "transport", "sid", "t", "j", "b64"]
        return parts[1].split(separator: "&").filter { pair in
            pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).first.map { !own.contains($0) }
                ?? false
        }.joined(separator: "&")
    }
}
