import TimelineModel

/// Kinds of things that a rule of a session is shown. A frame is of exactly one kind.
public struct Interest: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    private init(bit: Int) {
        self.rawValue = 1 << UInt32(bit)
    }

    // Engine.IO packets without a Socket.IO packet in them.
    public static let open = Interest(bit: 0)
    public static let engineIOClose = Interest(bit: 1)
    /// A ping or pong of the heartbeat.
    public static let ping = Interest(bit: 2)
    public static let pong = Interest(bit: 3)
    /// A ping or pong with the payload `probe`.
    public static let probe = Interest(bit: 4)
    public static let upgrade = Interest(bit: 5)
    public static let noop = Interest(bit: 6)
    /// A `message` packet that is no Socket.IO packet.
    public static let otherMessage = Interest(bit: 7)
    /// A frame of Engine.IO whose type could not be read.
    public static let undecoded = Interest(bit: 8)

    // Socket.IO packets.
    public static let connect = Interest(bit: 9)
    public static let disconnect = Interest(bit: 10)
    public static let event = Interest(bit: 11)
    public static let ack = Interest(bit: 12)
    public static let connectError = Interest(bit: 13)
    public static let binaryEvent = Interest(bit: 14)
    public static let binaryAck = Interest(bit: 15)
    public static let attachment = Interest(bit: 16)

    // WebSocket control frames.
    public static let webSocketClose = Interest(bit: 17)
    public static let webSocketPing = Interest(bit: 18)
    public static let webSocketPong = Interest(bit: 19)
    /// A message of a plain WebSocket.
    public static let webSocketData = Interest(bit: 20)

    // What is no frame.
    public static let exchanges = Interest(bit: 21)
    public static let anomalies = Interest(bit: 22)

    static let kindsOfFrames = 21

    /// Events, with binary or without.
    public static let events: Interest = [.event, .binaryEvent]
    public static let acks: Interest = [.ack, .binaryAck]
    public static let socketIO: Interest = [
        .connect, .disconnect, .event, .ack, .connectError, .binaryEvent, .binaryAck, .attachment,
    ]
    /// Everything in an Engine.IO `message` packet.
    public static let messages: Interest = [.socketIO, .otherMessage]
    public static let engineIO: Interest = [
        .messages, .open, .engineIOClose, .ping, .pong, .probe, .upgrade, .noop, .undecoded,
    ]
    public static let allFrames: Interest = [
        .engineIO, .webSocketClose, .webSocketPing, .webSocketPong, .webSocketData,
    ]

    /// Which bit a frame has.
    static func kind(of frame: Frame) -> Int {
        if let type = frame.socketIOType { return 9 + Int(type.rawValue) }
        guard frame.layer == .engineio else {
            switch frame.opcode {
            case 8: return 17
            case 9: return 18
            case 10: return 19
            default: return 20
            }
        }
        switch frame.engineIOType {
        case .open: return 0
        case .close: return 1
        case .ping: return frame.isProbe ? 4 : 2
        case .pong: return frame.isProbe ? 4 : 3
        case .message: return 7
        case .upgrade: return 5
        case .noop: return 6
        case nil: return 8
        }
    }
}

extension Frame {
    /// `2probe` or `3probe`: the ping and pong of an upgrade.
    var isProbe: Bool {
        self.payload == "probe" && (self.engineIOType == .ping || self.engineIOType == .pong)
    }
}
