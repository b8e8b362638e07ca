import EngineIO
import TimelineModel

/// Wrong requests and connections of a client, some time after the session is open.
struct TransportMisconduct: Misconduct {
    /// What comes first is over by then: CONNECT, an upgrade.
    private static let afterNs: Int64 = 300_000_000
    /// From a poll that is given up to the next.
    private static let gapNs: Int64 = 200_000_000
    private static let packets = 17
    /// How long it does not poll; the rule's limit is 2 s.
    private static let pollGapNs: Int64 = 2_500_000_000
    /// From the beginning of a session to its reset, each time.
    private static let flapNs: Int64 = 2_200_000_000

    private let fault: Misbehaviour
    private var due: Timestamp?
    private var hasAborted = false
    private var isHolding = false
    private var hasStrayed = false
    private var maxPayload = 1_000_000

    init(_ fault: Misbehaviour) { self.fault = fault }

    var deadline: Timestamp? { self.due }

    mutating func opened(_ handshake: EngineIOHandshake, _ version: EngineIOVersion, at now: Timestamp) -> [LinkAct] {
        self.due = now.advanced(byNs: self.fault == .flapPeriodic ? Self.flapNs : Self.afterNs)
        if let maxPayload = handshake.maxPayload, (1...100_000_000).contains(maxPayload) {
            self.maxPayload = maxPayload
        }
        return []
    }

    mutating func timePassed(at now: Timestamp) -> [LinkAct] {
        guard let due, due <= now else { return [] }
        self.due = nil
        if self.fault == .upgradeSidMismatch {
            // Longer than it takes to be let in, a WebSocket that says nothing only keeps the polls from waiting.
            guard !self.hasStrayed else { return [.dropWebSockets] }
            self.hasStrayed = true
            self.due = now.advanced(byNs: Self.gapNs)
        }
        if self.isHolding {
            self.isHolding = false
            return [.holdPolling(false)]
        }
        self.isHolding = self.fault == .pollGap
        guard self.fault == .pollAborted else { return self.acts }
        if self.hasAborted { return [.poll] }
        self.hasAborted = true
        self.due = now.advanced(byNs: Self.gapNs)
        return [.abortGet]
    }

    /// The GET that was open is answered, and no other follows.
    mutating func hearing(_ packet: EngineIOPacket, at now: Timestamp) -> [LinkAct] {
        if self.isHolding, self.due == nil { self.due = now.advanced(byNs: Self.pollGapNs) }
        return []
    }

    private var acts: [LinkAct] {
        switch self.fault {
        case .pollOverlap, .upgradeLatePolling: [.extraGet]
        case .pollGap: [.holdPolling(true)]
        case .upgradeDuplicateWebSocket: [.extraWebSocket([])]
        case .upgradeSidMismatch: [.extraWebSocket([HTTPField("X-Forwarded-For", Self.otherClient)])]
        case .resetMidSession, .flapPeriodic: [.vanish(.reset)]
        case .payloadTooLarge:
            [.raw(.text("42[\"misbehaviour\",\"" + String(repeating: "x", count: self.maxPayload) + "\"]"))]
        case .tooManyPackets:
            [.raw(.text(Array(repeating: "6", count: Self.packets).joined(separator: "\u{1E}")))]
        case .binaryContentType:
            [.post(PollingBody.Encoded(contentType: "application/octet-stream", bytes: Array("6".utf8)))]
        case .versionMismatchWire:
            [.post(PollingBody.Encoded(contentType: "text/plain;charset=UTF-8", bytes: Array("1:6".utf8)))]
        // No server lets a session live on after it; a frame without a mask is taken by some.
        case .sessionTooShort: [.frames([RawFrame(RawFrame.text, Array("6".utf8), reserved: 4)])]
        case .lengthMismatch:
            [.post(PollingBody.Encoded(contentType: "text/plain;charset=UTF-8", bytes: Array("99:4".utf8)))]
        default: []
        }
    }

    /// Of the addresses for documentation. Source: RFC 5737.
    static let ownClient = "192.0.2.1"
    private static let otherClient = "192.0.2.2"
}
