import Faults
import Foundation
import Recording
import TimelineModel

/// What a recording shows on stderr while it runs: findings as they come, a line each; on a terminal below them one line
/// with the counts, written over and over.
final class RecordingScreen: @unchecked Sendable {
    /// So many findings of one rule in one session are shown; the rest is only stored.
    private static let shownOfOne = 5
    private static let knownRules = 10_000

    /// How many of each rule and session were told.
    private struct Tally {
        private struct Kind: Hashable {
            var rule: String
            var session: Int64?
        }

        private var times: [Kind: Int] = [:]

        /// With this one.
        mutating func count(_ finding: Finding) -> Int {
            if self.times.count > RecordingScreen.knownRules { self.times = [:] }
            let kind = Kind(rule: finding.rule, session: finding.sessionID)
            self.times[kind, default: 0] += 1
            return self.times[kind, default: 0]
        }
    }

    private let terminal: Terminal
    private let began = Timestamp.now()
    private let line: StatusLine

    // Guards everything below.
    private let lock = NSLock()
    private var told = Tally()
    private var losses = LossNews()
    private var toldBack = Tally()
    private var last: (frames: Int64, at: Timestamp)?

    init(line: StatusLine = .shared) {
        self.terminal = Self.terminalOfError(line.isShown)
        self.line = line
    }

    private static func terminalOfError(_ isTerminal: Bool) -> Terminal {
        var size = winsize()
        let answered = ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0
        return Terminal(
            environment: { name in getenv(name).map { String(cString: $0) } }, isTerminal: isTerminal,
            columns: answered ? Int(size.ws_col) : 0)
    }

    func say(_ line: String) {
        self.lock.withLock { self.put(line) }
    }

    func tell(_ finding: Finding) {
        self.lock.withLock {
            let times = self.told.count(finding)
            guard times <= Self.shownOfOne else { return }
            self.put(self.text(of: finding))
            guard times == Self.shownOfOne else { return }
            let place = finding.sessionID.map { " in session \($0)" } ?? ""
            self.put("  further findings of \(finding.rule)\(place) are stored and not shown")
        }
    }

    /// Not each one of many either: the summary has their number.
    func tell(_ takenBack: TakenBack) {
        self.lock.withLock {
            guard self.toldBack.count(takenBack.finding) <= Self.shownOfOne else { return }
            self.put(Self.text(of: takenBack))
        }
    }

    /// `taken back: error pong-missing, session 3, of 04:20:29.123: what came later speaks against it`
    static func text(of takenBack: TakenBack) -> String {
        let finding = takenBack.finding
        let time = Measures.timeOfDay(nanoseconds: finding.at.nanoseconds, decimals: 3)
        let place = finding.sessionID.map { ", session \($0)" } ?? ""
        let reason =
            takenBack.now.map { "it is a \($0.rawValue) by what came later" } ?? "what came later speaks against it"
        return "taken back: \(finding.severity.rawValue) \(finding.rule)\(place), of \(time): \(reason)"
    }

    /// `04:20:29.123 error pong-missing, session 3: no pong within ...`
    private func text(of finding: Finding) -> String {
        let style: Style =
            switch finding.severity {
            case .error: .red
            case .warning: .yellow
            case .note: .dim
            }
        let time = Measures.timeOfDay(nanoseconds: finding.at.nanoseconds, decimals: 3)
        let place = finding.sessionID.map { ", session \($0)" } ?? ""
        return "\(time) \(style(finding.severity.rawValue, on: self.terminal)) \(finding.rule)\(place): "
            + Escaping.visible(finding.message)
    }

    /// Shows the counts, on a terminal; elsewhere tells what was lost meanwhile.
    func show(_ counts: RecordingCounts, now: Timestamp = .now()) {
        guard self.line.isShown else {
            return self.lock.withLock {
                if let line = self.losses.line(dropped: counts.dropped, at: now) { self.put(line) }
            }
        }
        self.lock.withLock {
            var rate = 0.0
            if let last = self.last, now > last.at {
                rate = Double(counts.frames - last.frames) * 1e9 / Double(now.nanoseconds(since: last.at))
            }
            self.last = (counts.frames, now)
            let elapsed = Lapse.running(now.nanoseconds(since: self.began))
            let line = RecordingLine(elapsed: elapsed, counts: counts, framesPerSecond: Int(rate))
            self.line.show(
                line.text(width: self.terminal.width.map { $0 - 1 }, ellipsis: self.terminal.ellipsis))
        }
    }

    /// Takes the counts away.
    func end() {
        self.line.clear()
    }

    private func put(_ line: String) {
        StandardError.write(line + "\n")
    }

    /// `3 sessions, 120 frames, 2 errors, 1 warning, 5 packets dropped`
    static func text(of counts: RecordingCounts) -> String {
        var parts = [
            FindingsSummary.count(counts.sessions, "session"), FindingsSummary.count(counts.frames, "frame"),
        ]
        for severity in Severity.allCases.reversed() {
            let number = counts.findings[severity] ?? 0
            if number > 0 { parts.append(FindingsSummary.count(number, severity.rawValue)) }
        }
        if counts.findings.values.allSatisfy({ $0 == 0 }) { parts.append("no findings") }
        if counts.dropped > 0 { parts.append(FindingsSummary.count(counts.dropped, "packet") + " dropped") }
        if counts.cut > 0 { parts.append(FindingsSummary.count(counts.cut, "packet") + " cut by the snap length") }
        if counts.released > 0 { parts.append(FindingsSummary.count(counts.released, "old session") + " let go") }
        return parts.joined(separator: ", ")
    }
}
