public import TimelineModel

/// A frame and its time: all that is kept of it.
public struct Mark: Hashable, Sendable {
    public var frameID: Int64
    public var at: Timestamp

    init(_ frame: Frame) {
        self.frameID = frame.id
        self.at = frame.at
    }
}

/// The heartbeat of one session: who pinged last, and whether it was answered. Under Engine.IO 4 the server pings, under
/// 3 the client; pings of the other side are not part of it.
public struct HeartbeatState: Hashable, Sendable {
    /// Who pings by the session's version.
    public private(set) var pinger: Sender
    /// The last ping, until its pong has come.
    public private(set) var outstanding: Mark?
    public private(set) var lastPing: Mark?
    /// The last pong that answered a ping.
    public private(set) var lastPong: Mark?
    /// The last pong, whether it answered anything or not.
    public private(set) var lastAnyPong: Mark?
    public private(set) var pings = 0
    public private(set) var pongs = 0
    /// Pings of the side that must not ping: every one may end the session.
    public private(set) var wrongPings = 0

    init(engineIOVersion: Int?) {
        self.pinger = engineIOVersion == 3 ? .client : .server
    }

    /// Since when the client owes the server a pong.
    var owedSince: Timestamp? { self.pinger == .server ? self.outstanding?.at : nil }

    mutating func apply(_ frame: Frame) {
        guard !frame.isProbe else { return }
        switch frame.engineIOType {
        case .ping where frame.sender == self.pinger:
            self.outstanding = Mark(frame)
            self.lastPing = Mark(frame)
            self.pings += 1
        case .ping:
            self.wrongPings += 1
        case .pong where frame.sender != self.pinger:
            self.lastAnyPong = Mark(frame)
            guard self.outstanding != nil else { return }
            self.outstanding = nil
            self.lastPong = Mark(frame)
            self.pongs += 1
        default:
            break
        }
    }
}
