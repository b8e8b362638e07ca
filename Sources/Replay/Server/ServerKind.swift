import EngineIO
import JSONText
import TimelineModel

/// How the server of a recording takes violations, as far as the recording tells.
enum ServerKind {
    static func dialect(
        of lineage: RecordedLineage, _ profile: ReplayServerSettings.Profile
    ) -> EngineIOServerSettings.Dialect {
        switch profile {
        case .node: return .strict
        case .python: return .lenient
        case .recorded: break
        }
        var isPython = false
        for session in lineage.sessions {
            let violations = ClientViolation.all(in: session, LivePacketReader.language(of: session))
            if case .reaction(.violation) = RecordedEnd(session, violations: violations, base: session.facts.opened) {
                return .strict
            }
            // That a body was refused with 413 ends no session.
            let fatal = violations.filter { $0.kind != .tooBig }
            if fatal.contains(where: { self.wentOn($0, session) }) { return .lenient }
            isPython = isPython || self.looksLikePython(session)
        }
        return isPython ? .lenient : .strict
    }

    /// The server still spoke more than a moment after it.
    private static func wentOn(_ violation: ClientViolation, _ session: RecordedSession) -> Bool {
        let spoke = session.packets.last { $0.sender == .server }?.at ?? violation.at
        let lived = session.facts.endedBy == .server ? spoke : max(spoke, session.facts.ended ?? spoke)
        return lived.nanoseconds(since: violation.at) > RecordedEnd.reactionNs
    }

    /// python-engineio puts `pingTimeout` before `pingInterval` into the open packet; its servers name themselves.
    private static func looksLikePython(_ session: RecordedSession) -> Bool {
        let names = ["aiohttp", "uvicorn", "Werkzeug", "gunicorn", "Python/", "hypercorn", "daphne"]
        if session.exchanges.contains(where: { exchange in names.contains { exchange.server?.contains($0) ?? false } })
        {
            return true
        }
        let open = session.packets.first { $0.isEngineIO(.open, of: .server) }
        guard case .engineIO(_, let json)? = open?.content, case .object(let members)? = try? JSONValue(json) else {
            return false
        }
        let keys = members.map(\.key)
        guard let timeout = keys.firstIndex(of: "pingTimeout"), let interval = keys.firstIndex(of: "pingInterval")
        else { return false }
        return timeout < interval
    }
}
