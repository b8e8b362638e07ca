import JSONText
import NIOCore

/// The first line of a client, where that says who it is: `{"token":"..."}`. Nothing else is read before it is known.
struct HookGreeting {
    enum Verdict: Equatable {
        case needsMore
        /// The lines that follow count, from this offset on.
        case accepted(offset: Int)
        case refused(String)
    }

    /// A greeting is not longer.
    static let limit = 4096

    let token: String?

    /// - Parameter bytes: all that came so far.
    func judge(_ bytes: Span<UInt8>) -> Verdict {
        var end = 0
        while end < bytes.count, bytes[end] != 0x0A { end += 1 }
        guard end < bytes.count else {
            guard end >= Self.limit else { return .needsMore }
            return self.token == nil ? .accepted(offset: 0) : .refused("its first line is no {\"token\":\"...\"}")
        }
        let told = (try? JSONValue(bytes.extracting(0..<end)))?["token"]?.string
        guard let token = self.token else { return .accepted(offset: told == nil ? 0 : end + 1) }
        guard let told else { return .refused("its first line is no {\"token\":\"...\"}") }
        return Self.areEqual(told, token) ? .accepted(offset: end + 1) : .refused("its token is not the one of --token")
    }

    /// Takes the same time wherever they differ, so that a token cannot be found piece by piece.
    static func areEqual(_ told: String, _ expected: String) -> Bool {
        let (told, expected) = (Array(told.utf8), Array(expected.utf8))
        guard !expected.isEmpty else { return false }
        var difference = told.count ^ expected.count
        for index in told.indices { difference |= Int(told[index] ^ expected[index % expected.count]) }
        return difference == 0
    }
}
