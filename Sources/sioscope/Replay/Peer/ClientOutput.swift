import Foundation
import Glibc
import Synchronization

/// What a client under test prints, on its way to stderr: read as it comes, so that the client never waits for whoever
/// reads here, and passed on up to a limit. The rest is counted.
///
/// Memory: what is to be passed on and could not be so far, at most `limit` bytes.
final class ClientOutput: Sendable {
    /// Bytes that are passed on of one run of a client.
    static let limit = 1 << 20
    /// For what was printed last to be read, where something that the client left behind holds its output open. In
    /// seconds.
    private static let readPatience = 1.0
    /// For it to be written, where nobody reads stderr. In seconds.
    static let writePatience = 5.0

    /// How much a client printed.
    struct Count: Hashable, Sendable {
        var printed = 0
        /// Of these, not passed on.
        var leftOut = 0

        /// For a person; nil where all was passed on.
        var leftOutText: String? {
            guard self.leftOut > 0 else { return nil }
            return "the client printed \(self.printed) bytes, of which \(self.leftOut) are left out here "
                + "(more than \(ClientOutput.limit) are not passed on)"
        }
    }

    private struct State {
        var count = Count()
        var waiting: [UInt8] = []
        var isRead = false
        /// The last byte that was passed on ended a line.
        var endsLine = true
    }

    private final class Shared: Sendable {
        let state = Mutex(State())
        let written = DispatchSemaphore(value: 0)
        /// One for each time that something waits to be written, and one for the end.
        let more = DispatchSemaphore(value: 0)
        let ended = DispatchSemaphore(value: 0)
    }

    /// For the client.
    let writeEnd: Int32
    private let shared = Shared()

    /// Not to be called while another thread starts a program, which would get these ends, too.
    ///
    /// - Parameter descriptor: where it is passed on to.
    init(to descriptor: Int32 = STDERR_FILENO, limit: Int = ClientOutput.limit) throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw ToolError("the client's output cannot be had: \(String(cString: strerror(errno)).lowercased())")
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let readEnd = ends[0]
        self.writeEnd = ends[1]
        let shared = self.shared
        // Neither holds this object: a client that lives on in what it left behind must not keep a run from ending.
        Thread.detachNewThread { Self.read(readEnd, limit, shared) }
        Thread.detachNewThread { Self.write(descriptor, shared) }
    }

    /// To be called once, when the client has it.
    func closeWriteEnd() { close(self.writeEnd) }

    /// To be called once, when the client has ended.
    func finish(patience: Double = ClientOutput.writePatience) -> Count {
        _ = self.shared.ended.wait(timeout: .now() + Self.readPatience)
        self.shared.state.withLock { $0.isRead = true }
        self.shared.more.signal()
        _ = self.shared.written.wait(timeout: .now() + patience)
        return self.shared.state.withLock { state in
            state.count.leftOut += state.waiting.count
            state.waiting = []
            return state.count
        }
    }

    private static func read(_ descriptor: Int32, _ limit: Int, _ shared: Shared) {
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let got = Glibc.read(descriptor, &bytes, bytes.count)
            guard got > 0 else {
                if got < 0, errno == EINTR { continue }
                break
            }
            let isPassed = shared.state.withLock { state in
                let passed = state.isRead ? 0 : min(got, max(0, limit - (state.count.printed - state.count.leftOut)))
                state.count.printed += got
                state.count.leftOut += got - passed
                state.waiting += bytes[..<passed]
                return passed > 0
            }
            if isPassed { shared.more.signal() }
        }
        close(descriptor)
        shared.ended.signal()
    }

    private static func write(_ descriptor: Int32, _ shared: Shared) {
        while true {
            shared.more.wait()
            let (bytes, isLast) = shared.state.withLock { state in
                defer { state.waiting = [] }
                if let last = state.waiting.last { state.endsLine = last == 0x0A }
                return (state.waiting, state.isRead)
            }
            Self.write(bytes, to: descriptor)
            guard isLast else { continue }
            // What is said next begins a line of its own.
            if !shared.state.withLock({ $0.endsLine }) { Self.write([0x0A], to: descriptor) }
            shared.written.signal()
            return
        }
    }

    /// A stderr that cannot be written is nothing to be helped.
    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress! + written, $0.count - written)
            }
            if count >= 0 {
                written += count
            } else if errno == EAGAIN {
                var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&waiting, 1, -1)
            } else if errno != EINTR {
                return
            }
        }
    }
}
