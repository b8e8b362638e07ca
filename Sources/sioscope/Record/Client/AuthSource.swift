import Foundation
import JSONText
import SocketIO

/// Where the auth payload of a CONNECT comes from: as text, from a file, or from a command. File and command are asked
/// anew at every connect.
enum AuthSource: Equatable {
    case json(SocketIOValue)
    case file(String)
    case command(String)

    /// Time a command has, in seconds: a server waits 45 s for a CONNECT, and most users less.
    static let commandTimeout = 30.0

    /// `@FILE`, `exec:COMMAND`, or JSON.
    init(_ text: String) throws {
        if text.hasPrefix("@") {
            self = .file(String(text.dropFirst()))
        } else if text.hasPrefix("exec:") {
            self = .command(String(text.dropFirst(5)))
        } else {
            self = .json(try Self.parse(text, from: "--auth"))
        }
    }

    func payload() async throws -> SocketIOValue {
        switch self {
        case .json(let value): return value
        case .file(let path):
            guard let bytes = FileManager.default.contents(atPath: path) else {
                throw ToolError("--auth @\(path): the file cannot be read")
            }
            return try Self.parse(String(decoding: bytes, as: UTF8.self), from: path)
        case .command(let command):
            return try Self.parse(try await self.output(of: command), from: "exec:\(command)")
        }
    }

    /// Socket.IO 5 allows an object alone.
    private static func parse(_ text: String, from source: String) throws -> SocketIOValue {
        let value: SocketIOValue
        do throws(JSONSyntaxError) {
            value = try SocketIOValue(json: text)
        } catch {
            throw ToolError("\(source): no JSON: \(error)")
        }
        guard case .object = value else { throw ToolError("\(source): an auth payload must be a JSON object") }
        return value
    }

    private func output(of command: String) async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            // Waits, which a task must not.
            Thread.detachNewThread {
                continuation.resume(with: Result { try Self.run(command) })
            }
        }
    }

    private static func run(_ command: String) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", command]
        let output = Pipe()
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        do {
            try process.run()
        } catch {
            throw ToolError("--auth exec:\(command): it cannot be started")
        }
        let timer = DispatchWorkItem { process.terminate() }
        DispatchQueue.global().asyncAfter(deadline: .now() + Self.commandTimeout, execute: timer)
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        timer.cancel()
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            let how = process.terminationReason == .exit ? "status" : "signal"
            throw ToolError("--auth exec:\(command): it ended with \(how) \(process.terminationStatus)")
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
