/// Tells healthy heartbeats from those that deserve a look.
///
/// Healthy is a ping from the side that has to ping (the server in Engine.IO v4, the client in v3), answered by the
/// other side's next pong within `pingTimeout`, before another ping. Everything else is not: a ping without its pong,
/// a pong nobody asked for, a wrong direction, a late answer. Where the version or the timeout is not known, only
/// what can be judged is. Source: Engine.IO protocol v4, "Heartbeat" and "From v3 to v4".
struct HeartbeatJudge {
    struct Beat: Equatable {
        var frameID: Int64
        var sessionID: Int64
        var atNs: Int64
        var isFromClient: Bool
        var isPing: Bool
        /// It carries no data and no bytes are missing before it.
        var isPlain: Bool
    }

    private struct Asked {
        var client: Beat?
        var server: Beat?
    }

    private let sessions: [Int64: SessionTimes]
    private var open: [Int64: Asked] = [:]

    init(sessions: [Int64: SessionTimes]) {
        self.sessions = sessions
    }

    /// Takes the heartbeats of a session in the order of their ids; those of several sessions may be mixed.
    ///
    /// - Returns: the ids of ping and pong, when `beat` is the pong that makes both healthy.
    mutating func observe(_ beat: Beat) -> (ping: Int64, pong: Int64)? {
        let session = self.sessions[beat.sessionID]
        if beat.isPing {
            let isExpected =
                switch session?.engineIOVersion {
                case 4: !beat.isFromClient
                case 3: beat.isFromClient
                default: true
                }
            self.set(isExpected && beat.isPlain ? beat : nil, of: beat.sessionID, fromClient: beat.isFromClient)
            return nil
        }
        let asked = self.open[beat.sessionID]
        guard let ping = beat.isFromClient ? asked?.server : asked?.client else { return nil }
        self.set(nil, of: beat.sessionID, fromClient: !beat.isFromClient)
        let (waited, overflow) = beat.atNs.subtractingReportingOverflow(ping.atNs)
        let (limit, tooLong) = (session?.pingTimeoutMs ?? .max).multipliedReportingOverflow(by: 1_000_000)
        guard beat.isPlain, !overflow, waited >= 0, tooLong || waited <= limit else { return nil }
        return (ping.frameID, beat.frameID)
    }

    private mutating func set(_ beat: Beat?, of session: Int64, fromClient: Bool) {
        if fromClient {
            self.open[session, default: Asked()].client = beat
        } else {
            self.open[session, default: Asked()].server = beat
        }
    }
}
