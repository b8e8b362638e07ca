/// Every rule there is, in the order of the layers. A rule that is not in this list does not exist.
public enum Catalogue {
    public static let all: [any Rule.Type] = [tcp, http, webSocket, engineIO, socketIO, session].flatMap { $0 }

    private static let tcp: [any Rule.Type] = [
        ResetMidSession.self,
        FinWithoutClose.self,
        IdleTimeout.self,
        RetransmittedHeartbeat.self,
        HalfOpenPeer.self,
        HeartbeatBehindBulk.self,
    ]

    private static let http: [any Rule.Type] = [
        VersionRejected.self,
        TextInsideWebSocket.self,
        VersionMismatch.self,
        ServerOfVersion3.self,
        UnknownSid.self,
        SidReuse.self,
        UnknownTransport.self,
        BadHandshakeMethod.self,
        UpgradeRefused.self,
        StuckInPolling.self,
        ForbiddenHandshake.self,
        PollOverlap.self,
        PollAborted.self,
        PollGap.self,
        PayloadTooLarge.self,
        TooManyPackets.self,
        BinaryContentType.self,
        CORSBlocked.self,
        NotAnEndpoint.self,
        SecretInURL.self,
    ]

    private static let webSocket: [any Rule.Type] = [
        UnmaskedClientFrame.self,
        MaskedServerFrame.self,
        ReservedBits.self,
        DeflateError.self,
        InvalidFrame.self,
        InvalidUTF8.self,
        InvalidCloseCode.self,
        EmptyClose.self,
        CloseUnanswered.self,
        DataAfterClose.self,
        MessageTooBig.self,
        TextInBinary.self,
    ]

    private static let engineIO: [any Rule.Type] = [
        ClientPing.self,
        WrongDirectionPong.self,
        PongMissing.self,
        PongLate.self,
        PongUnsolicited.self,
        ServerPingMissed.self,
        ClientNoWatchdog.self,
        PingCadence.self,
        HeartbeatStalled.self,
        EIO3ClientPingMissing.self,
        EIO3PongMissing.self,
        MalformedPacket.self,
        EIO3LengthMismatch.self,
        CloseOverWebSocket.self,
        OpenMissing.self,
        OpenInvalid.self,
        UpgradeProbeUnanswered.self,
        UpgradeIncomplete.self,
        UpgradeLatePolling.self,
        UpgradeDuplicateWebSocket.self,
        UpgradeSidMismatch.self,
        PacketLossAtUpgrade.self,
    ]

    private static let socketIO: [any Rule.Type] = [
        ConnectMissing.self,
        ClientPacketOutsideNamespace.self,
        ServerEventBeforeConnectAck.self,
        ConnectDuplicate.self,
        ConnectUnanswered.self,
        NamespaceRejected.self,
        NamespaceSyntax.self,
        ConnectRefusedAuth.self,
        ConnectErrorPayloadType.self,
        SIOVersionMismatch.self,
        SIOMalformedPacket.self,
        ReservedEventName.self,
        DisconnectWithPayload.self,
        AckIDWhitespace.self,
        AttachmentMissing.self,
        AttachmentInterleaved.self,
        AttachmentOrphan.self,
        AttachmentCountMismatch.self,
        AttachmentZero.self,
        AttachmentLimit.self,
        AckUnanswered.self,
        AckDuplicate.self,
        AckUnknown.self,
        AckIDReused.self,
        PacketAfterDisconnect.self,
        NoReconnectAfterServerDisconnect.self,
        RecoveryFailed.self,
        ParserMismatch.self,
    ]

    private static let session: [any Rule.Type] = [
        FlapPeriodic.self,
        ReconnectStorm.self,
        ReconnectSynchronised.self,
        StaleAuth.self,
        ConnectErrorLoop.self,
        SessionTooShort.self,
        DuplicateSessions.self,
        ZombieSession.self,
        ClockStep.self,
        HostSuspended.self,
        CaptureIncomplete.self,
    ]

    /// The page of each rule, in the same order.
    static let pages: [RulePage] = Self.all.map { $0.page }

    private static let numbers: [String: Int] = Dictionary(
        Self.pages.enumerated().map { ($0.element.id, $0.offset) }, uniquingKeysWith: { first, _ in first })

    /// Where a rule stands in the list.
    static func number(_ rule: any Rule.Type) -> Int { Self.numbers[rule.page.id] ?? 0 }

    /// When the findings of a rule are told.
    static func telling(_ id: String) -> Telling { Self.numbers[id].map { Self.all[$0].telling } ?? .atOnce }

    /// The page of a rule; nil for an id that is not there.
    public static func page(_ id: String) -> RulePage? { Self.numbers[id].map { Self.pages[$0] } }
}
