import ArgumentParser
import Glibc
import Queries
import Timeline

struct Query: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask a timeline: by a named query, a file of SQL, or SQL itself.",
        discussion: """
            The timeline is opened read-only. Tables, views and the meaning of their columns are in the file itself: \
            sqlite3 run.db .schema

            EXAMPLES:
              sioscope query --list
              sioscope query run.db slowest-acks -p limit=5
              sioscope query run.db heartbeat-latency -p session=2 --format csv
              sioscope query run.db my-question.sql -p event=chat
              sioscope query run.db --sql "SELECT sid, end_class FROM sessions"

            EXIT STATUS:
              0  the query ran, also when it gave no row
              2  the timeline or file cannot be read, the SQL is wrong, a parameter missing
            """
    )

    @Argument(help: "The timeline to read; it is never written to.", completion: .file(extensions: ["db"]))
    var timeline: String?

    @Argument(
        help: ArgumentHelp(
            "A named query (see --list), or a file of SQL: a path that ends in .sql, or '-' for standard input.",
            valueName: "name-or-file"),
        completion: .list(Queries.all.map(\.name)))
    var source: String?

    @Option(help: ArgumentHelp("The SQL to run, in place of a name or a file.", valueName: "select"))
    var sql: String?

    @Option(
        name: [.customShort("p"), .customLong("param")],
        help: ArgumentHelp("Value of a parameter of the query; may be given several times.", valueName: "name=value"))
    var parameters: [String] = []

    @Flag(help: "List the named queries, or the one that is named, with parameters and columns; needs no timeline.")
    var list = false

    @OptionGroup var output: OutputOptions

    func validate() throws {
        if self.list {
            if self.sql != nil { throw ValidationError("--list and --sql exclude each other") }
            return
        }
        guard self.timeline != nil else {
            throw ValidationError("Missing expected argument '<timeline>'; or use --list")
        }
        switch (self.source, self.sql) {
        case (nil, nil): throw ValidationError("Say what to ask: a name (see --list), a file.sql, or --sql SELECT")
        case (_?, _?): throw ValidationError("Give either a name or file, or --sql, not both")
        default: break
        }
    }

    /// All, or the one that was named: alone, its name lands in the first argument.
    private func listed() throws -> [NamedQuery] {
        guard let name = self.source ?? self.timeline else { return Queries.all }
        if let query = Queries.named(name) { return [query] }
        // `query run.db --list` is what one types on the way to a question.
        guard self.source != nil || access(name, F_OK) != 0 else { return Queries.all }
        throw QuerySource.unknown(name)
    }

    func run() throws {
        if self.list {
            return try QueryList.print(self.listed(), self.output.format, on: .current(), with: self.output.printer())
        }
        guard let path = self.timeline else { return }
        let timeline = try TimelineReader(path: path)
        let question = try QuerySource.resolve(name: self.source, sql: self.sql)
        let names = try question.located { try timeline.parameterNames(of: question.sql) }
        let values = try QueryArguments(self.parameters).values(for: names, declared: question.parameters)
        var printer = self.output.printer()
        var count = 0
        do {
            try timeline.query(
                question.sql, parameters: values,
                columns: { try printer.begin(columns: $0) },
                row: { row in
                    count += 1
                    try printer.print(row: row)
                })
        } catch let error as TimelineError {
            // What came until then stays good; it is printed before the error is told.
            try printer.end()
            throw ToolError("\(question.label): \(error)")
        }
        try printer.end()
        if count == 0, self.output.format == .table { StandardError.write("no rows\n") }
    }
}
