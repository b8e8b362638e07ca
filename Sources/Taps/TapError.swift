/// Why a tap cannot start or go on: one line for the user that names the flag, device or address and says what to do.
public struct TapError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) {
        self.description = description
    }
}
