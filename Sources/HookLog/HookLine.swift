import TimelineModel

/// One line of a hook log: something that a client's hook saw on one of its transport connections.
///
/// The keys of a line, all lower case with underscores; unknown ones are passed over:
///
/// | key | in | meaning |
/// | --- | --- | --- |
/// | `v` | all | format, 1; may be missing |
/// | `at_ns` | all | nanoseconds since the Unix epoch |
/// | `session` | all | the hook's own name of one transport connection |
/// | `kind` | all | `open`, `message`, `control` or `close` |
/// | `transport` | all | `websocket` or `polling`; that of the connection's `open` where it is missing, else `websocket` |
/// | `url` | open | as it was asked for, with its query: `EIO` and `sid` in it count |
/// | `client` | open | the client's User-Agent |
/// | `client_address`, `client_port` | open | the client's end of the connection |
/// | `sender` | message, control | `client` or `server` |
/// | `text`, `base64` | message, control | the message: a text, or bytes; a ping may have neither |
/// | `unreadable` | message, control | in place of these: why the bytes are not there; `opcode` says what it was |
/// | `opcode` | control | 8 close, 9 ping, 10 pong |
/// | `refused` | message | true for a polling packet that the server refused, as it did not know the session |
/// | `by` | close | `client` or `server`; may be missing where no close frame came |
/// | `code`, `reason` | close | of the close frame; code 1005 or none: its body was empty; 1006: there was no close frame |
/// | `end` | close with 1006, polling | how it ended without one: `fin` (the default), `rst` or `http-error` |
/// | `status`, `body` | close with 1006, websocket | the answer to its handshake, where that was another than 101 |
/// | `size_bytes`, `wire_bytes`, `flags` | message, control, close | columns of the frame that its bytes do not tell |
///
/// A polling `message` is one packet, without the payload around it: base64 stands for the packet that a `b` begins
/// (Engine.IO 4) or for a record of a binary payload, type byte included (3). A WebSocket message is what the
/// WebSocket carried, so under Engine.IO 3 its base64 begins with the type byte, too.
public struct HookLine: Hashable, Sendable {
    public var at: Timestamp
    public var session: String
    /// Nil where the line does not say.
    public var transport: Transport?
    public var event: Event

    public enum Event: Hashable, Sendable {
        case open(Open)
        case message(Message)
        case control(Control)
        case close(Close)
    }

    public struct Open: Hashable, Sendable {
        public var url: String?
        public var client: String?
        public var clientAddress: String?
        public var clientPort: Int?

        public init(url: String?, client: String? = nil, clientAddress: String? = nil, clientPort: Int? = nil) {
            self.url = url
            self.client = client
            self.clientAddress = clientAddress
            self.clientPort = clientPort
        }
    }

    /// What a message or control frame carries.
    public enum Body: Hashable, Sendable {
        case text(String)
        case bytes([UInt8])
        case unreadable(opcode: UInt8, reason: String)
    }

    /// Columns of the frame that its bytes do not tell; nil where they do.
    public struct Measure: Hashable, Sendable {
        public var sizeBytes: Int?
        public var wireBytes: Int?
        public var flags: FrameFlags

        public init(sizeBytes: Int? = nil, wireBytes: Int? = nil, flags: FrameFlags = []) {
            self.sizeBytes = sizeBytes
            self.wireBytes = wireBytes
            self.flags = flags
        }
    }

    public struct Message: Hashable, Sendable {
        public var sender: Sender
        public var body: Body
        public var isRefused: Bool
        public var measure: Measure

        public init(sender: Sender, body: Body, isRefused: Bool = false, measure: Measure = Measure()) {
            self.sender = sender
            self.body = body
            self.isRefused = isRefused
            self.measure = measure
        }
    }

    public struct Control: Hashable, Sendable {
        public var sender: Sender
        /// 8, 9 or 10.
        public var opcode: UInt8
        public var body: Body
        public var measure: Measure

        public init(sender: Sender, opcode: UInt8, body: Body, measure: Measure = Measure()) {
            self.sender = sender
            self.opcode = opcode
            self.body = body
            self.measure = measure
        }
    }

    public struct Close: Hashable, Sendable {
        /// A close frame's code that stands for one with an empty body. Source: RFC 6455, section 7.1.5.
        public static let emptyCode: UInt16 = 1005
        /// And the one for an end without a close frame.
        public static let missingCode: UInt16 = 1006

        public var by: Sender?
        public var code: UInt16
        public var reason: String
        /// Nil where the line does not say.
        public var end: EndClass?
        public var refusal: Refusal?
        public var measure: Measure

        /// What a server answered to a WebSocket's handshake in place of 101.
        public struct Refusal: Hashable, Sendable {
            public var status: Int
            /// At most 4 KiB of it are kept.
            public var body: String

            public init(status: Int, body: String) {
                self.status = status
                self.body = body
            }
        }

        public init(
            by: Sender?, code: UInt16, reason: String = "", end: EndClass? = nil, refusal: Refusal? = nil,
            measure: Measure = Measure()
        ) {
            self.by = by
            self.code = code
            self.reason = reason
            self.end = end
            self.refusal = refusal
            self.measure = measure
        }
    }

    public init(at: Timestamp, session: String, transport: Transport?, event: Event) {
        self.at = at
        self.session = session
        self.transport = transport
        self.event = event
    }
}
