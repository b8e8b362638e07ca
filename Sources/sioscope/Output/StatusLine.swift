import Glibc
import Synchronization

/// The line at the end of the terminal that is written over and over; the process has one, and knows of all that it
/// writes itself: what goes to stderr, or to a stdout that is the same terminal, stands on lines of its own above.
final class StatusLine: Sendable {
    static let shared = StatusLine(isTerminal: isatty(STDERR_FILENO) == 1) { bytes in StandardError.writeNow(bytes) }

    private struct State {
        /// Empty where none is to be shown.
        var text = ""
        var isDrawn = false
        /// What was written last did not end its line: drawn there, the status would be part of it.
        var isAmidLine = false
        var isOff: Bool
    }

    private static let away = Array("\r\u{1B}[K".utf8)

    private let state: Mutex<State>
    private let write: @Sendable ([UInt8]) -> Void

    /// - Parameters:
    ///   - isTerminal: whether stderr is one; elsewhere there is no such line.
    ///   - write: to stderr as it is.
    init(isTerminal: Bool, write: @escaping @Sendable ([UInt8]) -> Void) {
        self.state = Mutex(State(isOff: !isTerminal))
        self.write = write
    }

    /// True where somebody sees it.
    var isShown: Bool { self.state.withLock { !$0.isOff } }

    /// For who types into the terminal: what is typed shows in the place of the line.
    func turnOff() {
        self.clear()
        self.state.withLock { $0.isOff = true }
    }

    /// Shows a text, which must fit into the terminal's width.
    func show(_ text: String) {
        self.state.withLock { state in
            guard !state.isOff else { return }
            state.text = text
            guard !state.isAmidLine else { return }
            state.isDrawn = true
            // Written over, not cleared first: it would flicker.
            self.write(Array("\r\(text)\u{1B}[K".utf8))
        }
    }

    /// Takes it away.
    func clear() {
        self.state.withLock { state in
            if state.isDrawn { self.write(Self.away) }
            (state.text, state.isDrawn) = ("", false)
        }
    }

    /// Writes something else to the terminal: `body` gets it with the line taken away before it, and drawn again behind.
    /// Nobody else writes there meanwhile.
    func makeWay<Result>(for bytes: [UInt8], _ body: ([UInt8]) throws -> Result) rethrows -> Result {
        try self.state.withLock { state in
            guard !state.isOff, let last = bytes.last else { return try body(bytes) }
            let before = state.isDrawn ? Self.away : []
            state.isAmidLine = last != 0x0A
            state.isDrawn = !state.isAmidLine && !state.text.isEmpty
            return try body(before + bytes + (state.isDrawn ? Array(state.text.utf8) : []))
        }
    }
}
