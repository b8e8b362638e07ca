import JSONText
import TimelineModel

/// Findings for a person: by session, one a line, long ones wrapped.
struct TextReport {
    /// Findings of one rule in one session that are printed before the rest is only counted.
    static let foldBeyond = 5
    /// Of a line where no terminal says how wide it is.
    static let standardWidth = 100

    let terminal: Terminal
    /// Folds nothing.
    var showsAll = false
    var context: FrameContext?

    private static let severityWidth = 7
    private static let timeWidth = 12

    private struct Kind: Hashable {
        var rule: String
        var severity: Severity
    }

    static func width(on terminal: Terminal) -> Int { terminal.width ?? self.standardWidth }

    func print(_ report: FindingsReport, to write: (String) throws -> Void) throws {
        let bySession = report.bySession
        var isFirst = true
        for session in report.sessions {
            guard let findings = bySession[session.id] else { continue }
            try self.heading(session.heading(unicode: self.terminal.unicode), &isFirst, write)
            try self.print(findings, of: session, write)
        }
        if let findings = bySession[nil] {
            try self.heading("outside of sessions", &isFirst, write)
            try self.print(findings, of: nil, write)
        }
    }

    private func heading(_ text: String, _ isFirst: inout Bool, _ write: (String) throws -> Void) throws {
        let fitted = DisplayWidth.cut(text, to: Self.width(on: self.terminal), ellipsis: self.terminal.ellipsis)
        try write((isFirst ? "" : "\n") + Style.bold(fitted, on: self.terminal) + "\n")
        isFirst = false
    }

    private func print(
        _ findings: [NumberedFinding], of session: SessionLine?, _ write: (String) throws -> Void
    ) throws {
        var counts: [Kind: Int] = [:]
        var folded: [Kind] = []
        for item in findings {
            let kind = Kind(rule: item.finding.rule, severity: item.finding.severity)
            counts[kind, default: 0] += 1
            if !self.showsAll, counts[kind, default: 0] > Self.foldBeyond {
                if counts[kind] == Self.foldBeyond + 1 { folded.append(kind) }
                continue
            }
            for line in self.lines(of: item, in: session) { try write(line + "\n") }
            if let context = self.context, let frame = item.finding.frameID {
                for line in try context.lines(around: frame, of: item.finding.sessionID) { try write(line + "\n") }
            }
        }
        for kind in folded {
            let text = "and \((counts[kind] ?? 0) - Self.foldBeyond) more of \(kind.rule) (--all shows them)"
            let head = "  " + DisplayWidth.pad(kind.severity.rawValue, to: Self.severityWidth) + "  "
            try write(Style.dim(head + text, on: self.terminal) + "\n")
        }
    }

    /// ` [exchange 4, 5]` of a finding that no frame shows: ids of the table `exchanges`.
    private static func exchanges(of finding: Finding) -> String {
        guard let evidence = try? JSONValue(finding.evidence) else { return "" }
        let ids =
            evidence["exchanges"]?.array?.compactMap(\.integer) ?? [evidence["exchange"]?.integer].compactMap { $0 }
        guard !ids.isEmpty else { return "" }
        let shown = ids.prefix(4).map(String.init).joined(separator: ", ") + (ids.count > 4 ? ", ..." : "")
        return " [exchange \(shown)]"
    }

    /// `  error     +2.510 s  eio4-client-ping  client ping ... [frame 11]`
    private func lines(of item: NumberedFinding, in session: SessionLine?) -> [String] {
        let finding = item.finding
        var severity = DisplayWidth.pad(finding.severity.rawValue, to: Self.severityWidth)
        var time = FindingsReport.time(of: item, in: session)
        let padded = DisplayWidth.pad(time, to: Self.timeWidth, right: session != nil)
        // Where not even the longest of names has room for itself, columns do not matter.
        if DisplayWidth.of("  \(severity)  \(padded)  \(finding.rule)") > Self.width(on: self.terminal) {
            severity = finding.severity.rawValue
        } else {
            time = padded
        }
        let head = "  \(severity)  \(time)  \(finding.rule)  "
        let place = finding.frameID.map { " [frame \($0)]" } ?? Self.exchanges(of: finding)
        let indent = String(repeating: " ", count: 2 + Self.severityWidth + 2 + Self.timeWidth + 2)
        var lines = Wrapping.lines(
            Escaping.visible(finding.message) + place, width: Self.width(on: self.terminal), first: head, rest: indent)
        let color = Self.style(of: finding.severity)
        let words = lines[0].dropFirst(head.count)
        lines[0] =
            "  " + color(severity, on: self.terminal) + "  " + Style.dim(time, on: self.terminal) + "  "
            + Style.bold(finding.rule, on: self.terminal) + (words.isEmpty ? "" : "  " + words)
        return lines
    }

    private static func style(of severity: Severity) -> Style {
        switch severity {
        case .error: .red
        case .warning: .yellow
        case .note: .cyan
        }
    }
}
