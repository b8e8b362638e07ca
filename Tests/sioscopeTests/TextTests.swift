import Testing
import TimelineModel

@testable import sioscope

@Suite("Text on a terminal")
struct TextTests {
    @Test(
        "columns a text takes",
        arguments: [
            ("abc", 3), ("", 0), ("é", 1), ("e\u{301}", 1), ("日本", 4), ("한", 2), ("😀", 2), ("👩‍👩‍👧", 2), ("❤", 1), ("❤️", 2),
            ("♥", 1), ("→", 1), ("ｆ", 2), ("\u{200b}", 0), ("🇩🇪", 2),
        ])
    func width(_ text: String, _ expected: Int) {
        #expect(DisplayWidth.of(text) == expected)
    }

    @Test(
        "cut to a width",
        arguments: [
            ("abcdef", 6, "abcdef"), ("abcdef", 5, "abcd…"), ("abcdef", 1, "…"), ("abcdef", 0, ""), ("日本語", 6, "日本語"),
            ("日本語", 5, "日本…"), ("日本語", 4, "日…"), ("e\u{301}e\u{301}e\u{301}", 3, "e\u{301}e\u{301}e\u{301}"),
            ("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…"),
        ])
    func cut(_ text: String, _ width: Int, _ expected: String) {
        let actual = DisplayWidth.cut(text, to: width, ellipsis: "…")
        #expect(actual == expected)
        #expect(DisplayWidth.of(actual) <= width)
    }

    @Test(
        "what a terminal would obey is shown",
        arguments: [
            ("plain", "plain"), ("日本", "日本"), ("a\tb\r\nc", "a\\tb\\r\\nc"), ("\u{1b}]0;x\u{07}", "\\x1b]0;x\\x07"),
            ("\u{9b}31m", "\\x9b31m"), ("\u{7f}", "\\x7f"), ("\0", "\\x00"), ("a\u{202e}b", "a\\u{202e}b"),
            ("\u{2028}", "\\u{2028}"),
        ])
    func visible(_ text: String, _ expected: String) {
        #expect(Escaping.visible(text) == expected)
    }

    @Test(
        "a duration is rounded to the nearest, in all its texts, and goes on to the next unit there",
        arguments: [
            (0, "0 s", "0.0 ms", "0 s"), (340_000, "340 µs", "0.3 ms", "0 s"), (999_499, "999 µs", "1.0 ms", "0 s"),
            (999_500, "1.0 ms", "1.0 ms", "0 s"), (2_140_000, "2.1 ms", "2.1 ms", "0 s"),
            (2_150_000, "2.2 ms", "2.2 ms", "0 s"), (99_949_999, "99.9 ms", "99.9 ms", "0 s"),
            (99_950_000, "100 ms", "100 ms", "0 s"), (340_000_000, "340 ms", "340 ms", "0 s"),
            (999_499_999, "999 ms", "999 ms", "1 s"), (999_500_000, "1.0 s", "1.000 s", "1 s"),
            (1_974_686_000, "2.0 s", "1.975 s", "2 s"), (2_500_000_000, "2.5 s", "2.500 s", "3 s"),
            (59_949_999_999, "59.9 s", "59.950 s", "1 m 0 s"), (59_950_000_000, "1 m 0 s", "59.950 s", "1 m 0 s"),
            (99_999_500_000, "1 m 40 s", "100.0 s", "1 m 40 s"), (300_000_000_000, "5 m 0 s", "300.0 s", "5 m 0 s"),
            (3_599_499_999_999, "59 m 59 s", "3599.5 s", "59 m 59 s"),
            (3_599_500_000_000, "1 h 0 m", "3599.5 s", "1 h 0 m"),
            (7_199_950_000_000, "2 h 0 m", "2.00 h", "2 h 0 m"), (7_500_000_000_000, "2 h 5 m", "2.08 h", "2 h 5 m"),
            (86_369_999_999_999, "23 h 59 m", "23.99 h", "23 h 59 m"),
            (86_370_000_000_000, "1 d 0 h", "23.99 h", "1 d 0 h"),
            (273_600_000_000_000, "3 d 4 h", "76.00 h", "3 d 4 h"), (-2_160_000, "-2.2 ms", "-2.2 ms", "0 s"),
            (.min, "-106752 d 0 h", "-2562047.79 h", "-106752 d 0 h"),
        ] as [(Int64, String, String, String)])
    func duration(_ nanoseconds: Int64, _ brief: String, _ exact: String, _ running: String) {
        #expect(Lapse.brief(nanoseconds) == brief)
        #expect(Lapse.exact(nanoseconds) == exact)
        #expect(Lapse.running(nanoseconds) == running)
    }

