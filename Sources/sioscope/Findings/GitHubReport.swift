import TimelineModel

/// Workflow commands of GitHub Actions: each finding becomes an annotation of the run.
/// Source: GitHub Actions, "Workflow commands for GitHub Actions".
enum GitHubReport {
    static func line(_ item: NumberedFinding, in session: SessionLine?) -> String {
        let finding = item.finding
        let level =
            switch finding.severity {
            case .error: "error"
            case .warning: "warning"
            case .note: "notice"
            }
        let place = session.map { "session \($0.id), " } ?? ""
        let text = place + FindingsReport.time(of: item, in: session) + ": " + finding.message
        return "::\(level) title=\(self.property(finding.rule))::\(self.data(Escaping.visible(text)))"
    }

    private static func data(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            for scalar in character.unicodeScalars {
                switch scalar {
                case "%": result += "%25"
                case "\r": result += "%0D"
                case "\n": result += "%0A"
                default: result.unicodeScalars.append(scalar)
                }
            }
        }
    }

    private static func property(_ text: String) -> String {
        self.data(text).reduce(into: "") { result, character in
            switch character {
            case ":": result += "%3A"
            case ",": result += "%2C"
            default: result.append(character)
            }
        }
    }
}
