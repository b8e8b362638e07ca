public import TimelineModel

extension SessionState {
    /// Whether the session's Engine.IO version is known and not guessed: where the beginning is not in the capture, a
    /// request that named it or the heartbeat has to say it, for the fault of one version is the duty of the other.
    public var isVersionKnown: Bool {
        if self.facts.completeHead || self.isVersionNamed { return true }
        // A ping of the server is of version 4; a pong of the server that answered the client's ping is of version 3.
        return self.isEngineIO4 ? self.heartbeat.pings > 0 : self.heartbeat.pongs > 0
    }

    /// Whether the capture holds the client's side at all: some are taken in one direction only, and in these nobody ever
    /// answers.
    public var isClientSeen: Bool { self.firstFromClient != nil || self.isVersionNamed }

    /// Since when the client of a session of Engine.IO 4 has been waiting for a ping: since the last one, or the open
    /// packet. Nil where the server owes none, or where it cannot be told: the last ping still waits for its pong, or
    /// the client sent pings, which end the session or stop its timers.
    ///
    /// A pong that nobody asked for starts the server's interval anew (engine.io lib/socket.ts `onPacket`).
    public var waitsForPingSince: Mark? {
        guard self.isEngineIO4, self.isVersionKnown, self.heartbeat.wrongPings == 0, self.heartbeat.outstanding == nil
        else { return nil }
        guard let last = self.heartbeat.lastPing ?? (self.facts.completeHead ? self.open : nil) else { return nil }
        guard let pong = self.heartbeat.lastAnyPong, pong != self.heartbeat.lastPong else { return last }
        return pong
    }

    /// From when on an end fits a timer that runs for so long: a timer is never early, but its packets may take different
    /// times to the tap. The slack would be too much for a short one.
    func earliestNs(_ timer: Int64) -> Int64 {
        timer - min(self.slackNs, timer / 10)
    }

    /// Whether the server could have sent something at a time: over a WebSocket always, over polling only with a poll
    /// that was pending for the slack before.
    public func couldReceive(at moment: Timestamp) -> Bool {
        if self.isOnWebSocket { return true }
        return self.polls.waited(over: moment.later(by: -self.slackNs)...moment)
    }
}
