import ArgumentParser
import Faults
import Replay

struct Rules: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the rules of 'analyze', or print the page of one.",
        discussion: """
            A page says what makes the rule fire, why it matters, what to change on either side, and what it does not \
            count. --format json of one rule gives its page as an object.

            EXAMPLES:
              sioscope rules
              sioscope rules eio4-client-ping
              sioscope rules --misbehave
              sioscope rules --format jsonl | jq -r 'select(.severity == "error") | .id'

            EXIT STATUS:
              0  printed
              2  there is no such rule
            """
    )

    @Argument(help: "Id of a rule.", completion: .list(Catalogue.all.map { $0.page.id }))
    var id: String?

    @Flag(name: .long, help: "What 'replay --misbehave ID' makes a client do, and what it takes.")
    var misbehave = false

    @OptionGroup var output: OutputOptions

    func validate() throws {
        if self.misbehave, self.id != nil {
            throw ValidationError("--misbehave lists all; the page of \(self.id ?? "a rule") says it of that rule")
        }
    }

    func run() throws {
        if self.misbehave { return try self.listMisbehaviours() }
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

    /// In the order of the catalogue.
    private func listMisbehaviours() throws {
        var printer = self.output.printer()
        try printer.begin(columns: ["id", "client", "needs"])
        for page in Catalogue.all.map({ $0.page }) {
            guard let misbehaviour = Misbehaviour(rawValue: page.id) else { continue }
            try printer.print(row: [
                .text(page.id), .text(misbehaviour.summary), misbehaviour.needs.map { .text($0) } ?? .null,
            ])
        }
        try printer.end()
    }
}
