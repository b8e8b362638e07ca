import Glibc
import Synchronization

/// The reader of our output went away (`| head`). No error: the run ends with success, at once.
struct ClosedPipe: Error {}

/// Standard output behind a buffer. On a terminal every write is shown at once, else in big pieces.
final class StandardOutput: Sendable {
    static let shared = StandardOutput(descriptor: STDOUT_FILENO)

    private let descriptor: Int32
    private let threshold: Int
    /// Not nil where the line of this terminal must get out of the way.
    private let statusLine: StatusLine?
    private let state = Mutex(State())

    private struct State {
        var pending: [UInt8] = []
        /// Once a write failed every later one fails in the same way: what was lost stays lost.
        var failure: (any Error)?
    }

    init(descriptor: Int32) {
        self.descriptor = descriptor
        self.statusLine = Self.areOneTerminal(descriptor, STDERR_FILENO) ? .shared : nil
        self.threshold = isatty(descriptor) == 1 ? 0 : 1 << 16
    }

    /// Writes a whole unit: a line, a row. An interrupt never cuts it.
    ///
    /// - Throws: `ClosedPipe`; `ToolError` for a full disk and the like.
    func write(_ text: String) throws {
        var text = text
        try text.withUTF8 { bytes in
            try self.state.withLock { state in
                state.pending.append(contentsOf: bytes)
                if state.pending.count > self.threshold { try self.drain(&state) }
            }
        }
    }

    /// Writes at once, past the buffer, and without keeping anybody else from this: for a thread that may have to wait for
    /// the reader as long as there is one.
    func writePast(_ text: String) throws {
        let bytes = Array(text.utf8)
        if let statusLine {
            try statusLine.makeWay(for: bytes) { try self.writeNow($0) }
        } else {
            try self.writeNow(bytes)
        }
    }

    func flush() throws {
        try self.state.withLock { try self.drain(&$0) }
    }

    /// Flushes what can be flushed and ends the process; nobody writes any more meanwhile.
    func exit(_ code: Int32) -> Never {
        self.state.withLock { state in
            try? self.drain(&state)
            _exit(code)
        }
    }

    private static func areOneTerminal(_ one: Int32, _ other: Int32) -> Bool {
        guard isatty(one) == 1, isatty(other) == 1 else { return false }
        var (first, second) = (stat(), stat())
        return fstat(one, &first) == 0 && fstat(other, &second) == 0 && first.st_rdev == second.st_rdev
    }

    private func drain(_ state: inout State) throws {
        defer { state.pending.removeAll(keepingCapacity: true) }
        if let failure = state.failure { throw failure }
        guard !state.pending.isEmpty else { return }
        do {
            if let statusLine {
                try statusLine.makeWay(for: state.pending) { try self.writeNow($0) }
            } else {
                try self.writeNow(state.pending)
            }
        } catch {
            state.failure = error
            throw error
        }
    }

    private func writeNow(_ bytes: [UInt8]) throws {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(self.descriptor, $0.baseAddress! + written, $0.count - written)
            }
            if count >= 0 {
                written += count
            } else if errno == EAGAIN {
                var waiting = pollfd(fd: self.descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&waiting, 1, -1)
            } else if errno != EINTR {
                throw errno == EPIPE
                    ? ClosedPipe()
                    : ToolError("standard output: \(String(cString: strerror(errno))); the output is incomplete")
                        as any Error
            }
        }
    }
}

/// Standard error: talk. Nothing is done about a stderr that cannot be written.
enum StandardError {
    /// Writes one line, which a terminal gets as several where it is too narrow for it.
    static func writeLine(_ text: String) {
        guard let width = Terminal.current(STDERR_FILENO).width, DisplayWidth.of(text) > width else {
            return self.write(text + "\n")
        }
        self.write(Wrapping.lines(text, width: width, rest: "  ").joined(separator: "\n") + "\n")
    }

    static func write(_ text: String) {
        // Before talk, what was printed so far is to be seen: both streams often end on one terminal.
        try? StandardOutput.shared.flush()
        StatusLine.shared.makeWay(for: Array(text.utf8)) { self.writeNow($0) }
    }

    /// Past the status line, which uses this itself.
    static func writeNow(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { bytes in
            var rest = bytes
            while !rest.isEmpty {
                let count = Glibc.write(STDERR_FILENO, rest.baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                if count <= 0 { return }
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
            }
        }
    }
}
