/// What a client had sent when it was found to flood.
public enum ServerFlood: Hashable, Sendable, CustomStringConvertible {
    /// Messages, requests and connections.
    case events(Int)
    case bytes(Int)
    /// Open at once.
    case connections(Int)

    public var description: String {
        switch self {
        case .events(let count): "\(count) messages, requests and connections"
        case .bytes(let count): "\(count) bytes"
        case .connections(let count): "\(count) connections at once"
        }
    }
}
