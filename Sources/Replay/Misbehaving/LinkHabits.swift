/// How a client goes about its transports; the defaults are what the protocol asks for.
struct LinkHabits: Hashable, Sendable {
    var handshakeMethod = "GET"
    /// Value of `transport` in the handshake; nil for the right one.
    var handshakeTransport: String?
    var finishesUpgrade = true
    /// Watches for the server's pings, or pings itself under Engine.IO 3.
    var keepsHeartbeat = true
    /// In the client's own close frames; nil for what was recorded.
    var closeCode: UInt16?

    init() {}
}
