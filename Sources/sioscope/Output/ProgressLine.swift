import Glibc

/// A line on stderr that is written over and over, where the work takes more than a second and stderr is a terminal.
final class ProgressLine {
    private let began = ContinuousClock.now
    private var shown: ContinuousClock.Instant?
    private let line = StatusLine.shared
    private let terminal = Terminal.current(STDERR_FILENO)

    /// Shows what `text` makes, if it is time to.
    func show(_ text: () -> String) {
        guard self.line.isShown, let width = self.terminal.width else { return }
        let now = ContinuousClock.now
        guard now - self.began > .seconds(1), self.shown.map({ now - $0 > .milliseconds(100) }) ?? true else { return }
        self.shown = now
        // A line that is broken by the terminal could not be written over.
        self.line.show(DisplayWidth.cut(text(), to: width - 1, ellipsis: self.terminal.ellipsis))
    }

    func clear() {
        if self.shown != nil { self.line.clear() }
        self.shown = nil
    }

    /// `[#####...............]` for a share of 0 to 1.
    static func bar(_ share: Double) -> String {
        let done = max(0, min(20, Int(20 * share)))
        return "[" + String(repeating: "#", count: done) + String(repeating: ".", count: 20 - done) + "]"
    }
}
