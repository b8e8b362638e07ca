import JSONText
import Testing
import Timeline

@testable import sioscope

@Suite("Printers")
struct PrinterTests {
    static let columns = ["id", "ms", "text", "bytes"]
    static let rows: [[TimelineValue]] = [
        [.integer(1), .real(0.5), .text("plain"), .null],
        [.integer(-20), .real(12.25), .text("say \"hi\",\r\nthen \u{1b}[31m"), .blob([0, 255, 16])],
        [.null, .null, .text(""), .blob([])],
    ]

    static func output(_ format: OutputFormat, _ rows: [[TimelineValue]], on terminal: Terminal = .plain) throws
        -> String
    {
        var text = ""
        var printer = RowPrinters.make(format, on: terminal) { text += $0 }
        try printer.begin(columns: self.columns)
        for row in rows { try printer.print(row: row) }
        try printer.end()
        return text
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let format: OutputFormat
        var terminal = Terminal.plain
        var rows = PrinterTests.rows
        let expected: String
        var testDescription: String { self.name }
    }

    static let cases: [Case] = [
        .init(
            name: "json", format: .json,
            expected: #"""
                [{"id":1,"ms":0.5,"text":"plain","bytes":null},
                 {"id":-20,"ms":12.25,"text":"say \"hi\",\r\nthen \u001b[31m","bytes":"AP8Q"},
                 {"id":null,"ms":null,"text":"","bytes":""}]

                """#),
        .init(name: "json without rows", format: .json, rows: [], expected: "[]\n"),
        .init(
            name: "jsonl", format: .jsonl, rows: [rows[0], rows[2]],
            expected: """
                {"id":1,"ms":0.5,"text":"plain","bytes":null}
                {"id":null,"ms":null,"text":"","bytes":""}

                """),
        .init(name: "jsonl without rows", format: .jsonl, rows: [], expected: ""),
        .init(
            name: "csv", format: .csv,
            expected: "id,ms,text,bytes\r\n1,0.5,plain,\r\n"
                + "-20,12.25,\"say \"\"hi\"\",\r\nthen \u{1b}[31m\",AP8Q\r\n,,\"\",\r\n"),
        .init(name: "csv without rows has its header", format: .csv, rows: [], expected: "id,ms,text,bytes\r\n"),
        .init(
            name: "csv on a terminal shows controls", format: .csv, terminal: Terminal(width: 80), rows: [rows[1]],
            expected: "id,ms,text,bytes\r\n-20,12.25,\"say \"\"hi\"\",\\r\\nthen \\x1b[31m\",AP8Q\r\n"),
        .init(
            name: "table", format: .table,
            expected: [
                " id     ms  text                        bytes",
                "  1   0.50  plain",
                "-20  12.25  say \"hi\",\\r\\nthen \\x1b[31m  00 ff 10",
                "                                        (no bytes)\n",
            ].joined(separator: "\n")),
        .init(name: "table without rows", format: .table, rows: [], expected: ""),
        .init(
            name: "table on a narrow terminal", format: .table, terminal: Terminal(width: 30), rows: [rows[1]],
            expected: " id     ms  text      bytes\n-20  12.25  say \"hi…  00 ff 10\n"),
    ]

    @Test("prints", arguments: cases)
    func prints(_ c: Case) throws {
        #expect(try Self.output(c.format, c.rows, on: c.terminal) == c.expected)
    }

    @Test("a second column of the same name keeps its value")
    func sameName() {
        #expect(JSONRow.keys(["n", "n", "n_2", "n"]) == ["\"n\"", "\"n_2\"", "\"n_2_2\"", "\"n_3\""])
    }

    @Test(
        "base64 of RFC 4648, section 10",
        arguments: zip(["", "f", "fo", "foo", "foob"], ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg=="]))
    func base64(_ text: String, _ expected: String) {
        #expect(Base64.encode(Array(text.utf8).span) == expected)
    }

    @Test(
        "a REAL in a table",
        arguments: [
            (0.0, 0, "0"), (2, 2, "2.00"), (0.0004, 3, "<0.001"), (-0.0004, 3, "-<0.001"), (-1.5, 1, "-1.5"),
            (1e300, 3, "1e+300"), (.infinity, 0, "inf"),
        ])
    func real(_ number: Double, _ decimals: Int, _ expected: String) {
        #expect(TableCell.real(number, decimals: decimals) == expected)
    }

    @Test("the last columns give way where they stand in the order of importance")
    func dropLast() throws {
        func lines(_ width: Int) throws -> String {
            var text = ""
            var printer = TablePrinter(on: Terminal(width: width), overflow: .dropLast) { text += $0 }
            printer.begin(columns: ["id", "first", "second"])
            try printer.print(row: [.integer(7), .text("one-two-three"), .text("four-five-six")])
            try printer.end()
            return text
        }
        #expect(try lines(32) == "id  first          second\n 7  one-two-three  four-five-six\n")
        #expect(try lines(27) == "id  first          second\n 7  one-two-three  four-fi…\n")
        #expect(try lines(20) == "id  first\n 7  one-two-three\n")
    }

    @Test("no line is wider than the terminal, and no number is cut while there is another column")
    func fits() throws {
        func lines(_ width: Int) throws -> [String] {
            var text = ""
            var printer = TablePrinter(on: Terminal(width: width)) { text += $0 }
            printer.begin(columns: ["id", "pings_client", "a_long_title", "text"])
            try printer.print(row: [.integer(7), .integer(12), .text("abc"), .text("one-two-three")])
            try printer.end()
            return text.split(separator: "\n").map(String.init)
        }
        #expect(try lines(40) == ["id  pings_client  a_long_title  text", " 7            12  abc           one-two…"])
        #expect(try lines(27) == ["id  pings…  a_long…  text", " 7      12  abc      one-t…"])
        #expect(try lines(20) == ["id  pi…  a_…  text", " 7   12  abc  one-t…"])
        for width in 20...60 {
            #expect(try lines(width).allSatisfy { DisplayWidth.of($0) <= width })
            #expect(try lines(width)[1].hasPrefix(" 7  "))
        }
        var text = ""
        var printer = TablePrinter(on: Terminal(width: 20)) { text += $0 }
        printer.begin(columns: (0..<9).map { "n\($0)" })
        try printer.print(row: (0..<9).map { .integer(100 + $0) })
        try printer.end()
        #expect(text == " n0   n1   n2  …\n100  101  102  …\n")
    }

    @Test("widths come from the first rows; later ones are cut on a terminal, whole in a pipe")
    func sample() throws {
        func last(_ terminal: Terminal) throws -> String? {
            var text = ""
            var printer = TablePrinter(on: terminal) { text += $0 }
            printer.begin(columns: ["a", "b"])
            for _ in 0..<TablePrinter.sampleSize { try printer.print(row: [.text("abcdef"), .integer(1)]) }
            try printer.print(row: [.text("abcdefghij"), .integer(22)])
            try printer.end()
            return text.split(separator: "\n").last.map(String.init)
        }
        #expect(try last(Terminal(width: 40)) == "abcde…  22")
        #expect(try last(.plain) == "abcdefghij  22")
    }
}
