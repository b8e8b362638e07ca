import TimelineModel

/// What the socket tells the decoder, with the number of the client.
enum HookEvent: Sendable {
    /// Bytes of its lines; `handled` is called once they are decoded, and gives their count back.
    case bytes(client: Int, [UInt8], at: Timestamp, handled: @Sendable (Int) -> Void)
    case ended(client: Int, at: Timestamp)
    /// It was not let in.
    case refused(client: Int, reason: String, at: Timestamp)
}
