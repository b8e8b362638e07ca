import NIOCore
import TimelineModel

/// The two connections of a proxied client.
enum ProxyLeg: Int, CaseIterable, Sendable {
    /// Client to proxy.
    case front
    /// Proxy to server.
    case back

    var other: ProxyLeg { self == .front ? .back : .front }
    /// Who is at the far end.
    var peer: Sender { self == .front ? .client : .server }
    var tap: TapPosition { self == .front ? .proxyFront : .proxyBack }
}

/// What the relays tell the decoders.
struct ProxyEvent: Sendable {
    enum Happening: Sendable {
        /// The ends, as the socket names them: its own and the peer's.
        case opened(near: SocketAddress?, far: SocketAddress?)
        /// Bytes on the wire, after TLS was undone.
        case bytes(ByteBuffer, from: Sender)
        /// Bytes that crossed the wire, in so many pieces, but are not to be had here, for the decoder was behind.
        case missed(Int, pieces: Int64, from: Sender)
        case ended(by: Sender)
        case reset(by: Sender)
        /// Nothing more comes of this leg.
        case left
        /// No connection came to be, or none that could carry anything: an anomaly's code and detail.
        case failed(Anomaly.Code, String)
    }

    let leg: ProxyLeg
    /// Of the client's connection; counts from 1.
    let connection: Int
    let at: Timestamp
    let happening: Happening
}
