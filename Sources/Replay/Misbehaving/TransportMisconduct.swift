import EngineIO
import TimelineModel

/// Wrong requests and connections of a client, some time after the session is open.
struct TransportMisconduct: Misconduct {
    /// What comes first is over by then: CONNECT, an upgrade.
    private static let afterNs: Int64 = 300_000_000
    /// From a poll that is given up to the next.
    private static let gapNs: Int64 = 200_000_000
    private static let packets = 17

    private let fault: Misbehaviour
    private var due: Timestamp?
    private var hasAborted = false
    private var maxPayload = 1_000_000

    init(_ fault: Misbehaviour) { self.fault = fault }

    var deadline: Timestamp? { self.due }

    mutating func opened(_ handshake: EngineIOHandshake, _ version: EngineIOVersion, at now: Timestamp) -> [LinkAct] {
        self.due = now.advanced(byNs: Self.afterNs)
        if let maxPayload = handshake.maxPayload, (1...100_000_000).contains(maxPayload) {
            self.maxPayload = maxPayload
        }
        return []
    }

    mutating func timePassed(at now: Timestamp) -> [LinkAct] {
        guard let due, due <= now else { return [] }
        self.due = nil
        guard self.fault == .pollAborted else { return self.acts }
        if self.hasAborted { return [.poll] }
        self.hasAborted = true
        self.due = now.advanced(byNs: Self.gapNs)
        return [.abortGet]
    }

    private var acts: [LinkAct] {
        switch self.fault {
        case .pollOverlap, .upgradeLatePolling: [.extraGet]
        case .upgradeDuplicateWebSocket: [.extraWebSocket]
        case .resetMidSession: [.vanish(.reset)]
        case .payloadTooLarge:
            [.raw(.text("42[\"misbehaviour\",\"" + String(repeating: "x", count: self.maxPayload) + "\"]"))]
        case .tooManyPackets:
            [.raw(.text(Array(repeating: "6", count: Self.packets).joined(separator: "\u{1E}")))]
        case .binaryContentType:
            [.post(PollingBody.Encoded(contentType: "application/octet-stream", bytes: Array("6".utf8)))]
        case .versionMismatchWire:
            [.post(PollingBody.Encoded(contentType: "text/plain;charset=UTF-8", bytes: Array("1:6".utf8)))]
        default: []
        }
    }
}
