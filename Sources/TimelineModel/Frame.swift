/// A row of `frames`: one Engine.IO packet as it crossed the wire, or one WebSocket unit outside Engine.IO.
///
/// Column meanings stand in the schema (`Sources/Timeline/Schema`).
public struct Frame: Hashable, Sendable {
    /// Ascends in time order within one capture, from 1.
    public var id: Int64
    /// Nil for what never belonged to a session: a refused handshake, a plain WebSocket.
    public var sessionID: Int64?
    public var connectionID: Int64
    /// When the last byte arrived at the tap.
    public var at: Timestamp
    public var sender: Sender
    public var transport: Transport
    public var layer: Layer
    /// The WebSocket opcode (1, 2, 8, 9, 10); nil over polling.
    public var opcode: UInt8?
    public var engineIOType: EngineIOType?
    public var socketIOType: SocketIOType?
    /// `/` where the wire omits it; nil where the packet is no Socket.IO.
    public var namespace: String?
    public var event: String?
    public var ackID: Int64?
    /// How many binary messages the header announces; on an attachment its number, from 0.
    public var attachments: Int?
    /// Of a close control frame with a body; an empty body has none.
    public var closeCode: UInt16?
    /// The message after inflate, in bytes.
    public var sizeBytes: Int
    /// What it cost on the wire, in bytes, with WebSocket headers.
    public var wireBytes: Int
    public var payload: String?
    public var binary: [UInt8]?
    public var flags: FrameFlags
    public var exchangeID: Int64?

    public init(
        id: Int64 = 0,
        sessionID: Int64? = nil,
        connectionID: Int64,
        at: Timestamp,
        sender: Sender,
        transport: Transport,
        layer: Layer,
        opcode: UInt8? = nil,
        engineIOType: EngineIOType? = nil,
        socketIOType: SocketIOType? = nil,
        namespace: String? = nil,
        event: String? = nil,
        ackID: Int64? = nil,
        attachments: Int? = nil,
        closeCode: UInt16? = nil,
        sizeBytes: Int,
        wireBytes: Int,
        payload: String? = nil,
        binary: [UInt8]? = nil,
        flags: FrameFlags = [],
        exchangeID: Int64? = nil
    ) {
        self.id = id
        self.sessionID = sessionID
        self.connectionID = connectionID
        self.at = at
        self.sender = sender
        self.transport = transport
        self.layer = layer
        self.opcode = opcode
        self.engineIOType = engineIOType
        self.socketIOType = socketIOType
        self.namespace = namespace
        self.event = event
        self.ackID = ackID
        self.attachments = attachments
        self.closeCode = closeCode
        self.sizeBytes = sizeBytes
        self.wireBytes = wireBytes
        self.payload = payload
        self.binary = binary
        self.flags = flags
        self.exchangeID = exchangeID
    }
}
