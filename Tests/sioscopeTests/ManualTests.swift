import ArgumentParser
import Foundation
import Testing

@testable import sioscope

/// The man page is made from the same words as `--help`, and must hold as much.
@Suite("man page")
struct ManualTests {
    private static let page = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("docs/man/sioscope.1")

    /// An option, and in which part of the page.
    private struct Item: Hashable {
        let part: String
        let name: String
    }

    @Test("names the values and the default of each option, as --help does")
    func values() throws {
        let items = try Self.items()
        var noted = 0
        for (words, name) in try CommandTests.options() {
            let help = try Self.help(of: words, name)
            let item = try #require(
                items[Item(part: words.last ?? "", name: name)], "\(words) \(name) is not in the man page")
            for note in help.matches(of: #/\((?:values|default)[^()]*\)/#) {
                noted += 1
                #expect(item.contains(String(note.output)), "\(words) \(name): `make docs` renews the man page")
            }
        }
        #expect(noted > 30)
    }

    @Test("opens no paragraph that has nothing in it")
    func paragraphs() throws {
        let lines = try Self.lines()
        for (line, next) in zip(lines, lines.dropFirst()) where line == ".Pp" {
            #expect(!next.hasPrefix(".It") && !next.hasPrefix(".El") && next != ".Pp")
        }
    }

    private static func lines() throws -> [String] {
        try String(contentsOf: self.page, encoding: .utf8).components(separatedBy: "\n")
    }

    /// What stands at each option, in one line.
    private static func items() throws -> [Item: String] {
        var items: [Item: String] = [:]
        var part = ""
        var names: [String] = []
        for line in try self.lines() {
            if line.hasPrefix(".It Em ") {
                (part, names) = (String(line.dropFirst(7)), [])
            } else if line.hasPrefix(".It Fl ") {
                // `.It Fl o , -output Ar OUT.db`
                names = line.dropFirst(7).split(separator: " ").prefix { $0 != "Ar" }.filter { $0 != "," }.map {
                    "-" + $0
                }
            } else if line.hasPrefix(".It ") || line == ".El" {
                names = []
            } else {
                for name in names { items[Item(part: part, name: name), default: ""] += " " + line }
            }
        }
        return items
    }

    /// What `--help` says of one option, in one line.
    private static func help(of words: [String], _ name: String) throws -> String {
        let command = try #require(self.command(words))
        let page = SioscopeCommand.helpMessage(for: command, columns: 100)
        var text = ""
        var isInside = false
        for line in page.components(separatedBy: "\n") {
            // Names are at two columns, what is said of them stands further in.
            let isHead = line.hasPrefix("  ") && !line.dropFirst(2).hasPrefix(" ")
            if isHead || line.isEmpty {
                isInside = line.split(whereSeparator: { " ,".contains($0) }).contains { $0 == name }
            }
            if isInside { text += " " + line.trimmingCharacters(in: .whitespaces) }
        }
        #expect(!text.isEmpty, "\(words) \(name) is not in the help")
        return text
    }

    private static func command(_ words: [String]) -> (any ParsableCommand.Type)? {
        var command: any ParsableCommand.Type = SioscopeCommand.self
        for word in words {
            let inner = command.configuration.subcommands.first {
                ($0.configuration.commandName ?? $0._commandName) == word
            }
            guard let inner else { return nil }
            command = inner
        }
        return command
    }
}
