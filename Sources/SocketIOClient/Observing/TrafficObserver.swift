public import TimelineModel

/// Sees what crosses the wire, as it does.
///
/// Called on the thread of the connection, in the order of the wire: a call that waits makes the client wait. Without
/// an observer a client does none of the work.
public protocol TrafficObserver: Sendable {
    func observe(_ traffic: Traffic)
}

/// How a frame breaks RFC 6455.
public enum FrameViolation: Hashable, Sendable {
    /// Section 5.1: only a client's are masked.
    case masked
    /// Section 5.2: a bit that no extension gives a meaning to.
    case reservedBits
    /// Section 5.2: a type that is none.
    case reservedOpcode
    /// Section 5.5: larger than 125 bytes, or in fragments.
    case controlFrame
    /// Section 5.4: no message is begun.
    case orphanContinuation
    /// Section 5.4: the message before is not done.
    case unfinishedMessage
}

/// One thing that happened on a connection.
public struct Traffic: Hashable, Sendable {
    /// Counts the connections of the process, from 1: a reconnect has another number.
    public var connection: UInt64
    /// By the wall clock.
    public var at: Timestamp
    /// By a clock that never steps; only differences count.
    public var monotonicNs: UInt64
    public var event: Event

    public enum Event: Hashable, Sendable {
        /// TCP (and not yet TLS) is there; the WebSocket is about to be asked for.
        case opening(Opening)
        case message(Message)
        /// A ping or pong frame of the WebSocket; a close frame where `close` cannot say what stood in it.
        case control(Control)
        /// A frame of the server that RFC 6455 does not allow. The client does not take it, and closes.
        case violation(FrameViolation, detail: String)
        /// A close frame.
        case close(by: Sender, code: UInt16?, reason: String, wireBytes: Int)
        /// What the client could not take or do, in words.
        case error(String)
        /// The connection is gone. Comes once, and last. `by` is nil where nobody can be told to have begun; `refusal` is
        /// what the server answered in place of 101.
        case ended(how: EndClass, by: Sender?, refusal: HandshakeRefusal?)
    }

    public struct Opening: Hashable, Sendable {
        public var url: String
        public var userAgent: String
        /// The client's own end of the connection.
        public var address: String
        public var port: Int

        public init(url: String, userAgent: String, address: String, port: Int) {
            self.url = url
            self.userAgent = userAgent
            self.address = address
            self.port = port
        }
    }

    public enum Body: Hashable, Sendable {
        case text(String)
        case binary([UInt8])
        /// Text that is no UTF-8, as bytes.
        case brokenText([UInt8])
    }

    /// A whole WebSocket message.
    public struct Message: Hashable, Sendable {
        public var sender: Sender
        public var body: Body
        /// With the headers of all its frames.
        public var wireBytes: Int
        public var isFragmented: Bool

        public init(sender: Sender, body: Body, wireBytes: Int, isFragmented: Bool = false) {
            self.sender = sender
            self.body = body
            self.wireBytes = wireBytes
            self.isFragmented = isFragmented
        }
    }

    public struct Control: Hashable, Sendable {
        public var sender: Sender
        /// 8 close, 9 ping, 10 pong.
        public var opcode: UInt8
        public var data: [UInt8]
        public var wireBytes: Int

        public init(sender: Sender, opcode: UInt8, data: [UInt8], wireBytes: Int) {
            self.sender = sender
            self.opcode = opcode
            self.data = data
            self.wireBytes = wireBytes
        }
    }

    public init(connection: UInt64, at: Timestamp, monotonicNs: UInt64, event: Event) {
        self.connection = connection
        self.at = at
        self.monotonicNs = monotonicNs
        self.event = event
    }
}
