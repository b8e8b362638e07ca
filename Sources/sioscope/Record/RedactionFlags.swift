import ArgumentParser
import Foundation
import Recording

/// Whether secrets are replaced before they are stored, and how.
struct RedactionFlags: ParsableArguments {
    @Flag(
        help: """
            Replace secrets by keyed hashes before anything is stored or judged: auth payloads, values in URLs, \
            tokens, JSON values whose key is password, token, secret, cookie and the like. Equal secrets stay equal. \
            Binary data and free text are not searched.
            """)
    var redact = false

    @Option(
        help: ArgumentHelp(
            "Replace values of this JSON key, too, in any case; may be given more than once. Implies --redact.",
            valueName: "key"))
    var redactJson: [String] = []

    @Option(
        help: ArgumentHelp(
            """
            A file with the key of the hashes, 16 bytes or more, so that secrets of several recordings can be \
            compared. Without it each recording has a random one, kept nowhere. Implies --redact.
            """, valueName: "file"),
        completion: .file())
    var redactKey: String?

    /// Whether anything is to be redacted.
    var isOn: Bool { self.redact || !self.redactJson.isEmpty || self.redactKey != nil }

    /// Nil where nothing is.
    func redactor() throws -> Redactor? {
        guard self.isOn else { return nil }
        guard let path = self.redactKey else { return Redactor(RedactionKey(), adding: self.redactJson) }
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw ToolError("--redact-key: \(path) cannot be read; give a file with 16 random bytes or more")
        }
        guard let key = RedactionKey(Array(bytes)) else {
            throw ToolError("--redact-key: \(path) has \(bytes.count) bytes; give a file with 16 random bytes or more")
        }
        return Redactor(key, adding: self.redactJson)
    }
}
