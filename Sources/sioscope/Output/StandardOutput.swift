import Glibc
import Synchronization

/// The reader of our output went away (`| head`). No error: the run ends with success, at once.
struct ClosedPipe: Error {}

/// Standard output behind a buffer. On a terminal every write is shown at once, else in big pieces.
final class StandardOutput: Sendable {
    static let shared = StandardOutput(descriptor: STDOUT_FILENO)

    private let descriptor: Int32
    private let threshold: Int
    private let state = Mutex(State())

    private struct State {
        var pending: [UInt8] = []
        /// Once a write failed every later one fails in the same way: what was lost stays lost.
        var failure: (any Error)?
    }

    init(descriptor: Int32) {
        self.descriptor = descriptor
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

    private func drain(_ state: inout State) throws {
        defer { state.pending.removeAll(keepingCapacity: true) }
        if let failure = state.failure { throw failure }
        var written = 0
        while written < state.pending.count {
            let count = state.pending.withUnsafeBytes {
                Glibc.write(self.descriptor, $0.baseAddress! + written, $0.count - written)
            }
            if count >= 0 {
                written += count
            } else if errno == EAGAIN {
                var waiting = pollfd(fd: self.descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&waiting, 1, -1)
            } else if errno != EINTR {
                let failure: any Error =
                    errno == EPIPE
                    ? ClosedPipe()
                    : ToolError("standard output: \(String(cString: strerror(errno))); the output is incomplete")
                state.failure = failure
                throw failure
            }
        }
    }
}

/// Standard error: talk. Nothing is done about a stderr that cannot be written.
enum StandardError {
    static func write(_ text: String) {
        // Before talk, what was printed so far is to be seen: both streams often end on one terminal.
        try? StandardOutput.shared.flush()
        var text = text
        text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while !rest.isEmpty {
                let count = Glibc.write(STDERR_FILENO, rest.baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                if count <= 0 { return }
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
            }
        }
    }
}
