import Glibc
import Synchronization

/// What SIGINT does: ends the process with 130 once all output is flushed, at once for commands that only read.
///
/// A command that writes a file calls ``takeOver()`` first and looks at ``requested`` as it works: it ends by itself,
/// with its file in order, by throwing `ExitCode.interrupted`. A second SIGINT ends it at once.
///
/// The signal handler only writes a byte to a pipe; a thread of its own does the rest, so nothing here has to be
/// async-signal-safe, and a child process gets the default action back on exec.
enum Interrupt {
    private static let count = Atomic<Int>(0)
    private static let takenOver = Atomic<Bool>(false)
    /// The write end of the pipe; set once, before the handler is.
    nonisolated(unsafe) private static var wakeUp: Int32 = -1

    /// SIGINT has come; the running command is to end in good order.
    static var requested: Bool { self.count.load(ordering: .relaxed) > 0 }

    /// From now on the first SIGINT only sets ``requested``.
    static func takeOver() {
        self.takenOver.store(true, ordering: .sequentiallyConsistent)
    }

    /// To be called once, first thing. Leaves a SIGINT that the parent had ignored (`nohup`, a background job) ignored,
    /// and turns SIGPIPE into the error of the write that meets it.
    static func install() {
        signal(SIGPIPE, SIG_IGN)
        // A parent that starts programs from a thread which blocks signals (libdispatch's do) passes that on.
        var unblocked = sigset_t()
        sigemptyset(&unblocked)
        sigaddset(&unblocked, SIGINT)
        sigaddset(&unblocked, SIGTERM)
        pthread_sigmask(SIG_UNBLOCK, &unblocked, nil)

        var before = sigaction()
        sigaction(SIGINT, nil, &before)
        var ends: [Int32] = [-1, -1]
        guard
            unsafeBitCast(before.__sigaction_handler.sa_handler, to: Int.self) != unsafeBitCast(SIG_IGN, to: Int.self),
            pipe(&ends) == 0
        else { return }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let readEnd = ends[0]
        self.wakeUp = ends[1]

        var thread = pthread_t()
        let started = pthread_create(
            &thread, nil,
            { argument in
                let readEnd = Int32(Int(bitPattern: argument))
                var byte: UInt8 = 0
                while true {
                    let got = read(readEnd, &byte, 1)
                    if got == 1 { Interrupt.arrived() } else if got == 0 || errno != EINTR { return nil }
                }
            }, UnsafeMutableRawPointer(bitPattern: Int(readEnd)))
        guard started == 0 else { return }
        pthread_detach(thread)

        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in
            let kept = errno
            var byte: UInt8 = 0
            _ = Glibc.write(Interrupt.wakeUp, &byte, 1)
            errno = kept
        }
        action.sa_flags = Int32(SA_RESTART)
        sigaction(SIGINT, &action, nil)
    }

    private static func arrived() {
        let number = self.count.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue
        if self.takenOver.load(ordering: .sequentiallyConsistent), number == 1 { return }
        // Rows are written whole under the same lock, so what is flushed here ends with a whole row.
        StandardOutput.shared.exit(ExitStatus.interrupted.rawValue)
    }
}
