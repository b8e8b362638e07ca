import Faults

/// Ids of rules as a user gives them.
enum RuleNames {
    static func page(_ id: String, flag: String = "") throws -> RulePage {
        guard let page = Catalogue.page(id) else { throw ToolError(flag + self.unknown(id)) }
        return page
    }

    /// What to say of an id that is none: the middle of a line.
    static func unknown(_ id: String) -> String {
        let near = NearestNames.of(id, among: Catalogue.all.map { $0.page.id })
        return "no rule is named '\(id)'"
            + (near.isEmpty ? "" : "; did you mean \(near.joined(separator: ", "))?")
            + " ('sioscope rules' lists all)"
    }
}
