import Faults
import JSONText

extension Diagnosis {
    /// As `why --format json` prints it; times in ms, `null` where nothing is known.
    var json: JSONValue {
        let first = self.sessions.first
        return Self.object([
            ("sessions", .array(self.sessions.map { .integer($0.id) })),
            ("end_class", Self.text(first?.endClass?.rawValue)), ("ended_by", Self.text(first?.endedBy?.rawValue)),
            ("close_code", first?.closeCode.map { .integer($0) } ?? .null), ("clean", .bool(self.isClean)),
            ("life_ms", .array(self.livesNs.map { .milliseconds($0) })), ("ending", .string(self.ending)),
            ("cause", self.cause.map(Self.json) ?? .null),
            (
                "ruled_out",
                .array(
                    self.ruledOut.map {
                        Self.object([("rule", .string($0.rule)), ("reason", .string($0.reason))])
                    })
            ),
            ("client_reports", Self.text(self.clientReports)), ("server_reports", Self.text(self.serverReports)),
            ("client_fix", Self.text(self.clientFix)), ("server_fix", Self.text(self.serverFix)),
            (
                "server",
                Self.object([
                    ("kind", .string(self.server.kind.rawValue)), ("given", .bool(self.server.isGiven)),
                    ("software", Self.text(self.server.software)),
                    ("reasons", .array(self.server.reasons.map { .string($0) })),
                ])
            ),
            (
                "also",
                .array(
                    self.others.map {
                        Self.object([
                            ("rule", .string($0.rule)), ("severity", .string($0.severity.rawValue)),
                            ("count", .integer($0.count)), ("message", .string($0.message)),
                            ("elsewhere", Self.text($0.elsewhere)),
                        ])
                    })
            ),
            ("text", .string(self.paragraph)),
        ])
    }

    private static func json(_ cause: Cause) -> JSONValue {
        self.object([
            ("rule", self.text(cause.rule)), ("frame_id", cause.frameID.map { .integer($0) } ?? .null),
            ("delay_ms", .milliseconds(cause.delayNs)), ("text", .string(cause.text)),
            ("confidence", .string(cause.confidence.rawValue)),
            ("basis", .array(cause.basis.map { .string($0) })),
        ])
    }

    private static func text(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }

    private static func object(_ members: [(String, JSONValue)]) -> JSONValue {
        .object(members.map { JSONValue.Member($0.0, $0.1) })
    }
}
