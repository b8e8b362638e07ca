import Timeline

/// A row of `frames_lines.sql`.
struct FrameRow: Equatable {
    var id: Int64
    var sessionID: Int64?
    var atNs: Int64
    var sender: String
    var transport: String
    var layer: String
    var opcode: Int64?
    var engineIOType: String?
    var socketIOType: String?
    var namespace: String?
    var event: String?
    var ackID: Int64?
    var attachments: Int64?
    var closeCode: Int64?
    var sizeBytes: Int64
    var flags: String
    var payload: String?
    var firstBytes: [UInt8]?
    var binaryBytes: Int64

    /// - Parameter row: with the columns of `frames_lines.sql`, in that order.
    init(_ row: [TimelineValue]) {
        self.id = row[0].integer ?? 0
        self.sessionID = row[1].integer
        self.atNs = row[2].integer ?? 0
        self.sender = row[3].text ?? ""
        self.transport = row[4].text ?? ""
        self.layer = row[5].text ?? ""
        self.opcode = row[6].integer
        self.engineIOType = row[7].text
        self.socketIOType = row[8].text
        self.namespace = row[9].text
        self.event = row[10].text
        self.ackID = row[11].integer
        self.attachments = row[12].integer
        self.closeCode = row[13].integer
        self.sizeBytes = row[14].integer ?? 0
        self.flags = row[15].text ?? ""
        self.payload = row[16].text
        self.firstBytes = row[17].bytes
        self.binaryBytes = row[18].integer ?? 0
    }

    var isFromClient: Bool { self.sender == "client" }

    /// A WebSocket close frame.
    var isWebSocketClose: Bool { self.layer == "websocket" && self.opcode == 8 }

    var isHeartbeat: Bool {
        (self.engineIOType == "ping" || self.engineIOType == "pong") && self.payload != "probe"
    }
}