    @Test(
        "seconds are rounded likewise",
        arguments: [
            (0, "0.000000", "+0.000 s", "0 ms"), (-400, "0.000000", "+0.000 s", "0 ms"),
            (-600, "-0.000001", "+0.000 s", "0 ms"), (2_509_759_500, "2.509760", "+2.510 s", "2.51 s"),
            (-12_000_500_000, "-12.000500", "-12.001 s", "-12 s"), (350_000_000, "0.350000", "+0.350 s", "350 ms"),
            (1_250_000_000, "1.250000", "+1.250 s", "1.25 s"),
            (.max, "9223372036.854776", "+9223372036.855 s", "9223372036.85 s"),
        ] as [(Int64, String, String, String)])
    func seconds(_ nanoseconds: Int64, _ micro: String, _ offset: String, _ plain: String) {
        #expect(Lapse.seconds(nanoseconds) == micro)
        #expect(Lapse.offset(nanoseconds) == offset)
        #expect(Lapse.plain(nanoseconds) == plain)
    }

    @Test(
        "moments",
        arguments: [
            (0, "1970-01-01", "00:00:00.000000"),
            (1_795_400_040_123_456_789, "2026-11-23", "02:14:00.123456"),
            (951_782_400_000_000_000, "2000-02-29", "00:00:00.000000"),
            (-1, "1969-12-31", "23:59:59.999999"),
            (.max, "2262-04-11", "23:47:16.854775"),
            (.min, "1677-09-21", "00:12:43.145224"),
        ] as [(Int64, String, String)])
    func moment(_ nanoseconds: Int64, _ day: String, _ time: String) {
        #expect(Measures.day(nanoseconds: nanoseconds) == day)
        #expect(Measures.timeOfDay(nanoseconds: nanoseconds) == time)
    }

    struct TerminalCase: CustomTestStringConvertible, Sendable {
        let name: String
        var environment: [String: String] = [:]
        var isTerminal = true
        var columns = 100
        let expected: Terminal
        var testDescription: String { self.name }
    }

    static let terminals: [TerminalCase] = [
        .init(
            name: "UTF-8", environment: ["LANG": "de_DE.UTF-8"],
            expected: Terminal(width: 100, color: true, unicodeText: true)),
        .init(
            name: "LC_ALL goes before LANG", environment: ["LANG": "de_DE.UTF-8", "LC_ALL": "C"],
            expected: Terminal(width: 100, color: true, unicodeText: false)),
        .init(
            name: "NO_COLOR", environment: ["NO_COLOR": "1", "LC_CTYPE": "C.utf8"],
            expected: Terminal(width: 100, color: false, unicodeText: true)),
        .init(
            name: "an empty NO_COLOR is none", environment: ["NO_COLOR": ""],
            expected: .init(width: 100, color: true, unicodeText: false)),
        .init(
            name: "dumb", environment: ["TERM": "dumb"], expected: .init(width: 100, color: false, unicodeText: false)),
        .init(
            name: "COLUMNS", environment: ["COLUMNS": "60"], expected: .init(width: 60, color: true, unicodeText: false)
        ),
        .init(
            name: "COLUMNS that is no number", environment: ["COLUMNS": "x"],
            expected: .init(width: 100, color: true, unicodeText: false)),
        .init(name: "no size known", columns: 0, expected: .init(width: 80, color: true, unicodeText: false)),
        .init(
            name: "a pipe", environment: ["COLUMNS": "60"], isTerminal: false,
            expected: .init(width: nil, color: false, unicodeText: false)),
    ]

    @Test("what a terminal can show", arguments: terminals)
    func terminal(_ c: TerminalCase) {
        #expect(
            Terminal(environment: { c.environment[$0] }, isTerminal: c.isTerminal, columns: c.columns) == c.expected)
    }
}
