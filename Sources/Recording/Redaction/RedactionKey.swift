import Crypto
internal import Foundation

/// What secrets are hashed with: HMAC-SHA256, of which the first 64 bits are kept. Two recordings with the same key
/// show the same secret as the same text; without the key nobody can try guesses.
public struct RedactionKey: Sendable {
    private let key: SymmetricKey

    /// A key that nobody knows.
    public init() {
        self.key = SymmetricKey(size: .bits256)
    }

    /// - Parameter bytes: of a file, say; nil for fewer than 16, which would be guessed.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count >= 16 else { return nil }
        self.key = SymmetricKey(data: bytes)
    }

    /// `redacted:` and 16 hexadecimal digits; a text that looks like that stays as it is.
    public func redacted(_ secret: String) -> String {
        guard !Self.isRedacted(secret) else { return secret }
        let code = HMAC<SHA256>.authenticationCode(for: Array(secret.utf8), using: self.key)
        var text = Self.prefix
        for byte in code.prefix(8) {
            text += String(byte >> 4, radix: 16)
            text += String(byte & 15, radix: 16)
        }
        return text
    }

    private static let prefix = "redacted:"

    static func isRedacted(_ text: some StringProtocol) -> Bool {
        let bytes = text.utf8
        return bytes.count == self.prefix.utf8.count + 16 && text.hasPrefix(self.prefix)
            && bytes.dropFirst(self.prefix.utf8.count).allSatisfy {
                ($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9"))
                    || ($0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "f"))
            }
    }
}
