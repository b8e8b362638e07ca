public import SocketIO

/// How a client connects, and what it keeps.
public struct SocketIOConfiguration: Sendable {
    /// Makes the auth payload for a namespace's CONNECT: anew at every connect and reconnect, so that a token that has
    /// expired is never sent twice. Nil sends none. Its task is cancelled where the client is closed meanwhile.
    public typealias Auth = @Sendable (_ namespace: String) async throws -> SocketIOValue?

    public var auth: Auth?
    /// Sent with the WebSocket's request, behind the headers of the handshake itself. One that the handshake has too
    /// takes its place; several of one name are all sent.
    public var headers: [(name: String, value: String)] = []
    public var userAgent = "sioscope SocketIOClient"
    /// Takes any certificate, also of an impostor. For tests.
    public var acceptsAnyCertificate = false
    /// The largest message that is read, in bytes, from all its fragments together.
    public var readLimit = 1 << 20
    /// Emits wait while so many bytes are not yet handed to the system. With what waits, at most this and one message.
    public var writeHighWatermark = 1 << 20
    /// Time for name resolution, TCP and TLS with the handshake, in milliseconds.
    public var connectTimeoutMs: Int64 = 10_000
    /// Time for the open packet once the WebSocket is open, in milliseconds.
    public var openTimeoutMs: Int64 = 20_000
    /// Time for the server's part of a clean end, in milliseconds.
    public var closeTimeoutMs: Int64 = 2_000
    /// How many deliveries may wait for slow handlers; then the socket is not read until half of them are done.
    public var deliveryLimit = 4096
    public var limits = SocketIOClientLimits()
    public var reconnect = ReconnectPolicy()
    /// Sees all traffic. Called on the connection's own thread: it must not wait.
    public var observer: (any TrafficObserver)?

    public init() {}
}

extension Int64 {
    /// Milliseconds as nanoseconds; negative ones are 0.
    var saturatingNs: Int64 {
        let (ns, overflow) = Swift.max(0, self).multipliedReportingOverflow(by: 1_000_000)
        return overflow ? .max : ns
    }
}
