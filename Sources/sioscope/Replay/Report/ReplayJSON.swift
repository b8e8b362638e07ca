import Replay
import TimelineModel

/// The outcome of a replay as one JSON object; times are nanoseconds from the beginning of the live run.
enum ReplayJSON {
    static func object(_ report: ReplayReport) -> String {
        var members: [(String, String)] = [
            ("verdict", JSONRow.string(report.verdict.rawValue)),
            ("timeline", JSONRow.string(report.timeline)),
            ("session", report.session.map { "\($0)" } ?? "null"),
            ("mode", JSONRow.string("\(report.mode)")),
            ("pace", JSONRow.string(report.pace.text)),
            ("expected", "\(report.expected)"), ("matched", "\(report.matched)"),
            ("lives", "\(report.lives)"), ("lives_done", "\(report.livesDone)"),
            ("failures", self.array(report.failures.map(JSONRow.string))),
            ("waited_for", self.array(report.parts.compactMap(\.outcome.waitedFor).map(JSONRow.string))),
            ("remarks", self.array(report.parts.flatMap(\.outcome.remarks).map(JSONRow.string))),
            (
                "divergences",
                self.array(report.parts.flatMap { part in part.outcome.divergences.map { self.divergence($0, part) } })
            ),
            ("findings", self.array(report.findings.map { self.finding($0, report) })),
            (
                "timing",
                self.object([
                    ("duration_ns", "\(report.durationNs)"), ("sent", "\(report.sent)"),
                    ("late_mean_ns", "\(report.lateMeanNs)"), ("late_max_ns", "\(report.lateMaxNs)"),
                ])
            ),
        ]
        if let process = report.process { members.append(("client", self.process(process))) }
        return self.object(members)
    }

    private static func divergence(_ divergence: Divergence, _ part: ReplayReport.Part) -> String {
        var members: [(String, String)] = []
        if let name = part.name { members.append(("part", JSONRow.string(name))) }
        members += [
            ("kind", JSONRow.string(divergence.kind.rawValue)), ("life", "\(divergence.life)"),
            ("recorded_frame_id", divergence.recordedFrameID.map { "\($0)" } ?? "null"),
            ("at_ns", part.elapsed(divergence).map { "\($0)" } ?? "null"),
            ("sender", JSONRow.string(divergence.sender.rawValue)),
            ("namespace", divergence.namespace.map(JSONRow.string) ?? "null"),
            ("what", JSONRow.string(divergence.what)),
            (
                "differences",
                self.array(
                    divergence.differences.map { difference in
                        self.object([
                            ("pointer", JSONRow.string(difference.pointer)),
                            // JSON as it was written, which may be broken: it stays a text.
                            ("recorded", difference.recorded.map(JSONRow.string) ?? "null"),
                            ("live", difference.live.map(JSONRow.string) ?? "null"),
                        ])
                    })
            ),
            ("detail", JSONRow.string(divergence.detail)),
        ]
        return self.object(members)
    }

    private static func finding(_ finding: Finding, _ report: ReplayReport) -> String {
        self.object([
            ("rule", JSONRow.string(finding.rule)), ("severity", JSONRow.string(finding.severity.rawValue)),
            ("status", JSONRow.string(finding.status.rawValue)),
            ("fails", "\(report.faults.contains(finding))"),
            ("at_ns", report.elapsed(finding).map { "\($0)" } ?? "null"),
            ("session_id", finding.sessionID.map { "\($0)" } ?? "null"),
            ("frame_id", finding.frameID.map { "\($0)" } ?? "null"),
            ("message", JSONRow.string(finding.message)), ("evidence", finding.evidence),
        ])
    }

    private static func process(_ process: ReplayReport.Process) -> String {
        var status = "null"
        var signal = "null"
        switch process.end {
        case .exited(let number): status = "\(number)"
        case .killed(let number): signal = "\(number)"
        case .ended: break
        }
        return self.object([
            ("command", self.array(process.command.map(JSONRow.string))), ("status", status), ("signal", signal),
            ("ended_by_replay", "\(process.end == .ended)"), ("printed_bytes", "\(process.printed.printed)"),
            ("left_out_bytes", "\(process.printed.leftOut)"),
        ])
    }

    private static func object(_ members: [(String, String)]) -> String {
        "{" + members.map { "\"\($0)\":\($1)" }.joined(separator: ",") + "}"
    }

    private static func array(_ values: [String]) -> String { "[" + values.joined(separator: ",") + "]" }
}
