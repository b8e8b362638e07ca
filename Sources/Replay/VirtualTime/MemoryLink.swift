import TimelineModel

/// One connection between the two roles: what each end knows of it.
struct MemoryLink: Sendable {
    /// What the client's end is used for.
    enum Use: Hashable, Sendable {
        case idle
        /// Waits for the answer to this request.
        case asking(Int)
        /// Waits for the answer to its request for this WebSocket.
        case dialing(Int)
        case webSocket(Int)

        /// The role's number of the WebSocket, open or not.
        var webSocket: Int? {
            switch self {
            case .dialing(let number), .webSocket(let number): number
            case .idle, .asking: nil
            }
        }
    }

    /// One of the two ends.
    struct End: Sendable {
        var reader: WebSocketReader
        /// Its FIN or RST is sent, or the peer's RST came.
        var isClosed = false
        var sentClose = false
        var gotClose = false
        /// The client's role wants no answer to the server's close frame.
        var ignoresClose = false
        /// When the last of what it sent arrives: a connection keeps the order.
        var lastArrival: Timestamp
    }

    var use: Use
    var client: End
    var server: End
    /// The server switched to a WebSocket.
    var isSwitched = false
    /// The server's role was told that it is over.
    var isOver = false

    init(_ use: Use, at: Timestamp) {
        self.use = use
        self.client = End(reader: WebSocketReader(masked: false), lastArrival: at)
        self.server = End(reader: WebSocketReader(masked: true), lastArrival: at)
    }
}

/// What arrives at an end.
enum MemoryDelivery: Sendable {
    case opened(link: Int)
    case request(HTTPRequest, link: Int)
    case toServer(MemoryPart, link: Int)
    case toClient(MemoryPart, link: Int)
    /// What an end of its own comes to, told behind what it is still doing.
    case serverIsOver(link: Int)
    case clientIsOver(webSocket: Int)
    case auth(String?, for: Int)
}

enum MemoryPart: Sendable {
    case response(HTTPResponse)
    case switching
    case bytes([UInt8])
    case fin
    case reset
}
