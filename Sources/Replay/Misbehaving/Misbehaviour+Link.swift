import EngineIO

/// How each misbehaviour comes about: by other habits, by what is sent beside or in place of the right thing, or by
/// another life.
extension Misbehaviour {
    /// A code that no frame may hold. Source: RFC 6455, section 7.4.1.
    private static let invalidCode: UInt16 = 1005

    /// What a link does differently all the time.
    var habits: LinkHabits {
        var habits = LinkHabits()
        switch self {
        case .eio3PingMissing, .noWatchdog: habits.keepsHeartbeat = false
        case .upgradeIncomplete: habits.finishesUpgrade = false
        case .transportUnknown: habits.handshakeTransport = "carrier-pigeon"
        case .badHandshakeMethod: habits.handshakeMethod = "POST"
        case .invalidCloseCode: habits.closeCode = Self.invalidCode
        case .closeUnanswered: habits.answersClose = false
        case .sidReuse: habits.pollsAfterEnd = true
        case .stuckInPolling: habits.dropsUpgrade = true
        case .upgradeSidMismatch: habits.forwardedFor = TransportMisconduct.ownClient
        default: break
        }
        return habits
    }

    func changed(_ plan: LinkPlan) -> LinkPlan {
        var plan = plan
        switch self {
        case .versionRejected: plan.version = .v3
        case .secretInURL: plan.query += (plan.query.isEmpty ? "" : "&") + "token=misbehaviour"
        case .badHandshakeMethod, .pollOverlap, .pollAborted, .payloadTooLarge, .tooManyPackets, .binaryContentType,
            .versionMismatchWire, .pollGap, .lengthMismatch, .lossAtUpgrade, .upgradeSidMismatch:
            plan.first = .polling
            plan.upgrades = false
        case .unmaskedFrame, .reservedBits, .invalidFrame, .invalidUTF8, .invalidCloseCode, .closeUnanswered,
            .dataAfterClose, .sessionTooShort:
            plan.first = .websocket
            plan.upgrades = false
        case .upgradeIncomplete, .upgradeLatePolling, .stuckInPolling:
            plan.first = .polling
            plan.upgrades = true
        default: break
        }
        return plan
    }

    /// What a link does beside that; nil for nothing.
    func misconduct() -> (any Misconduct)? {
        switch self {
        case .clientPing: HeartbeatMisconduct(.pings)
        case .pongMissing: HeartbeatMisconduct(.noPongs)
        case .pongLate: HeartbeatMisconduct(.latePongs)
        case .pongUnsolicited, .wrongDirectionPong: HeartbeatMisconduct(.extraPongs)
        case .textInBinary: HeartbeatMisconduct(.binaryPongs)
        case .pollOverlap, .pollAborted, .upgradeLatePolling, .upgradeDuplicateWebSocket, .payloadTooLarge,
            .tooManyPackets, .binaryContentType, .versionMismatchWire, .resetMidSession, .pollGap, .lengthMismatch,
            .upgradeSidMismatch, .flapPeriodic, .sessionTooShort:
            TransportMisconduct(self)
        case .connectMissing, .eventBeforeConnect, .connectDuplicate, .namespaceRejected, .namespaceSyntax,
            .malformedSocketIO, .malformedEngineIO, .closeOverWebSocket, .reservedEvent, .ackIDWhitespace,
            .attachmentMissing, .attachmentInterleaved, .attachmentOrphan, .attachmentCountMismatch, .attachmentZero,
            .attachmentLimit, .ackUnanswered, .ackDuplicate, .ackUnknown, .ackIDReused, .packetAfterDisconnect,
            .parserMismatch, .messageTooBig, .unmaskedFrame, .reservedBits, .invalidFrame, .invalidUTF8,
            .dataAfterClose,
            .lossAtUpgrade, .connectErrorLoop, .noReconnect:
            PacketMisconduct(self)
        case .eio3PingMissing, .noWatchdog, .upgradeIncomplete, .versionRejected, .transportUnknown,
            .badHandshakeMethod, .secretInURL, .invalidCloseCode, .staleAuth, .reconnectStorm, .closeUnanswered,
            .sidReuse,
            .stuckInPolling, .duplicateSessions:
            nil
        }
    }

    /// How long the client has more to do than its recording, at the end of a session or behind it; in nanoseconds.
    public var afterlifeNs: Int64 {
        switch self {
        case .invalidCloseCode, .dataAfterClose, .attachmentMissing, .closeUnanswered, .sidReuse, .duplicateSessions:
            10_000_000_000
        case .flapPeriodic, .sessionTooShort: 60_000_000_000
        default: 0
        }
    }

    private static let stormLives = 6
    /// With the first one more than the three that the rules ask for.
    private static let flaps = 3
    private static let flapPauseNs: Int64 = 1_000_000_000
    private static let stormPauseNs: Int64 = 50_000_000
    private static let stalePauseNs: Int64 = 1_000_000_000

    /// The same life once more, after a pause; nil where it goes on with the next.
    ///
    /// - Parameter number: how often it was lived again already.
    func encore(_ end: LinkEnd, wasRefused: Bool, number: Int) -> Int64? {
        switch self {
        case .staleAuth: return wasRefused && number < 1 ? Self.stalePauseNs : nil
        case .reconnectStorm:
            switch end {
            case .left where !wasRefused: return nil
            case .left, .refused, .silent, .ended, .dead, .garbled:
                return number < Self.stormLives ? Self.stormPauseNs : nil
            }
        case .flapPeriodic, .sessionTooShort: return number < Self.flaps ? Self.flapPauseNs : nil
        default: return nil
        }
    }
}
