import Foundation
import TestSupport

extension Scenario {
    static let folder = TestFiles.package.appending(path: "Tests/FaultsTests/Rules")

    /// The rules that have a file.
    static let files: [String] = TestFiles.names(in: Self.folder).filter { $0.hasSuffix(".txt") }
        .map { String($0.dropLast(4)) }

    /// All blocks of all files that can be read; that all can is a test of its own.
    static let all: [Scenario] = Self.files.flatMap { (try? Self.read(rule: $0)) ?? [] }

    static func read(rule: String) throws -> [Scenario] {
        let text = try String(contentsOf: self.folder.appending(path: "\(rule).txt"), encoding: .utf8)
        var scenarios: [Scenario] = []
        var head: (title: String, fires: Bool, trap: String?)?
        var lines: [Line] = []
        var expected: [Expected] = []
        var thresholds: [String: Double] = [:]
        func finish() {
            if let head {
                scenarios.append(
                    Scenario(
                        rule: rule, title: head.title, fires: head.fires, trap: head.trap, lines: lines,
                        expected: expected, thresholds: thresholds))
            }
            (lines, expected, thresholds) = ([], [], [:])
        }
        for (index, text) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = Line(number: index + 1, text: text.trimmingCharacters(in: .whitespaces))
            if line.text.hasPrefix("== ") {
                finish()
                head = try self.head(line)
            } else if line.text.hasPrefix("-> ") {
                let words = line.text.dropFirst(3).split(separator: " ", maxSplits: 2).map(String.init)
                guard words.count == 3 else { throw ScenarioError(line, "wants severity, status and message") }
                expected.append(Expected(severity: words[0], status: words[1], message: words[2]))
            } else if line.text.hasPrefix("set ") {
                let parts = line.text.dropFirst(4).split(separator: "=")
                guard parts.count == 2, let value = Double(parts[1]) else {
                    throw ScenarioError(line, "wants NAME=VALUE")
                }
                thresholds[String(parts[0])] = value
            } else if !line.text.isEmpty, !line.text.hasPrefix("#") {
                lines.append(line)
            }
        }
        finish()
        return scenarios
    }

    private static func head(_ line: Line) throws -> (String, Bool, String?) {
        let parts = line.text.dropFirst(3).split(separator: ":", maxSplits: 1)
        guard parts.count == 2 else { throw ScenarioError(line, "wants == fires: TITLE or == silent: TITLE") }
        let words = parts[0].split(separator: " ")
        let title = parts[1].trimmingCharacters(in: .whitespaces)
        switch words.first {
        case "fires": return (title, true, words.count > 1 ? String(words[1]) : nil)
        case "silent": return (title, false, words.count > 1 ? String(words[1]) : nil)
        default: throw ScenarioError(line, "wants == fires or == silent")
        }
    }
}
