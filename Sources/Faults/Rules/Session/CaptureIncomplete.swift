import TimelineModel

struct CaptureIncomplete: CaptureRule {
    static let page = RulePage(
        "capture-incomplete", .session, .note, sides: [.capture],
        source: "sioscope: what a capture cannot show is not judged",
        summary: "The capture misses a beginning, an end or bytes in between",
        finds: """
            Sessions that began before the capture; sessions that were still open when it ended while a ping waited for
            its pong or a CONNECT for its answer, or when the file is cut off, or its recorder was killed; streams with holes: lost packets, bytes
            that could not be decoded, TLS connections without keys.
            """,
        why: """
            Rules that need what is missing were not evaluated. What was found stands; what was not found may still be
            there.
            """,
        clientFix: """
            Start the capture before the client connects, and stop it after the client is done. Where packets were
            dropped, give the capturing tool a bigger buffer or a narrower filter; where they were cut, a larger snap
            length.
            """,
        falseAlarms: """
            A session that is merely still open when the capture is stopped is complete as far as it goes and is not
            reported.
            """)

    static let telling = Telling.atTheEnd

    init(_ settings: RuleSettings) {}

    func end(_ capture: CaptureState, _ sessions: [SessionSummary], _ report: inout Report) {
        let begunBefore = sessions.filter { !$0.facts.completeHead }
        let open = sessions.filter { Self.isUndecided($0, capture) }
        let holed = sessions.filter { $0.facts.holes > 0 }
        // What other programs lost is no matter of a session, but between the same hosts it may have been one's.
        let hosts = Set(sessions.compactMap(\.state.peers))
        let connections = capture.connections.values.filter {
            $0.application != .unknown || hosts.contains(Peers($0))
        }
        let missing = connections.reduce(Int64(0)) { $0 &+ max(0, $1.missingBytes) }
        let undecoded = connections.reduce(Int64(0)) { $0 &+ max(0, $1.undecodedBytes) }
        let encrypted = connections.count { $0.application == .tls }
        let parts = [
            begunBefore.isEmpty ? nil : "\(Phrase.count(begunBefore.count, "session")) began before it",
            open.isEmpty ? nil : "\(Phrase.count(open.count, "session")) had not ended when it did",
            Self.missing(missing, holed.count),
            undecoded > 0 ? "\(Phrase.count(undecoded, "byte")) could not be decoded" : nil,
            encrypted > 0 ? "\(Phrase.count(encrypted, "TLS connection")) could not be decrypted" : nil,
            capture.facts.completeTail ? nil : Self.cutOff(capture.facts.kind),
            Self.lost(capture.facts.lostPackets, "dropped while capturing"),
            Self.lost(capture.facts.cutPackets, "cut by a snap length"),
        ].compactMap { $0 }
        guard !parts.isEmpty else { return }
        let concerned = Set((begunBefore + open + holed).map(\.facts.id))
        report.add(
            "the capture is incomplete: \(Phrase.list(parts))",
            at: capture.facts.ended ?? capture.facts.started ?? .zero, consequence: .shown,
            evidence: Evidence([
                ("sessions", .array(concerned.sorted().prefix(1024).map { .integer($0) })),
                ("head_missing", .integer(begunBefore.count)), ("tail_missing", .integer(open.count)),
                ("holes", .integer(holed.reduce(0) { $0 &+ $1.facts.holes })), ("missing_bytes", .integer(missing)),
                ("undecoded_bytes", .integer(undecoded)), ("encrypted_connections", .integer(encrypted)),
            ]),
            sessionID: concerned.count == 1 ? concerned.first : nil)
    }

    /// What was about to happen in it is not in the capture.
    private static func isUndecided(_ session: SessionSummary, _ capture: CaptureState) -> Bool {
        guard session.facts.endClass == .captureEnd else { return false }
        return !capture.facts.completeTail || session.state.heartbeat.outstanding != nil
            || session.state.connects.all.contains { $0.outcome == .unanswered }
    }

    private static func cutOff(_ kind: CaptureKind) -> String {
        switch kind {
        case .pcap, .har, .hook: "the file is cut off"
        // Only a recorder that was killed, or whose disk was full, does not write its end.
        case .live, .proxy, .client, .replay: "its recording was cut off"
        }
    }

    private static func missing(_ bytes: Int64, _ sessions: Int) -> String? {
        guard bytes > 0 || sessions > 0 else { return nil }
        let what =
            bytes > 0 ? "\(Phrase.count(bytes, "byte")) \(bytes == 1 ? "is" : "are") missing" : "bytes are missing"
        return sessions > 0 ? "\(what) in \(Phrase.count(sessions, "session"))" : what
    }

    private static func lost(_ packets: Int64, _ how: String) -> String? {
        guard packets > 0 else { return nil }
        return "\(Phrase.count(packets, "packet")) \(packets == 1 ? "was" : "were") \(how)"
    }
}
