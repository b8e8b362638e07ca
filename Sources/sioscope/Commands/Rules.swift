import ArgumentParser
import Faults

struct Rules: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the rules of 'analyze', or print the page of one.",
        discussion: """
            A page says what makes the rule fire, why it matters, what to change on either side, and what it does not \
            count. --format json of one rule gives its page as an object.

            EXAMPLES:
              sioscope rules
              sioscope rules eio4-client-ping
              sioscope rules --format jsonl | jq -r 'select(.severity == "error") | .id'

            EXIT STATUS:
              0  printed
              2  there is no such rule
            """
    )

    @Argument(help: "Id of a rule.", completion: .list(Catalogue.all.map { $0.page.id }))
    var id: String?

    @OptionGroup var output: OutputOptions

    func run() throws {
        let page = try self.id.map { try RuleNames.page($0) }
        if let page {
            switch self.output.format {
            case .table:
                for line in RuleText.lines(page, on: .current()) { try StandardOutput.shared.write(line + "\n") }
                return
            case .json, .jsonl: return try StandardOutput.shared.write(RuleRows.object(page).description + "\n")
            case .csv: break
            }
        }
        var printer = self.output.printer()
        try printer.begin(columns: RuleRows.columns)
        for page in page.map({ [$0] }) ?? Catalogue.all.map({ $0.page }) {
            try printer.print(row: RuleRows.values(page))
        }
        try printer.end()
    }
}
