import Foundation
import JSONText
import SocketIO

/// Where the auth payload of a CONNECT comes from: as text, from a file, or from a command. File and command are asked
/// anew at every connect.
enum AuthSource: Equatable {
    case json(SocketIOValue)
    case file(String)
    case command(String)

    /// Time a command has, in seconds: a server waits 45 s for a CONNECT, and most users less. It is ended behind that.
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
        case .file(let path): return try Self.payload(ofFile: path)
        case .command(let command):
            let output: String
            do {
                output = try await ShellCommand.output(of: command, within: Self.commandTimeout)
            } catch {
                throw error is CancellationError ? error : ToolError("--auth exec:\(command): \(error)")
            }
            return try Self.parse(output, from: "--auth exec:\(command)")
        }
    }

    /// For the first connect: a file that is of no use already then is a mistake in the command, and no outage of
    /// whatever writes it. Nil where there is no file.
    func checkedFile() throws -> SocketIOValue? {
        guard case .file(let path) = self else { return nil }
        return try Self.payload(ofFile: path)
    }

    private static func payload(ofFile path: String) throws -> SocketIOValue {
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw ToolError("--auth @\(path): the file cannot be read")
        }
        return try self.parse(String(decoding: bytes, as: UTF8.self), from: "--auth @\(path)")
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
}
