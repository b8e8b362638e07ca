import Foundation
import Testing

/// The built program, run as a process of its own.
final class Program {
    struct Ended: Equatable {
        var output: String
        var talk: String
        var status: Int32
    }

    /// It lies beside the test bundle in the build folder.
    static let path: String = {
        let bundle = Bundle.allBundles.map(\.bundleURL).first { $0.pathExtension == "xctest" }
        let folder = (bundle ?? URL(fileURLWithPath: CommandLine.arguments[0])).deletingLastPathComponent()
        return folder.appendingPathComponent("sioscope").path
    }()

    private let process = Process()
    private let output = Pipe()
    private let talk = Pipe()
    private var said = ""

    /// - Parameters:
    ///   - command: another program that is given the program's path and arguments.
    init(
        _ arguments: [String], path: String = Program.path, through command: [String] = [],
        environment: [String: String] = [:]
    ) throws {
        self.process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        // A test run in the background has SIGINT ignored, and so would all it starts.
        self.process.arguments = ["--default-signal=INT"] + command + [path] + arguments
        self.process.environment = ["LANG": "C.UTF-8", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"].merging(environment) {
            $1
        }
        self.process.standardInput = FileHandle.nullDevice
        self.process.standardOutput = self.output
        self.process.standardError = self.talk
        try self.process.run()
        // One that does not end must not hold up the tests for ever.
        nonisolated(unsafe) let process = self.process
        DispatchQueue.global().asyncAfter(deadline: .now() + 60) {
            if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        }
    }

    var id: Int32 { self.process.processIdentifier }

    /// Waits for a text on standard error; false where it ended without.
    func waits(for text: String) -> Bool {
        while !self.said.contains(text) {
            let data = self.talk.fileHandleForReading.availableData
            guard !data.isEmpty else { return false }
            self.said += String(decoding: data, as: UTF8.self)
        }
        return true
    }

    func interrupt() {
        kill(self.id, SIGINT)
    }

    /// Waits for its end.
    func end() -> Ended {
        let output = String(decoding: self.output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        self.said += String(decoding: self.talk.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        self.process.waitUntilExit()
        return Ended(output: output, talk: self.said, status: self.process.terminationStatus)
    }

    static func run(_ arguments: [String], through command: [String] = []) throws -> Ended {
        try Program(arguments, through: command).end()
    }

    /// Rows as JSON lines.
    static func rows(_ timeline: String, _ sql: String) throws -> [String] {
        let ended = try Self.run(["query", timeline, "--format", "jsonl", "--sql", sql])
        try #require(ended.status == 0, "\(ended.talk)")
        return ended.output.split(separator: "\n").map(String.init)
    }
}

/// A folder that is there for a test.
func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sioscope-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder.path)
}

/// What live capture needs, and whether it is there.
enum Capture {
    static let isAllowed: Bool = {
        let descriptor = socket(AF_PACKET, Int32(SOCK_RAW.rawValue), 0)
        guard descriptor >= 0 else { return false }
        close(descriptor)
        return true
    }()
    static let needed: Comment = "capturing packets needs root or CAP_NET_RAW"

    static func has(_ programs: String...) -> Bool {
        programs.allSatisfy { name in
            ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].contains { access("\($0)/\(name)", X_OK) == 0 }
        }
    }
}
