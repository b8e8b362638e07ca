import Replay

/// What came of comparing two recordings, as one JSON object; times are nanoseconds.
enum DiffJSON {
    static func object(_ outcome: DiffOutcome, _ a: DiffSide, _ b: DiffSide) -> String {
        self.object([
            ("verdict", self.string(outcome.isEqual ? "equal" : "different")),
            ("a", self.string(a.text)), ("b", self.string(b.text)),
            ("difference_count", "\(outcome.differenceCount)"),
            ("differences", self.array(outcome.differences.map(self.difference))),
            ("timed_pairs", "\(outcome.timedPairs)"), ("time_count", "\(outcome.timeCount)"),
            ("times", self.array(outcome.times.map(self.time))),
            ("lives", self.array(outcome.lives.map(self.life))),
        ])
    }

    private static func difference(_ difference: SessionDifference) -> String {
        self.object([
            ("kind", self.string(difference.kind.rawValue)), ("subject", self.string(difference.subject.rawValue)),
            ("life", "\(difference.life)"), ("sender", self.string(difference.sender?.rawValue)),
            ("namespace", self.string(difference.namespace)), ("frame_a", self.number(difference.frameA)),
            ("frame_b", self.number(difference.frameB)), ("at_ns", self.number(difference.atNs)),
            ("what", self.string(difference.what)),
            (
                "places",
                self.array(
                    difference.places.map {
                        // JSON as it was written, or a word where it is none: it stays a text.
                        self.object([
                            ("pointer", self.string($0.pointer)), ("a", self.string($0.recorded)),
                            ("b", self.string($0.live)),
                        ])
                    })
            ),
            ("detail", self.string(difference.detail)),
        ])
    }

    private static func time(_ time: TimeDifference) -> String {
        self.object([
            ("life", "\(time.life)"), ("sender", self.string(time.sender.rawValue)),
            ("namespace", self.string(time.namespace)), ("frame_a", "\(time.frameA)"), ("frame_b", "\(time.frameB)"),
            ("what", self.string(time.what)), ("delay_a_ns", "\(time.delayA)"), ("delay_b_ns", "\(time.delayB)"),
        ])
    }

    private static func life(_ life: LifeComparison) -> String {
        self.object([
            ("life", "\(life.life)"), ("session_a", self.number(life.sessionA)),
            ("session_b", self.number(life.sessionB)), ("packets_a", "\(life.packetsA)"),
            ("packets_b", "\(life.packetsB)"), ("equal", "\(life.equal)"),
            ("heartbeats_a", life.heartbeatsA.map(self.heartbeats) ?? "null"),
            ("heartbeats_b", life.heartbeatsB.map(self.heartbeats) ?? "null"),
            ("notes", self.array(life.notes.map { self.string($0) })),
        ])
    }

    private static func heartbeats(_ summary: HeartbeatSummary) -> String {
        self.object([
            ("ping_interval_ms", self.number(summary.pingIntervalMs)),
            ("ping_timeout_ms", self.number(summary.pingTimeoutMs)), ("pings_client", "\(summary.pingsClient)"),
            ("pings_server", "\(summary.pingsServer)"), ("pongs", "\(summary.pongs)"),
            ("slowest_pong_ns", self.number(summary.slowestPongNs)),
        ])
    }

    private static func string(_ text: String?) -> String { text.map(JSONRow.string) ?? "null" }
    private static func number(_ value: (some BinaryInteger)?) -> String { value.map { "\($0)" } ?? "null" }
    private static func array(_ items: [String]) -> String { "[\(items.joined(separator: ","))]" }

    private static func object(_ members: [(String, String)]) -> String {
        "{\(members.map { "\(JSONRow.string($0)):\($1)" }.joined(separator: ","))}"
    }
}
