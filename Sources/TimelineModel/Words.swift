// The closed sets of the timeline. The raw values are what the columns hold: contract, never renamed.

/// Who sent something. The client is who sent the HTTP request; never taken from a WebSocket mask bit.
public enum Sender: String, Hashable, Sendable, CaseIterable {
    case client
    case server

    @inlinable public var other: Sender { self == .client ? .server : .client }
}

/// Which Engine.IO transport carried a frame.
public enum Transport: String, Hashable, Sendable, CaseIterable {
    case polling
    case websocket
}

/// What a frame is: an Engine.IO packet, or a unit of the WebSocket below it (control frames; all frames of a
/// WebSocket that carries no Engine.IO).
public enum Layer: String, Hashable, Sendable, CaseIterable {
    case engineio
    case websocket
}

/// Engine.IO packet types, in wire order: `open` is "0" ... `noop` is "6". Source: Engine.IO protocol v4, "Packet types".
public enum EngineIOType: UInt8, Hashable, Sendable, CaseIterable {
    case open, close, ping, pong, message, upgrade, noop

    public var name: String {
        switch self {
        case .open: "open"
        case .close: "close"
        case .ping: "ping"
        case .pong: "pong"
        case .message: "message"
        case .upgrade: "upgrade"
        case .noop: "noop"
        }
    }
}

/// Socket.IO packet types in wire order ("0" ... "6"), then the timeline's own word for the binary messages that
/// follow a header. Type 4 is CONNECT_ERROR in v5 and ERROR in v3 and v4; one word serves both.
/// Source: Socket.IO protocol v5, "Packet types".
public enum SocketIOType: UInt8, Hashable, Sendable, CaseIterable {
    case connect, disconnect, event, ack, connectError, binaryEvent, binaryAck
    case attachment

    public var name: String {
        switch self {
        case .connect: "connect"
        case .disconnect: "disconnect"
        case .event: "event"
        case .ack: "ack"
        case .connectError: "connect_error"
        case .binaryEvent: "binary_event"
        case .binaryAck: "binary_ack"
        case .attachment: "attachment"
        }
    }
}

/// What else is to be known of a frame; the timeline holds the words, joined by commas.
public struct FrameFlags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    @inlinable
    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// TCP had to send a part of it again.
    public static let retransmitted = FrameFlags(rawValue: 1)
    /// It came in more than one WebSocket frame.
    public static let fragmented = FrameFlags(rawValue: 2)
    /// It came deflated: by permessage-deflate, or in a compressed HTTP body.
    public static let compressed = FrameFlags(rawValue: 4)
    /// It is the first after bytes that the capture misses.
    public static let afterGap = FrameFlags(rawValue: 8)
    /// It shared its polling payload with other packets.
    public static let batched = FrameFlags(rawValue: 16)

    private static let words: [(FrameFlags, String)] = [
        (.retransmitted, "retransmitted"), (.fragmented, "fragmented"), (.compressed, "compressed"),
        (.afterGap, "after-gap"), (.batched, "batched"),
    ]

    /// The words of every combination, so that writing a row allocates nothing.
    private static let texts: [String] = (0..<32).map { bits in
        words.filter { bits & Int($0.0.rawValue) != 0 }.map(\.1).joined(separator: ",")
    }

    /// As the column `frames.flags` holds it: words joined by commas, empty for none.
    public var text: String { Self.texts[Int(self.rawValue & 31)] }

    /// Reads the column back; an unknown word is passed over.
    public init(text: String) {
        self = Self.words.reduce(into: []) { flags, word in
            if text.split(separator: ",").contains(Substring(word.1)) { flags.insert(word.0) }
        }
    }
}

/// Where a capture came from.
public enum CaptureKind: String, Hashable, Sendable, CaseIterable {
    case pcap, live, proxy, hook, client, har, replay
}

/// On which side of the wire the tap sat. Decides what a measured delay means.
public enum TapPosition: String, Hashable, Sendable, CaseIterable {
    case client
    case server
    case proxyFront = "proxy-front"
    case proxyBack = "proxy-back"
    case unknown
}

/// How a connection ended.
public enum CloseKind: String, Hashable, Sendable, CaseIterable {
    case fin
    case rst
    case webSocketClose = "websocket-close"
    case captureEnd = "capture-end"
}

/// How a session ended.
public enum EndClass: String, Hashable, Sendable, CaseIterable {
    case webSocketClose = "websocket-close"
    case fin
    case rst
    case engineIOClose = "eio-close"
    case httpError = "http-error"
    case superseded
    case captureEnd = "capture-end"
}

/// How the Socket.IO packets of a session are written.
public enum PacketParser: String, Hashable, Sendable, CaseIterable {
    /// The default: text, binary as attachments.
    case json
    /// socket.io-msgpack-parser: one MessagePack map a packet.
    case msgpack
}
