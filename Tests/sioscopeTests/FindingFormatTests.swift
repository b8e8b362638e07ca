import Faults
import Foundation
import JSONText
import Testing
import Timeline
import TimelineModel

@testable import sioscope

/// The formats of findings, on findings made by hand and on bundled captures.
@Suite("Formats of findings")
struct FindingFormatTests {
    private static let nasty = "a % b\r\n<c> & \"d\" \u{1b}[31m \u{ffff}"

    private static func finding(
        _ id: Int64, _ severity: Severity = .error, rule: String = "eio4-client-ping", session: Int64? = 1,
        message: String = "client ping"
    ) -> NumberedFinding {
        NumberedFinding(
            id: id,
            finding: Finding(
                sessionID: session, frameID: 7, rule: rule, severity: severity, status: .latent,
                at: Timestamp(nanoseconds: 2_500_400_000), message: message, evidence: "{\"frames\":[7]}"))
    }

    private static let session = SessionLine([
        .integer(1), .text("abcdefghijkl"), .integer(1_000_000_000), .null, .integer(4), .integer(5),
        .text("websocket"), .null, .text("10.0.0.1"), .integer(40_000), .text("::1"), .integer(80), .integer(1),
        .integer(2), .text("fin"), .text("server"), .null, .integer(1), .integer(1), .integer(0),
        .integer(3_000_000_000),
    ])

    private static func report(_ findings: [NumberedFinding], failOn: FailOn = .error) -> FindingsReport {
        FindingsReport(path: "a b.db", findings: findings, sessions: [self.session], failOn: failOn)
    }

    private static func text(_ findings: [NumberedFinding], width: Int? = nil, all: Bool = false) throws -> [String] {
        var text = ""
        try TextReport(terminal: Terminal(width: width), showsAll: all).print(self.report(findings)) { text += $0 }
        return text.split(separator: "\n").map(String.init)
    }

