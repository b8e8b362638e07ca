import Foundation
import Testing

@testable import sioscope

/// The README is the product's face: each command in it is run, in its order, and what it shows must be what comes.
/// `make golden` writes the outputs anew.
@Suite("README")
struct ReadmeTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    @Test("shows what its commands print")
    func commands() throws {
        let path = Self.root.appendingPathComponent("README.md")
        let readme = try String(contentsOf: path, encoding: .utf8)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("readme-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createSymbolicLink(
            at: folder.appendingPathComponent("captures"),
            withDestinationURL: Self.root.appendingPathComponent("captures"))

        var lines: [String] = []
        var isConsole = false
        var commands = 0
        for line in readme.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            if line.hasPrefix("```") { isConsole = line == "```console" }
            if isConsole, !line.hasPrefix("```"), !line.hasPrefix("$ ") { continue }
            lines.append(line)
            guard isConsole, line.hasPrefix("$ ") else { continue }
            commands += 1
            lines.append(contentsOf: try Self.output(of: String(line.dropFirst(2)), in: folder))
        }
        #expect(commands > 5)
        let fresh = lines.joined(separator: "\n")
        if ProcessInfo.processInfo.environment["RECORD_GOLDEN"] != nil {
            try fresh.write(to: path, atomically: true, encoding: .utf8)
        } else {
            let differences = fresh.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
                .difference(from: readme.split(separator: "\n", omittingEmptySubsequences: false).map(String.init))
            #expect(
                differences.isEmpty, "the README shows what does not come; `make golden` renews it:\n\(differences)")
        }
    }

    /// Those that need a server or a client are run by `make peers`.
    @Test("the commands that it names without their output are understood")
    func names() throws {
        let readme = try String(contentsOf: Self.root.appendingPathComponent("README.md"), encoding: .utf8)
        let commands = readme.split(separator: "\n").filter { $0.hasPrefix("sioscope ") }
        #expect(commands.count >= 4)
        for command in commands {
            // The shell takes the words apart.
            let words = try Self.output(
                of: "for word in \(command.dropFirst(9))\ndo echo \"$word\"; done", in: Self.root)
            #expect(throws: Never.self, "\(command)") { try SioscopeCommand.parseAsRoot(words) }
        }
    }

    /// What the command prints on both streams, as lines.
    private static func output(of command: String, in folder: URL) throws -> [String] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", "{ \(command); } 2>&1"]
        process.currentDirectoryURL = folder
        let tools = CommandTests.program.deletingLastPathComponent().path
        process.environment = ["PATH": "\(tools):/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"]
        let pipe = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = pipe
        try process.run()
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(command)")
        // Empty lines are part of it, but none stands behind the last line's end.
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        return lines.last == "" ? lines.dropLast() : lines
    }
}
