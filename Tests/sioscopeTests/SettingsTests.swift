import Faults
import Foundation
import Testing
import TimelineModel

@testable import sioscope

@Suite("Settings and times")
struct SettingsTests {
    private static func file(_ text: String) throws -> ConfigurationFile {
        try ConfigurationFile(text: text, path: "x.toml")
    }

    @Test("rules can be off, and have other severities")
    func settings() throws {
        let file = try Self.file(
            """
            [analyze]
            fail_on = "warning"  # stricter
            [rules.eio4-client-ping]
            enabled = false
            [rules.pong-missing]
            severity = "note"
            enabled = true
            """)
        #expect(file.failOn == .warning)
        #expect(file.configuration.entries["eio4-client-ping"]?.isOff == true)
        #expect(file.configuration.entries["pong-missing"]?.isOff == false)
        #expect(file.configuration.entries["pong-missing"]?.severity == .note)
        #expect(try Self.file("") == ConfigurationFile())
    }

    @Test("every threshold of every rule can be set")
    func thresholds() throws {
        for page in Catalogue.all.map({ $0.page }) {
            for threshold in page.thresholds {
                let file = try Self.file("[rules.\(page.id)]\n\(threshold.name) = 12.5")
                #expect(file.configuration.entries[page.id]?.thresholds == [threshold.name: 12.5])
                #expect(throws: ToolError.self) { try Self.file("[rules.\(page.id)]\n\(threshold.name) = -1") }
                #expect(throws: ToolError.self) { try Self.file("[rules.\(page.id)]\n\(threshold.name) = inf") }
            }
        }
    }

    static let mistakes: [(String, String)] = [
        ("rules = 1", "x.toml: rules: expected a table, not 1"),
        ("[rule.a]", "x.toml: no key is named 'rule'; there is analyze, rules"),
        (
            "[rules.xxxxxxxx]",
            "x.toml: [rules.xxxxxxxx]: no rule is named 'xxxxxxxx' ('sioscope rules' lists all)"
        ),
        (
            "[rules.eio4-client-ping]\nafter = 3",
            "x.toml: [rules.eio4-client-ping]: no key is named 'after'; there is enabled, severity"
        ),
        (
            "[rules.pong-missing]\nenabled = 'no'",
            "x.toml: [rules.pong-missing] enabled: expected true or false, not \"no\""
        ),
        (
            "[rules.pong-missing]\nseverity = 'bad'",
            "x.toml: [rules.pong-missing] severity: expected one of \"note\", \"warning\", \"error\", not \"bad\""
        ),
        (
            "[analyze]\nfail_on = true",
            "x.toml: [analyze] fail_on: expected one of \"error\", \"warning\", \"note\", \"never\", not true"
        ),
        ("[analyze]\nfail = 'never'", "x.toml: [analyze]: no key is named 'fail'; there is fail_on"),
        ("a\0b", "x.toml: there is a NUL in it; expected TOML"),
    ]

    @Test("a mistake is told with its place and what is known", arguments: mistakes)
    func mistake(_ text: String, _ message: String) throws {
        #expect(throws: ToolError(message)) { try Self.file(text) }
    }

    @Test(
        "what is no TOML is told with line and column",
        arguments: [
            "a = [", "[rules\n", "= 3", "[a]\n[a]\n", "x = 1\nx = 2", "\"\\uD800\" = 1", "\u{1}",
            "a = 99999999999999999999",
        ])
    func noTOML(_ text: String) throws {
        let error = try #require(throws: ToolError.self) { try Self.file(text) }
        #expect(error.description.hasPrefix("x.toml:"))
        let line = error.description.split(separator: ":")[1]
        #expect(Int(line) != nil, "\(error)")
    }

    @Test("the nearest file upward is taken")
    func nearest() throws {
        let top = FileManager.default.temporaryDirectory.appending(path: "settings-\(UUID().uuidString)")
        let deep = top.appending(path: "a/b/c")
        try FileManager.default.createDirectory(at: deep, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: top) }
        #expect(ConfigurationFile.nearest(to: deep.path)?.hasPrefix(top.path) != true)
        let high = top.appending(path: ".sioscope.toml")
        try "".write(to: high, atomically: true, encoding: .utf8)
        #expect(ConfigurationFile.nearest(to: deep.path) == high.path)
        let low = top.appending(path: "a/b/.sioscope.toml")
        try "".write(to: low, atomically: true, encoding: .utf8)
        #expect(ConfigurationFile.nearest(to: deep.path) == low.path)
        #expect(ConfigurationFile.nearest(to: "") == nil)
    }

    static let times: [(String, TimeBound?)] = [
        ("+12.5", .relative(12_500_000_000)), ("+0", .relative(0)), ("+0.000000001", .relative(1)),
        ("1970-01-01", .absolute(.zero)), ("1970-01-01T00:00:01Z", .absolute(Timestamp(nanoseconds: 1_000_000_000))),
        ("2026-11-23T02:58:49.178Z", .absolute(Timestamp(nanoseconds: 1_795_402_729_178_000_000))),
        ("2026-11-23 02:58", .absolute(Timestamp(nanoseconds: 1_795_402_680_000_000_000))),
        ("2024-02-29", .absolute(Timestamp(nanoseconds: 1_709_164_800_000_000_000))),
        ("2026-02-29", nil), ("2026-13-01", nil), ("2026-11-23T24:00", nil), ("2026-11-23T02:60", nil),
        ("2026-11-23T02:58:60", nil), ("9999-01-01", nil), ("+", nil), ("+1.", nil), ("+-1", nil), ("+1e3", nil),
        ("+99999999999999999999", nil), ("+9999999999999", nil), ("", nil), ("noon", nil), ("2026-11-23T", nil),
        ("2026-11-23T02:58+01:00", nil),
    ]

    @Test("times of --since and --until", arguments: times)
    func time(_ text: String, _ bound: TimeBound?) {
        #expect(TimeBound(text) == bound)
    }
}
