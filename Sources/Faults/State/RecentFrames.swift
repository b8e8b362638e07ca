public import TimelineModel

/// What is kept of a session's last frames.
public struct RecentFrame: Hashable, Sendable {
    public var id: Int64
    public var at: Timestamp
    public var sender: Sender
    public var transport: Transport
    public var layer: Layer
    public var opcode: UInt8?
    public var engineIOType: EngineIOType?
    public var socketIOType: SocketIOType?
    public var ackID: Int64?
    public var closeCode: UInt16?
    public var sizeBytes: Int

    init(_ frame: Frame) {
        self.id = frame.id
        self.at = frame.at
        self.sender = frame.sender
        self.transport = frame.transport
        self.layer = frame.layer
        self.opcode = frame.opcode
        self.engineIOType = frame.engineIOType
        self.socketIOType = frame.socketIOType
        self.ackID = frame.ackID
        self.closeCode = frame.closeCode
        self.sizeBytes = frame.sizeBytes
    }
}

/// The last frames of a session, so many and no more.
struct RecentFrames: Hashable, Sendable {
    static let limit = 16

    private var ring: [RecentFrame] = []
    private var next = 0

    /// Of the last one of all: what an anomaly of it is told with.
    private var lastEvent: String?
    private var lastID: Int64 = 0

    mutating func append(_ frame: Frame) {
        self.lastID = frame.id
        self.lastEvent = frame.event
        guard self.ring.count == Self.limit else {
            self.ring.append(RecentFrame(frame))
            return
        }
        self.ring[self.next] = RecentFrame(frame)
        self.next = (self.next + 1) % Self.limit
    }

    /// The frame of an id, while it is one of the last.
    func frame(_ id: Int64?) -> RecentFrame? { self.ring.first { $0.id == id } }

    /// The name of its event, while it is the last one.
    func event(of id: Int64?) -> String? { id == self.lastID ? self.lastEvent : nil }

    /// Oldest first.
    var all: [RecentFrame] { Array(self.ring[self.next...] + self.ring[..<self.next]) }
}
