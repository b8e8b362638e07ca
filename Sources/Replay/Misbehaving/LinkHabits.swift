/// How a client goes about its transports; the defaults are what the protocol asks for.
struct LinkHabits: Hashable, Sendable {
    var handshakeMethod = "GET"
    /// Value of `transport` in the handshake; nil for the right one.
    var handshakeTransport: String?
    var finishesUpgrade = true
    /// Tries a WebSocket beside polling, and hangs up as soon as it is there.
    var dropsUpgrade = false
    /// Watches for the server's pings, or pings itself under Engine.IO 3.
    var keepsHeartbeat = true
    /// In the client's own close frames; nil for what was recorded.
    var closeCode: UInt16?
    /// Answers the server's close frame with its own.
    var answersClose = true
    /// Polls once more with the sid when the session is over.
    var pollsAfterEnd = false
    /// The `X-Forwarded-For` of each request: whose client a proxy says it is.
    var forwardedFor: String?

    init() {}

    var headers: [HTTPField] { self.forwardedFor.map { [HTTPField("X-Forwarded-For", $0)] } ?? [] }
}
