import ArgumentParser
import TimelineModel

/// Which time stands before a frame.
enum TimeStyle: String, CaseIterable, ExpressibleByArgument {
    /// Time of day in UTC, to the microsecond.
    case absolute
    /// Seconds since the session began.
    case relative
    /// Seconds since the line before.
    case delta
}

/// Writes the time column; knows when sessions began and what was printed last.
struct FrameClock {
    let style: TimeStyle
    private var sessions: [Int64: SessionTimes]
    private var firstNs: Int64?
    private var previousNs: Int64?

    init(_ style: TimeStyle, sessions: [Int64: SessionTimes]) {
        self.style = style
        self.sessions = sessions
    }

    /// Whether it can time this session's frames.
    func knows(_ session: Int64) -> Bool { self.style != .relative || self.sessions[session] != nil }

    /// Sessions that have begun since.
    mutating func learn(_ sessions: [Int64: SessionTimes]) {
        self.sessions.merge(sessions) { $1 }
    }

    /// Width of every text this clock writes, unless a capture runs for more than 11 days.
    var width: Int { self.style == .absolute ? 15 : 13 }

    /// Head of the column on that day.
    func title(atNs: Int64) -> String {
        switch self.style {
        case .absolute: Measures.day(nanoseconds: atNs) + " UTC"
        case .relative: "since open"
        case .delta: "after"
        }
    }

    /// The time of the next line. A frame without a session is timed from the first line.
    mutating func time(atNs: Int64, session: Int64?) -> String {
        let first = self.firstNs ?? atNs
        self.firstNs = first
        defer { self.previousNs = atNs }
        let since: Int64
        switch self.style {
        case .absolute: return Measures.timeOfDay(nanoseconds: atNs)
        case .relative: since = session.flatMap { self.sessions[$0]?.openedNs } ?? first
        case .delta: since = self.previousNs ?? atNs
        }
        let elapsed = atNs.subtractingReportingOverflow(since).partialValue
        return DisplayWidth.pad(Lapse.seconds(elapsed), to: self.width, right: true)
    }
}
