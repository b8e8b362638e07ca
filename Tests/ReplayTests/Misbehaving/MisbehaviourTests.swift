import EngineIO
import Faults
@testable import Replay
import Testing
import TimelineModel

/// Each misbehaviour breaks its rule: what goes over the wire is decoded and judged as any capture is.
@Suite("Misbehaviours")
struct MisbehaviourTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let misbehaviour: Misbehaviour
        var version = EngineIOVersion.v4
        var transports: [Transport] = [.websocket]
        var server = LiveServer.Settings()
        /// Findings that come with it.
        var also: Set<String> = []
        var testDescription: String { self.misbehaviour.rawValue }
    }

    static func server(_ change: (inout LiveServer.Settings) -> Void) -> LiveServer.Settings {
        var settings = LiveServer.Settings()
        settings.pingIntervalMs = 3_000
        settings.pingTimeoutMs = 2_000
        change(&settings)
        return settings
    }

    static let question: @Sendable (ScriptedPacket) -> [LiveServer.Answer] = { packet in
        guard packet.event == "message" else { return [] }
        let question = ScriptedPacket(type: .event, event: "question", ackID: 5, payload: "[\"question\"]")
        return [LiveServer.Answer(packet: question)]
    }

    static let refusesStrangers: @Sendable (inout LiveServer.Settings) -> Void = {
        $0.refuses = ["/no-such-namespace": "{\"message\":\"Invalid namespace\"}"]
    }

    static let cases: [Case] = [
        Case(misbehaviour: .clientPing, server: server { $0.isStrict = true }),
        Case(misbehaviour: .pongMissing, server: server { $0.isStrict = true }),
        Case(misbehaviour: .pongLate), Case(misbehaviour: .pongUnsolicited),
        Case(misbehaviour: .wrongDirectionPong, version: .v3),
        Case(misbehaviour: .eio3PingMissing, version: .v3),
        Case(misbehaviour: .noWatchdog, server: server { $0.pings = false }, also: ["server-ping-missed"]),
        Case(misbehaviour: .textInBinary, also: ["attachment-orphan", "pong-missing"]),
        Case(misbehaviour: .malformedEngineIO), Case(misbehaviour: .closeOverWebSocket),
        Case(misbehaviour: .upgradeIncomplete, transports: [.polling, .websocket]),
        Case(misbehaviour: .upgradeLatePolling, transports: [.polling, .websocket]),
        Case(misbehaviour: .upgradeDuplicateWebSocket, transports: [.polling, .websocket]),
        Case(misbehaviour: .upgradeSidMismatch),
        Case(
            misbehaviour: .lossAtUpgrade, transports: [.polling, .websocket],
            server: server { $0.answers = question }, also: ["ack-unanswered"]),
        Case(misbehaviour: .lengthMismatch, version: .v3),
        Case(misbehaviour: .versionRejected),
        Case(misbehaviour: .transportUnknown), Case(misbehaviour: .badHandshakeMethod),
        Case(misbehaviour: .secretInURL), Case(misbehaviour: .pollOverlap), Case(misbehaviour: .pollAborted),
        Case(misbehaviour: .pollGap), Case(misbehaviour: .stuckInPolling), Case(misbehaviour: .sidReuse),
        Case(misbehaviour: .payloadTooLarge, server: server { $0.maxPayload = 500 }),
        Case(misbehaviour: .tooManyPackets, server: server { $0.isPython = true }),
        Case(misbehaviour: .binaryContentType),
        Case(misbehaviour: .versionMismatchWire),
        Case(misbehaviour: .unmaskedFrame), Case(misbehaviour: .reservedBits), Case(misbehaviour: .invalidFrame),
        Case(misbehaviour: .invalidUTF8),
        Case(misbehaviour: .closeUnanswered, server: server { $0.endsAfterNs = 10_000_000_000 }),
        Case(misbehaviour: .dataAfterClose),
        Case(misbehaviour: .messageTooBig, server: server { $0.maxPayload = 500 }),
        Case(misbehaviour: .resetMidSession), Case(misbehaviour: .invalidCloseCode),
        Case(misbehaviour: .connectMissing),
        Case(misbehaviour: .eventBeforeConnect, server: server { $0.isStrict = true }),
        Case(misbehaviour: .connectDuplicate),
        Case(
            misbehaviour: .namespaceRejected,
            server: server(refusesStrangers)),
        Case(misbehaviour: .namespaceSyntax), Case(misbehaviour: .malformedSocketIO),
        Case(misbehaviour: .reservedEvent), Case(misbehaviour: .ackIDWhitespace),
        Case(misbehaviour: .attachmentMissing), Case(misbehaviour: .attachmentInterleaved),
        Case(misbehaviour: .attachmentOrphan), Case(misbehaviour: .attachmentCountMismatch),
        Case(misbehaviour: .attachmentZero), Case(misbehaviour: .attachmentLimit),
        Case(misbehaviour: .ackUnanswered, server: server { $0.answers = question }),
        Case(misbehaviour: .ackDuplicate, server: server { $0.answers = question }),
        Case(misbehaviour: .ackUnknown), Case(misbehaviour: .ackIDReused, server: server { $0.ackNs = 1_000_000 }),
        Case(misbehaviour: .packetAfterDisconnect, version: .v3), Case(misbehaviour: .parserMismatch, version: .v3),
        Case(
            misbehaviour: .staleAuth,
            server: server { $0.refuses = ["/": "{\"message\":\"token has expired\"}"] }),
        Case(misbehaviour: .connectErrorLoop, server: server(refusesStrangers), also: ["namespace-rejected"]),
        Case(misbehaviour: .noReconnect, server: server(refusesStrangers)),
        Case(misbehaviour: .reconnectStorm, server: server { $0.handshakeStatus = 403 }),
        Case(misbehaviour: .flapPeriodic, also: ["tcp-reset-midsession"]),
        Case(misbehaviour: .sessionTooShort, also: ["ws-rsv-without-extension"]),
        Case(misbehaviour: .duplicateSessions),
    ]

    static func lineage(_ test: Case, isAsking: Bool) -> RecordedLineage {
        var script = Script([ReplayClientTests.open])
        if test.version == .v4 { script.lines += ["> +1 40{\"token\":\"t0ken-of-the-recording\"}"] }
        script.lines += [test.version == .v4 ? "< +2 40{\"sid\":\"recorded-sio\"}" : "< +2 40"]
        script.lines += ["> +500 42[\"message\",1]"]
        script.lines += isAsking ? ["< +1 425[\"question\"]", "> +1 435[\"answer\"]"] : []
        script.version = test.version.rawValue
        script.transports = test.transports
        script.endMs = test.misbehaviour == .noReconnect ? 90_000 : 45_000
        return script.lineage
    }

    static func settings(_ test: Case) -> LiveServer.Settings {
        var settings = test.server
        settings.version = test.version
        if settings.pingIntervalMs == 25_000 {
            settings.pingIntervalMs = 3_000
            settings.pingTimeoutMs = 2_000
        }
        return settings
    }

    static func findings(_ test: Case, _ misbehaviour: Misbehaviour?) -> Set<String> {
        let isAsking = [.ackUnanswered, .ackDuplicate, .lossAtUpgrade].contains(test.misbehaviour)
        let played = ReplayClientTests.play(
            self.lineage(test, isAsking: isAsking),
            ReplayClientSettings(misbehaviour: misbehaviour, limitNs: 120_000_000_000), self.settings(test))
        return Set(played.run.findings())
    }

    @Test("the rule fires", arguments: cases)
    func fires(_ test: Case) {
        let findings = Self.findings(test, test.misbehaviour)
        #expect(findings.contains(test.misbehaviour.rawValue))
        #expect(test.also.isSubset(of: findings))
    }

    @Test("it does not where the client behaves", arguments: cases)
    func staysSilent(_ test: Case) {
        // Whom the server shuts out or never pings has done nothing wrong by itself.
        #expect(!Self.findings(test, nil).contains(test.misbehaviour.rawValue))
    }

    @Test("every misbehaviour has its case and its rule")
    func complete() {
        #expect(Self.cases.map(\.misbehaviour) == Misbehaviour.allCases.filter(Self.cases.map(\.misbehaviour).contains))
        #expect(Set(Self.cases.map(\.misbehaviour)) == Set(Misbehaviour.allCases))
        for misbehaviour in Misbehaviour.allCases {
            #expect(Catalogue.page(misbehaviour.rawValue)?.sides.isEmpty == false)
            #expect(misbehaviour.summary.isEmpty == false)
        }
    }

    @Test("each rule of the client's side can be broken, or it is said why not")
    func covered() {
        let own = Catalogue.all.map { $0.page }.filter { $0.sides.contains(.client) }.map(\.id)
        let possible = Set(Misbehaviour.allCases.map(\.rawValue))
        let impossible = Set(Misbehaviour.impossible.keys)
        #expect(Set(own).subtracting(possible) == impossible)
        #expect(possible.isDisjoint(with: impossible))
    }
}
