// What is known of captures, connections, sessions and exchanges: one struct a table, columns documented in the
// schema. Facts grow while a capture is read; a writer stores the newest state under the same id.

/// A row of `captures`.
public struct CaptureFacts: Hashable, Sendable {
    public var kind: CaptureKind
    /// File name, interface or URL, as the user gave it.
    public var source: String
    public var tap: TapPosition
    /// First and last record; nil for a capture without any. Of a live recording with sessions that were open at the
    /// end, it ended when the last absence was looked for, behind the last record.
    public var started: Timestamp?
    public var ended: Timestamp?
    /// False where a session or connection had begun before.
    public var completeHead: Bool
    /// False where the input was cut off.
    public var completeTail: Bool
    /// As the capturing tool reported it, plus records cut by a snap length.
    public var droppedPackets: Int64
    /// Those among them that a snap length cut, which lost a part of themselves only. A timeline says so in an anomaly.
    public var cutPackets: Int64
    public var packets: Int64
    public var bytes: Int64
    /// HTTP requests that had nothing to do with Engine.IO or WebSocket; counted, not stored.
    public var otherRequests: Int64
    /// What was replaced by keyed hashes before it was stored, as a JSON array; nil where nothing was.
    public var redacted: String?

    public init(kind: CaptureKind, source: String, tap: TapPosition = .unknown) {
        self.kind = kind
        self.source = source
        self.tap = tap
        self.completeHead = true
        self.completeTail = true
        self.droppedPackets = 0
        self.cutPackets = 0
        self.packets = 0
        self.bytes = 0
        self.otherRequests = 0
    }

    /// Packets of which nothing was captured.
    public var lostPackets: Int64 {
        max(0, self.droppedPackets.subtractingReportingOverflow(self.cutPackets).partialValue)
    }
}

/// A row of `connections`.
public struct ConnectionFacts: Hashable, Sendable {
    public var id: Int64
    public var clientAddress: String
    public var clientPort: Int
    public var serverAddress: String
    public var serverPort: Int
    public var opened: Timestamp
    public var closed: Timestamp?
    public var closedBy: Sender?
    public var closeKind: CloseKind?
    /// How the client was told from the server.
    public var clientKnownBy: ClientEvidence
    public var application: ConnectionApplication
    /// The beginning was seen (SYN, or the source gives whole connections).
    public var completeHead: Bool
    /// Smallest time from SYN to SYN-ACK seen, in nanoseconds.
    public var roundTripNs: Int64?
    /// Bytes of both streams, and those among them that the capture misses.
    public var bytesClient: Int64
    public var bytesServer: Int64
    public var missingBytes: Int64
    /// Bytes that were there but could not be decoded.
    public var undecodedBytes: Int64
    public var retransmittedSegments: Int64
    public var otherRequests: Int64

    public init(
        id: Int64, clientAddress: String, clientPort: Int, serverAddress: String, serverPort: Int, opened: Timestamp
    ) {
        self.id = id
        self.clientAddress = clientAddress
        self.clientPort = clientPort
        self.serverAddress = serverAddress
        self.serverPort = serverPort
        self.opened = opened
        self.clientKnownBy = .source
        self.application = .unknown
        self.completeHead = true
        self.bytesClient = 0
        self.bytesServer = 0
        self.missingBytes = 0
        self.undecodedBytes = 0
        self.retransmittedSegments = 0
        self.otherRequests = 0
    }
}

/// How the decoder knew which end of a connection is the client, strongest first.
public enum ClientEvidence: String, Hashable, Sendable, CaseIterable {
    /// The input says it (HAR, hook log, proxy).
    case source
    case syn
    /// It sent an HTTP request, or the other end an answer.
    case http
    /// The other end is known as a server from another connection.
    case endpoint
    /// Port numbers alone: a guess.
    case port
}

/// What a connection carried.
public enum ConnectionApplication: String, Hashable, Sendable, CaseIterable {
    case unknown
    case http
    case websocket
    case tls
}

/// A row of `sessions`.
public struct SessionFacts: Hashable, Sendable {
    public var id: Int64
    public var sid: String?
    public var engineIOVersion: Int?
    /// Nil for a plain Engine.IO application, or while it is not known.
    public var socketIOVersion: Int?
    public var parser: PacketParser?
    /// In the order of first use.
    public var transports: [Transport]
    public var path: String?
    public var host: String?
    public var pingIntervalMs: Int?
    public var pingTimeoutMs: Int?
    public var maxPayload: Int?
    /// As offered in the open packet, joined by commas.
    public var upgrades: String?
    public var opened: Timestamp
    public var ended: Timestamp?
    public var endClass: EndClass?
    public var endedBy: Sender?
    public var closeCode: UInt16?
    /// Id of the first session of the lineage.
    public var lineage: Int64
    public var framesClient: Int64
    public var framesServer: Int64
    public var userAgent: String?
    public var origin: String?
    /// The first address of X-Forwarded-For or Forwarded, where a proxy named the client.
    public var forwardedFor: String?
    /// The open packet was seen.
    public var completeHead: Bool
    /// Its end was seen.
    public var completeTail: Bool
    /// Gaps in its streams.
    public var holes: Int

    public init(id: Int64, sid: String?, opened: Timestamp) {
        self.id = id
        self.sid = sid
        self.transports = []
        self.opened = opened
        self.lineage = id
        self.framesClient = 0
        self.framesServer = 0
        self.completeHead = false
        self.completeTail = false
        self.holes = 0
    }
}

/// A row of `exchanges`: one HTTP request with its answer.
public struct ExchangeFacts: Hashable, Sendable {
    public var id: Int64
    public var connectionID: Int64
    public var sessionID: Int64?
    public var method: String
    /// Path and query, as sent.
    public var target: String
    public var status: Int?
    /// First byte of the request, last byte of the request, first and last byte of the answer.
    public var requested: Timestamp
    public var requestEnded: Timestamp?
    public var answered: Timestamp?
    public var responded: Timestamp?
    /// Bodies as they crossed the wire: after chunked was undone, before gzip was.
    public var requestBytes: Int
    public var responseBytes: Int
    /// Of a refusal: the code and message of Engine.IO's JSON, and the body as it was (at most 4 KiB).
    public var errorCode: Int?
    public var errorMessage: String?
    public var errorBody: String?
    public var userAgent: String?
    public var origin: String?
    public var requestType: String?
    public var responseType: String?
    /// The answer's Access-Control-Allow-Origin.
    public var allowOrigin: String?
    /// The request's Upgrade header.
    public var upgrade: String?
    /// The answer's Sec-WebSocket-Extensions.
    public var extensions: String?
    /// The answer's Server header.
    public var server: String?
    public var forwardedFor: String?

    public init(id: Int64, connectionID: Int64, method: String, target: String, requested: Timestamp) {
        self.id = id
        self.connectionID = connectionID
        self.method = method
        self.target = target
        self.requested = requested
        self.requestBytes = 0
        self.responseBytes = 0
    }
}
