import Queries
import Testing

@testable import sioscope

/// Every line of a table fits the terminal it is printed on.
@Suite("Widths of a terminal")
struct TerminalWidthTests {
    private static let widths = [60, 80, 100]

    @Test("frames, sessions and their summary", arguments: try BundledCapture.names())
    func frames(_ capture: String) throws {
        try BundledCapture.withTimeline(capture) { path in
            for width in Self.widths {
                for arguments in [
                    ["frames", path], ["frames", path, "--heartbeats", "-t", "delta"], ["sessions", path],
                ] {
                    let lines = try ProgramOnTerminal.lines(arguments, width: width)
                    #expect(!lines.isEmpty)
                    let tooWide = lines.filter { DisplayWidth.of($0) > width }
                    #expect(tooWide.isEmpty, "\(arguments) in \(width) columns")
                }
            }
        }
    }

    @Test("queries", arguments: widths)
    func queries(_ width: Int) throws {
        try FrameOrderTests.withAll { path in
            // All columns of the widest table, too.
            var questions = [["--sql", "SELECT * FROM frames"], ["--sql", "SELECT * FROM captures"]]
            questions += Queries.all.filter { query in query.parameters.allSatisfy { $0.standard != nil } }
                .map { [$0.name] }
            for question in questions {
                let lines = try ProgramOnTerminal.lines(["query", path] + question, width: width)
                #expect(lines.allSatisfy { DisplayWidth.of($0) <= width }, "\(question) in \(width) columns")
            }
            let sessions = try ProgramOnTerminal.lines(["sessions", path], width: width)
            #expect(sessions.allSatisfy { DisplayWidth.of($0) <= width })
            // The summary is broken, not cut.
            let words = sessions.suffix(3).flatMap { $0.split(separator: " ") }
            #expect(words.suffix(2) == ["(query", "anomalies)"])
            let list = try ProgramOnTerminal.lines(["query", "--list"], width: width)
            #expect(list.allSatisfy { DisplayWidth.of($0) <= width })
        }
    }
}
