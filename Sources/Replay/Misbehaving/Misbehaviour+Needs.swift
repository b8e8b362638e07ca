extension Misbehaviour {
    /// What the recording or the server must have for the rule to be broken; nil for nothing beyond a session.
    public var needs: String? {
        switch self {
        case .wrongDirectionPong, .eio3PingMissing, .packetAfterDisconnect, .parserMismatch, .lengthMismatch:
            "a session of Engine.IO 3"
        case .pongMissing, .pongLate, .textInBinary: "a session that is longer than pingInterval"
        case .noWatchdog: "a server that stops pinging"
        case .upgradeIncomplete, .upgradeLatePolling, .upgradeDuplicateWebSocket: "a server that offers upgrades"
        case .stuckInPolling: "a server that offers upgrades, and a session of more than 30 s"
        case .lossAtUpgrade: "a server that offers upgrades and asks for an ack, and 30 s after that"
        case .pollGap: "a ping within the session, and a heartbeat that allows 3 s of silence"
        case .tooManyPackets: "a server that shows itself to be python-engineio"
        case .closeUnanswered: "a server that ends the session by a close frame, and then waits for 6 s"
        case .ackUnanswered: "a server that asks for an ack, and 30 s after that"
        case .ackDuplicate: "a server that asks for an ack"
        case .ackIDReused: "a server that takes its time for acks"
        case .staleAuth: "a server that refuses the client's auth payload"
        case .reconnectStorm: "a server that refuses handshakes or ends sessions"
        case .noReconnect: "a session that goes on for a minute"
        case .duplicateSessions: "an auth payload, and a session of more than a second"
        case .clientPing, .pongUnsolicited, .malformedEngineIO, .closeOverWebSocket, .upgradeSidMismatch,
            .versionRejected, .transportUnknown, .badHandshakeMethod, .secretInURL, .pollOverlap, .pollAborted,
            .sidReuse, .payloadTooLarge, .binaryContentType, .versionMismatchWire, .unmaskedFrame, .reservedBits,
            .invalidFrame, .invalidUTF8, .dataAfterClose, .messageTooBig, .resetMidSession, .invalidCloseCode,
            .connectMissing, .eventBeforeConnect, .connectDuplicate, .namespaceRejected, .namespaceSyntax,
            .malformedSocketIO, .reservedEvent, .ackIDWhitespace, .attachmentMissing, .attachmentInterleaved,
            .attachmentOrphan, .attachmentCountMismatch, .attachmentZero, .attachmentLimit, .ackUnknown,
            .connectErrorLoop, .flapPeriodic, .sessionTooShort:
            nil
        }
    }

    /// Why the bundled client cannot break a rule of its side, by the rule's id.
    public static let impossible: [String: String] = [
        "half-open-peer": "a server that keeps its heartbeat ends a silent session before the rule can tell",
        "zombie-session": "the server has to be silent as well, and a recorded or live one that pings is not",
        "host-suspended": "a host sleeps, with all the programs on it, and no single client",
        "ws-deflate-error": "it offers no compression, so that nothing it sends is inflated",
        "ws-close-empty": "that is how clients close, and no fault",
    ]
}