    @Test("text: a heading a session, a line a finding")
    func plain() throws {
        #expect(
            try Self.text([Self.finding(1), Self.finding(2, .note, session: nil)]) == [
                "session 1  abcdefgh…  10.0.0.1:40000 → [::1]:80  ws  ≥ 2.0 s  server FIN",
                "  error        +1.500 s  eio4-client-ping  client ping [frame 7]",
                "outside of sessions",
                "  note     00:00:02.500  eio4-client-ping  client ping [frame 7]",
            ])
    }

    @Test("text: what says one of each rule fits 60 columns")
    func narrow() throws {
        let names = Catalogue.all.map { $0.page.id }
        for name in names {
            let message = "namespace \"/\" is not joined"
            let lines = try Self.text([Self.finding(1, rule: name, message: message)], width: 60).dropFirst()
            #expect(lines.allSatisfy { DisplayWidth.of($0) <= 60 && !$0.hasSuffix(" ") }, "\(lines)")
            let words = lines.joined(separator: " ").split(separator: " ").suffix(7).joined(separator: " ")
            #expect(words == message + " [frame 7]")
        }
        // One whose name leaves no room is among them.
        #expect(names.contains { $0.count > 60 - 25 - 2 - "namespace".count })
    }

    @Test("text: long messages hang below their rule, escapes are shown", arguments: [nil, 60, 100])
    func wrapped(_ width: Int?) throws {
        let lines = try Self.text(
            [Self.finding(1, message: String(repeating: "word ", count: 40) + Self.nasty)], width: width)
        #expect(lines.count > 3)
        #expect(lines.allSatisfy { DisplayWidth.of($0) <= width ?? 100 })
        #expect(lines.dropFirst(2).allSatisfy { $0.hasPrefix(String(repeating: " ", count: 25)) })
        #expect(lines.joined(separator: " ").contains("\\x1b[31m"))
    }

    @Test("text: more than five of a rule are counted, but never an error among notes")
    func folded() throws {
        let findings = (1...9).map { Self.finding($0) } + [Self.finding(10, .note)]
        let lines = try Self.text(findings)
        #expect(lines.count == 8)
        #expect(lines.last == "  error    and 4 more of eio4-client-ping (--all shows them)")
        #expect(try Self.text(findings, all: true).count == 11)
        #expect(try Self.text(Array(findings.prefix(5))).count == 6)
    }

    static let summaries: [(shown: [NumberedFinding], hidden: Int, sessions: Int, text: String)] = [
        ([], 0, 5, "nothing found in 5 sessions, 63 frames"),
        ([], 1, 1, "nothing found in 1 session, 63 frames; 1 finding not shown"),
        ([finding(1), finding(2, .note)], 0, 1, "1 error, 1 note in 1 session"),
        ([finding(1), finding(2)], 3, 5, "2 errors in 1 of 5 sessions; 3 findings not shown"),
        ([finding(1, .warning, session: nil)], 0, 5, "1 warning outside of sessions"),
    ]

    @Test("the summary", arguments: summaries)
    func summary(_ c: (shown: [NumberedFinding], hidden: Int, sessions: Int, text: String)) {
        #expect(FindingsSummary.text(shown: c.shown, hidden: c.hidden, sessions: c.sessions, frames: 63) == c.text)
    }

    @Test("github: levels, and everything that would end the command escaped")
    func github() {
        #expect(
            GitHubReport.line(Self.finding(1, .note, message: Self.nasty), in: Self.session)
                == "::notice title=eio4-client-ping::session 1, +1.500 s: a %25 b\\r\\n<c> & \"d\" \\x1b[31m \u{ffff}")
        #expect(
            GitHubReport.line(Self.finding(1, .warning, rule: "a:b,c%"), in: nil)
                == "::warning title=a%3Ab%2Cc%25::00:00:02.500: client ping")
    }

    @Test("junit: a case fails where --fail-on says so, and the XML is well-formed")
    func junit() throws {
        func xml(_ findings: [NumberedFinding], _ failOn: FailOn) throws -> String {
            var text = ""
            try JUnitReport(Self.report(findings, failOn: failOn)).print { text += $0 }
            let parser = XMLDocumentCheck(text)
            #expect(parser.isWellFormed, "\(text)")
            return text
        }
        let findings = [
            Self.finding(1, message: Self.nasty), Self.finding(2, .note), Self.finding(3, .note, rule: "other"),
            Self.finding(4, .warning, session: nil),
        ]
        let text = try xml(findings, .error)
        #expect(text.contains("<testsuites name=\"sioscope\" tests=\"3\" failures=\"1\" errors=\"0\">"))
        #expect(text.contains("<testsuite name=\"session 1 (abcdefghijkl)\" tests=\"2\" failures=\"1\" errors=\"0\">"))
        #expect(
            text.contains(
                "message=\"a % b\\r\\n&lt;c&gt; &amp; &quot;d&quot; \\x1b[31m \u{fffd}\">error +1.500 s a % b"))
        #expect(try xml(findings, .note).contains("tests=\"3\" failures=\"3\""))
        #expect(try xml(findings, .never).contains("tests=\"3\" failures=\"0\""))
        #expect(try xml([], .error).contains("<testcase classname=\"sioscope\" name=\"all rules\"/>"))
    }

    private static func schema() throws -> JSONSchema {
        let file = BundledCapture.root.appending(path: "Tests/sioscopeTests/Schemata/sarif-schema-2.1.0.json")
        return JSONSchema(try JSONValue(try String(contentsOf: file, encoding: .utf8)))
    }

    @Test(
        "sarif: valid by the schema of OASIS", arguments: ["flap", "late-pong", "capture-gap", "js-acks", "wss-tls13"])
    func sarif(_ capture: String) throws {
        let (text, rows) = try BundledCapture.withTimeline(capture) { path in
            (
                try CommandTests.run(["analyze", path, "--format", "sarif"]).output,
                try CommandTests.run(["analyze", path, "--format", "jsonl"]).output
            )
        }
        let log = try JSONValue(text)
        #expect(try Self.schema().mistakes(in: log).isEmpty)
        let run = try #require(log["runs"]?.array?.first)
        let rules = try #require(run["tool"]?["driver"]?["rules"]?.array)
        let results = try #require(run["results"]?.array)
        #expect(results.count == rows.split(separator: "\n").count)
        for result in results {
            let index = try #require(result["ruleIndex"]?.integer)
            #expect(rules[Int(index)]["id"] == result["ruleId"])
        }
    }

    @Test("sarif: what is nasty stays valid; what breaks the schema is noticed")
    func sarifByHand() throws {
        var text = ""
        try SARIFReport(Self.report([Self.finding(1, message: Self.nasty), Self.finding(2, session: nil)]))
            .print { text += $0 }
        let schema = try Self.schema()
        #expect(schema.mistakes(in: try JSONValue(text)) == [])
        #expect(text.contains("\"uri\":\"a%20b.db\""))
        for (good, bad) in [
            ("\"level\":\"error\"", "\"level\":\"fatal\""), ("\"version\":\"2.1.0\"", "\"version\":\"2.2\""),
            ("\"ruleIndex\":", "\"ruleNumber\":"), ("\"message\":{\"text\"", "\"message\":{\"markdown\""),
            ("\"columnKind\":", "\"kind\":"), ("\"results\":[", "\"results\":[1,"),
        ] {
            let broken = text.replacingOccurrences(of: good, with: bad)
            #expect(broken != text)
            #expect(!schema.mistakes(in: try JSONValue(broken)).isEmpty, "\(bad)")
        }
    }

    @Test(
        "sarif: paths are URI references",
        arguments: [
            ("run.db", "run.db"), ("a b.db", "a%20b.db"), ("/x/y.db", "file:///x/y.db"), ("c:d.db", "c%3Ad.db"),
            ("ü%.db", "%C3%BC%25.db"),
        ])
    func uri(_ path: String, _ uri: String) {
        #expect(SARIFReport.uri(path) == uri)
    }
}

/// Whether a text is well-formed XML, as far as elements, attributes and entities go.
private struct XMLDocumentCheck {
    let isWellFormed: Bool

    init(_ text: String) {
        var open: [Substring] = []
        var isGood = text.hasPrefix("<?xml version=\"1.0\"")
        for piece in text.split(separator: "<").dropFirst() {
            guard let end = piece.firstIndex(of: ">") else { isGood = false; break }
            let tag = piece[..<end]
            let name = tag.prefix { $0 != " " && $0 != "/" || $0 == "/" && tag.first == "/" }
            if tag.hasPrefix("/") {
                if open.popLast() != tag.dropFirst() { isGood = false }
            } else if !tag.hasSuffix("/") {
                open.append(name)
            }
            if tag.count(where: { $0 == "\"" }) % 2 != 0 { isGood = false }
            for reference in piece.split(separator: "&", omittingEmptySubsequences: false).dropFirst()
            where !["amp;", "lt;", "gt;", "quot;"].contains(where: { reference.hasPrefix($0) }) {
                isGood = false
            }
        }
        self.isWellFormed = isGood && open.isEmpty && !text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" }
    }
}
