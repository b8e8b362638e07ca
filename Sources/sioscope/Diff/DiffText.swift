import Replay
import TimelineModel

/// What came of comparing two recordings, for a person.
///
///     different  run.db#2, live.db: 12 of 14 packets are equal; 1 changed, 1 missing; 1 of 13 times differs
///     session 2 and 1
///       changed   +4.210 s  client  /      event ["chat","a"] [frames 12, 9]
///                                          /1: "a", "b"
///       missing   +5.200 s  server  /chat  event ["bye"] [frame 13]
struct DiffText {
    private let terminal: Terminal
    /// Lines of a kind in a session before the rest is only counted.
    private static let foldBeyond = 50
    /// Places of one packet.
    private static let placesBeyond = 8

    init(on terminal: Terminal) { self.terminal = terminal }

    func print(_ outcome: DiffOutcome, _ a: DiffSide, _ b: DiffSide, to write: (String) throws -> Void) throws {
        let verdict = outcome.isEqual ? "equal" : "different"
        let style: Style = outcome.isEqual ? .green : .red
        let head = "\(a.text), \(b.text): \(self.counts(outcome))"
        try write(style(verdict, on: self.terminal) + "  \(Escaping.visible(head))\n")
        for life in outcome.lives { try self.print(life, of: outcome, to: write) }
        let kept = outcome.differences.count
        if outcome.differenceCount > kept { try write("only the first \(kept) differences are told\n") }
    }

    private func counts(_ outcome: DiffOutcome) -> String {
        let equal = outcome.lives.reduce(0) { $0 + $1.equal }
        let all = outcome.lives.reduce(0) { $0 + max($1.packetsA, $1.packetsB) }
        var parts = ["\(equal) of \(FindingsSummary.count(all, "packet")) equal"]
        let kinds = SessionDifference.Kind.allCases.compactMap { kind in
            outcome.counts[kind].map { "\($0) \(kind.rawValue)" }
        }
        if !kinds.isEmpty { parts.append(kinds.joined(separator: ", ")) }
        if outcome.timeCount > 0 {
            parts.append("\(outcome.timeCount) of \(FindingsSummary.count(outcome.timedPairs, "time")) differ")
        }
        return parts.joined(separator: "; ")
    }

    // MARK: A life

    private func print(_ life: LifeComparison, of outcome: DiffOutcome, to write: (String) throws -> Void) throws {
        let differences = outcome.differences.filter { $0.life == life.life }
        let times = outcome.times.filter { $0.life == life.life }
        guard !differences.isEmpty || !times.isEmpty || !life.notes.isEmpty else { return }
        try write("\n" + Style.bold(self.heading(life), on: self.terminal) + "\n")
        for difference in differences.prefix(Self.foldBeyond) { try self.print(difference, to: write) }
        try self.more(differences.count, to: write)
        for time in times.prefix(Self.foldBeyond) { try self.print(time, to: write) }
        try self.more(times.count, to: write)
        for line in self.heartbeats(life) + life.notes { try write("  \(Escaping.visible(line))\n") }
    }

    private func heading(_ life: LifeComparison) -> String {
        switch (life.sessionA, life.sessionB) {
        case (let a?, let b?): "session \(a) and \(b)"
        case (let a?, nil): "session \(a) and none"
        case (nil, let b?): "none and session \(b)"
        case (nil, nil): "refused handshake \(life.life)"
        }
    }

    private func more(_ count: Int, to write: (String) throws -> Void) throws {
        guard count > Self.foldBeyond else { return }
        try write("  and \(count - Self.foldBeyond) more of these (--format json has them)\n")
    }

    private func print(_ difference: SessionDifference, to write: (String) throws -> Void) throws {
        let style: Style = difference.kind == .reordered ? .yellow : .red
        var text = difference.what
        if !difference.detail.isEmpty { text += " (\(difference.detail))" }
        text += self.frames(difference.frameA, difference.frameB)
        let indent = try self.line(
            difference.kind.rawValue, style, difference.atNs, difference.sender, difference.namespace, text, to: write)
        for place in difference.places.prefix(Self.placesBeyond) {
            let name = place.pointer.isEmpty ? "" : "\(place.pointer): "
            let value =
                "\(name)\(self.short(place.recorded)) \(self.terminal.unicode ? "→" : "->") \(self.short(place.live))"
            let lines = Wrapping.lines(
                Escaping.visible(value), width: TextReport.width(on: self.terminal), first: indent + "  ",
                rest: indent + "    ")
            for line in lines { try write(line + "\n") }
        }
        let more = difference.places.count - Self.placesBeyond
        if more > 0 { try write("\(indent)  and \(more) more places\n") }
    }

    private func print(_ time: TimeDifference, to write: (String) throws -> Void) throws {
        let (a, b) = (self.duration(time.delayA), self.duration(time.delayB))
        let text = "after \(a), and after \(b): \(time.what)" + self.frames(time.frameA, time.frameB)
        _ = try self.line("time", .yellow, nil, time.sender, time.namespace, text, to: write)
    }

    /// Returns what indents lines that go on.
    private func line(
        _ word: String, _ style: Style, _ atNs: Int64?, _ sender: Sender?, _ namespace: String?, _ text: String,
        to write: (String) throws -> Void
    ) throws -> String {
        let padded = DisplayWidth.pad(word, to: 9)
        let time = atNs.map { Lapse.offset($0) } ?? ""
        let side = DisplayWidth.pad(sender?.rawValue ?? "", to: 6)
        let head = "  \(padded)  \(DisplayWidth.pad(time, to: 11, right: true))  \(side)  "
        let indent = String(repeating: " ", count: head.count)
        let place = namespace.map { $0 == "/" ? "" : "on \($0): " } ?? ""
        var lines = Wrapping.lines(
            Escaping.visible(place + text), width: TextReport.width(on: self.terminal), first: head, rest: indent)
        lines[0] = "  " + style(padded, on: self.terminal) + lines[0].dropFirst(2 + padded.count)
        for line in lines { try write(line + "\n") }
        return indent
    }

    private func frames(_ a: Int64?, _ b: Int64?) -> String {
        switch (a, b) {
        case (let a?, let b?): " [frames\u{a0}\(a),\u{a0}\(b)]"
        case (let a?, nil): " [frame\u{a0}\(a)]"
        case (nil, let b?): " [frame\u{a0}\(b)\u{a0}of\u{a0}the\u{a0}second]"
        case (nil, nil): ""
        }
    }

    private func heartbeats(_ life: LifeComparison) -> [String] {
        guard let a = life.heartbeatsA, let b = life.heartbeatsB, a != b else { return [] }
        func text(_ summary: HeartbeatSummary) -> String {
            let slowest = summary.slowestPongNs.map { ", slowest pong \(self.duration($0))" } ?? ""
            let interval = summary.pingIntervalMs.map { " every \($0) ms" } ?? ""
            return "\(summary.pingsServer) by the server, \(summary.pingsClient) by the client\(interval)\(slowest)"
        }
        return ["pings: \(text(a)); in the second \(text(b))"]
    }

    private func duration(_ ns: Int64) -> String {
        Lapse.brief(ns, unicode: self.terminal.unicode)
    }

    private func short(_ json: String?) -> String {
        guard let json else { return "nothing" }
        // Two values may differ in their spaces alone, so none is lost where a line breaks.
        return DisplayWidth.cut(json, to: 200, ellipsis: self.terminal.ellipsis).replacing(" ", with: "\u{a0}")
    }
}
