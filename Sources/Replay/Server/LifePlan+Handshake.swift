import EngineIO
import TimelineModel

extension LifePlan {
    /// So long that it never passes, and short enough for the timers of JavaScript together with a timeout.
    private static let neverMs = 1_000_000_000
    /// engine.io's defaults, for a recording that lacks the open packet.
    private static let defaultIntervalMs = 25_000
    private static let defaultTimeoutMs = 20_000

    /// The session's server: what its open packet says, and how it keeps the heartbeat.
    func serverSettings(
        sid: String, _ transport: Transport, _ settings: ReplayServerSettings,
        _ dialect: EngineIOServerSettings.Dialect
    ) -> EngineIOServerSettings {
        let facts = self.session.facts
        let pace = settings.pace
        let interval = Self.inRange(pace.heartbeat(ms: facts.pingIntervalMs ?? Self.defaultIntervalMs))
        let timeout = Self.inRange(pace.heartbeat(ms: facts.pingTimeoutMs ?? Self.defaultTimeoutMs))
        let handshake = EngineIOHandshake(
            sid: sid, upgrades: transport == .polling ? self.upgrades : [],
            pingIntervalMs: settings.heartbeat == .off ? Self.neverMs : interval, pingTimeoutMs: timeout,
            maxPayload: facts.maxPayload)
        return EngineIOServerSettings(
            self.version, handshake, heartbeat: self.heartbeat(settings, interval, timeout), dialect: dialect,
            maxMessageBytes: self.mostBytes(settings.profile))
    }

    /// What a message or a body may have; nil for any size. Node's servers and python's both hold to what they say; one
    /// that took more in the recording does so again.
    func mostBytes(_ profile: ReplayServerSettings.Profile) -> Int? {
        guard let limit = self.session.facts.maxPayload, limit > 0 else { return nil }
        let wentOn = self.violations.contains {
            $0.kind == .tooBig && $0.index.map { self.packets[$0].transport == .websocket } ?? false
                && self.endNs - self.atNs($0.at) > RecordedEnd.reactionNs
        }
        return wentOn && profile == .recorded ? nil : limit
    }

    private static func inRange(_ ms: Int) -> Int { min(ms, self.neverMs) }

    private func heartbeat(
        _ settings: ReplayServerSettings, _ intervalMs: Int, _ timeoutMs: Int
    ) -> EngineIOServerSettings.Heartbeat {
        guard settings.heartbeat != .off else { return .off }
        func ns(_ ms: Int) -> Int64 { Int64(ms) * 1_000_000 }
        guard intervalMs > 0 || timeoutMs > 0 else { return .off }
        // python-engineio names intervals below a second as 0, and pings all the same.
        let interval = intervalMs > 0 ? ns(intervalMs) : self.recordedInterval(settings.pace) ?? ns(timeoutMs) / 2
        let timeout = timeoutMs > 0 ? ns(timeoutMs) : ns(Self.defaultTimeoutMs)
        guard settings.heartbeat == .recorded else { return .live(intervalNs: interval, timeoutNs: timeout) }
        // Beyond its end the recording says nothing of heartbeats: a silence there would be the replay's own.
        return .led(intervalNs: interval, timeoutNs: timeout, untilNs: settings.pace.scaled(self.endNs))
    }

    /// From a pong to the next ping, the median of the recording, at the pace; nil where it has none.
    private func recordedInterval(_ pace: Pace) -> Int64? {
        var gaps: [Int64] = []
        var pong: Timestamp?
        for packet in self.packets {
            if packet.isEngineIO(.pong, of: .client) { pong = packet.at }
            guard packet.isEngineIO(.ping, of: .server), let last = pong else { continue }
            gaps.append(max(0, packet.at.nanoseconds(since: last)))
            pong = nil
        }
        guard !gaps.isEmpty else { return nil }
        let median = gaps.sorted()[gaps.count / 2] / 1_000_000
        let ms = pace.heartbeat(ms: Int(clamping: median))
        return ms > 0 ? Int64(min(ms, Self.neverMs)) * 1_000_000 : nil
    }

    /// As offered where the recorded session began by polling; else a WebSocket, which the recorded server has.
    private var upgrades: [String] {
        let facts = self.session.facts
        if facts.transports.first == .polling, let recorded = facts.upgrades {
            return recorded.split(separator: ",").map(String.init).filter { $0 == "websocket" }
        }
        return facts.transports.contains(.websocket) ? ["websocket"] : []
    }
}
