import ArgumentParser
import Glibc
import Synchronization
import Taps
import Timeline

/// What SIGINT does: ends the process with 130 once all output is flushed, at once for commands that only read.
///
/// A command that writes a file calls ``takeOver()`` first and looks at ``requested`` as it works: it ends by itself,
/// with its file in order, by throwing ``exitCode``. A second signal ends it at once, with a file that can be read.
/// SIGTERM and SIGHUP are taken over likewise, and give 143 and 129; commands that only read leave them as they are.
///
/// The signal handler only writes a byte to a pipe; a thread of its own does the rest, so nothing here has to be
/// async-signal-safe, and a child process gets the default action back on exec.
enum Interrupt {
    private static let count = Atomic<Int>(0)
    private static let takenOver = Atomic<Bool>(false)
    /// The write end of the pipe; set once, before the handler is.
    nonisolated(unsafe) private static var wakeUp: Int32 = -1

    /// The first signal that came; 0 before.
    private static let first = Atomic<Int32>(0)

    /// What the process ends with after a signal: 128 and its number, as shells count.
    static var exitCode: ExitCode {
        switch self.first.load(ordering: .relaxed) {
        case SIGTERM: .terminated
        case SIGHUP: .hungUp
        default: .interrupted
        }
    }

    /// A signal has come; the running command is to end in good order.
    static var requested: Bool { self.count.load(ordering: .relaxed) > 0 }

    /// A pipe whose write end goes with the first signal, so that whatever polls its read end wakes up, and stays awake.
    nonisolated(unsafe) private static var requestedPipe: [Int32] = [-1, -1]

    /// Has a hang-up to tell once ``requested`` is set: to be polled beside what may stay silent for long. -1, which
    /// poll(2) passes over, where there is none.
    static var requestedDescriptor: Int32 { self.requestedPipe[0] }

    /// From now on the first SIGINT, SIGTERM or SIGHUP only sets ``requested``. What the parent had ignored (`nohup`)
    /// stays ignored.
    static func takeOver() {
        self.takenOver.store(true, ordering: .sequentiallyConsistent)
        guard self.wakeUp >= 0 else { return }
        for number in [SIGTERM, SIGHUP] where !self.isIgnored(number) { self.handle(number) }
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        var before = sigaction()
        sigaction(number, nil, &before)
        return unsafeBitCast(before.__sigaction_handler.sa_handler, to: Int.self)
            == unsafeBitCast(SIG_IGN, to: Int.self)
    }

    private static func handle(_ number: Int32) {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { number in
            let kept = errno
            var byte = UInt8(truncatingIfNeeded: number)
            _ = Glibc.write(Interrupt.wakeUp, &byte, 1)
            errno = kept
        }
        action.sa_flags = Int32(SA_RESTART)
        sigaction(number, &action, nil)
    }

    /// To be called once, first thing. Leaves a SIGINT that the parent had ignored (`nohup`, a background job) ignored;
    /// SIGTERM ends it in good order all the same. And turns SIGPIPE into the error of the write that meets it.
    static func install() {
        signal(SIGPIPE, SIG_IGN)
        // A parent that starts programs from a thread which blocks signals (libdispatch's do) passes that on.
        var unblocked = sigset_t()
        sigemptyset(&unblocked)
        sigaddset(&unblocked, SIGINT)
        sigaddset(&unblocked, SIGTERM)
        sigaddset(&unblocked, SIGHUP)
        pthread_sigmask(SIG_UNBLOCK, &unblocked, nil)

        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return }
        var requestedEnds: [Int32] = [-1, -1]
        if pipe(&requestedEnds) == 0 { self.requestedPipe = requestedEnds }
        for end in ends + requestedEnds where end >= 0 { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let readEnd = ends[0]
        self.wakeUp = ends[1]

        var thread = pthread_t()
        let started = pthread_create(
            &thread, nil,
            { argument in
                let readEnd = Int32(Int(bitPattern: argument))
                var byte: UInt8 = 0
                // A command that drops its privileges can do so for its own thread only.
                try? Privileges.dropCapabilities()
                while true {
                    let got = read(readEnd, &byte, 1)
                    if got == 1 { Interrupt.arrived(Int32(byte)) } else if got == 0 || errno != EINTR { return nil }
                }
            }, UnsafeMutableRawPointer(bitPattern: Int(readEnd)))
        guard started == 0 else { return }
        pthread_detach(thread)

        if !self.isIgnored(SIGINT) { self.handle(SIGINT) }
    }

    private static func arrived(_ number: Int32) {
        // A terminal that closes may send it twice, by itself and by its shell; nobody is impatient then.
        let isEnding = self.takenOver.load(ordering: .sequentiallyConsistent) && self.requested
        guard number != SIGHUP || !isEnding else { return }
        _ = self.first.compareExchange(expected: 0, desired: number, ordering: .sequentiallyConsistent)
        let number = self.count.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue
        if self.takenOver.load(ordering: .sequentiallyConsistent), number == 1 {
            close(self.requestedPipe[1])
            return
        }
        ClientProcess.killAll()
        ShellCommand.killAll()
        // Rows are written whole under the same lock, so what is flushed here ends with a whole row.
        TimelineWriter.whileReadable { StandardOutput.shared.exit(self.exitCode.rawValue) }
    }
}
