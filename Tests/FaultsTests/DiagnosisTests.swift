import Foundation
import TestSupport
import Testing

@testable import Faults

/// Recordings by hand, each with the paragraphs that the diagnosis makes of it: `Diagnoses/*.txt`, in the format of the
/// rules' fixtures, the paragraphs behind `=>`. `make golden` writes the paragraphs anew; a person reads them.
@Suite("Diagnosis")
struct DiagnosisTests {
    static let folder = TestFiles.package.appending(path: "Tests/FaultsTests/Diagnoses")
    static let files = TestFiles.names(in: Self.folder).filter { $0.hasSuffix(".txt") }

    @Test("tells the story of an end", arguments: Self.files)
    func story(_ file: String) throws {
        let url = Self.folder.appending(path: file)
        let text = try String(contentsOf: url, encoding: .utf8)
        let blocks = text.components(separatedBy: "\n== ")
        let fresh = try blocks.enumerated().map { index, block in
            index == 0 && !block.hasPrefix("== ") ? block : try Self.told(block)
        }
        .joined(separator: "\n== ")
        if ProcessInfo.processInfo.environment["RECORD_GOLDEN"] != nil {
            try fresh.write(to: url, atomically: true, encoding: .utf8)
        } else {
            let difference = fresh.components(separatedBy: "\n").difference(from: text.components(separatedBy: "\n"))
            #expect(difference.isEmpty, "\(difference)")
        }
    }

    /// A block with the paragraphs as they come.
    private static func told(_ block: String) throws -> String {
        let lines = block.components(separatedBy: "\n").filter { !$0.hasPrefix("=> ") }
        let recording = lines.enumerated().dropFirst().compactMap { index, text -> Scenario.Line? in
            let text = text.trimmingCharacters(in: .whitespaces)
            let isAction = !text.isEmpty && !text.hasPrefix("#") && !text.hasPrefix("server ")
            return isAction ? Scenario.Line(number: index + 1, text: text) : nil
        }
        let given = lines.first { $0.hasPrefix("server ") }.flatMap { ServerKind(rawValue: String($0.dropFirst(7))) }
        let outcome = try Recording(recording).analysed(Configuration())
        var told: [String] = []
        for diagnosis in Diagnoser(outcome, server: given).diagnoses() {
            told.append("=> " + diagnosis.paragraph)
            told += diagnosis.others.map { "=> also " + $0.sentence }
        }
        let diagnoser = Diagnoser(outcome, server: given)
        for session in outcome.sessions where session.facts.endClass == .captureEnd {
            told += diagnoser.faults(ofRunning: session.facts.id).map { "=> running: \($0.sentence)" }
        }
        let bare = lines.joined(separator: "\n").trimmingCharacters(in: .newlines)
        return bare + "\n" + told.joined(separator: "\n") + "\n"
    }
}
