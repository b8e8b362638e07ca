import Faults
import JSONText
import Replay
import Timeline

/// Rules as rows and as objects.
enum RuleRows {
    static let columns = ["id", "layer", "severity", "side", "summary"]

    static func values(_ page: RulePage) -> [TimelineValue] {
        [
            page.id, page.layer.rawValue, page.severity.rawValue, RuleText.sides(page), RuleText.summary(page),
        ].map { .text($0) }
    }

    /// All of a page.
    static func object(_ page: RulePage) -> JSONValue {
        func text(_ text: String?) -> JSONValue { text.map { .string(RuleText.oneLine($0)) } ?? .null }
        let thresholds = page.thresholds.map { threshold in
            JSONValue.object([
                JSONValue.Member("name", .string(threshold.name)),
                JSONValue.Member("standard", .number(RuleText.number(threshold.standard))),
                JSONValue.Member("meaning", text(threshold.meaning)),
            ])
        }
        return .object([
            JSONValue.Member("id", .string(page.id)),
            JSONValue.Member("layer", .string(page.layer.rawValue)),
            JSONValue.Member("severity", .string(page.severity.rawValue)),
            JSONValue.Member("versions", .string(page.versions)),
            JSONValue.Member("sides", .array(page.sides.map { .string($0.rawValue) })),
            JSONValue.Member("since", .string(page.since)),
            JSONValue.Member("source", text(page.source)),
            JSONValue.Member("summary", text(page.summary)),
            JSONValue.Member("finds", text(page.finds)),
            JSONValue.Member("why", text(page.why)),
            JSONValue.Member("client_fix", text(page.clientFix)),
            JSONValue.Member("server_fix", text(page.serverFix)),
            JSONValue.Member("false_alarms", text(page.falseAlarms)),
            JSONValue.Member("misbehave", text(Misbehaviour(rawValue: page.id)?.summary)),
            JSONValue.Member("misbehave_needs", text(Misbehaviour(rawValue: page.id)?.needs)),
            JSONValue.Member("thresholds", .array(thresholds)),
        ])
    }
}
