import Glibc
import NIOCore
import TimelineModel

/// What is waited for, and for how long.
extension SessionHandler {
    /// One timer for whatever comes first. It is not moved when a deadline moves back, as each ping does; it looks anew
    /// when it fires.
    func schedule() {
        guard self.phase == .open else { return }
        // What the client does not read it cannot miss. Acks are waited for all the same: a handler that waits for one
        // may be what the reading waits for.
        let deadlines = [self.isReadingPaused ? nil : self.engine.deadline, self.socket.deadline].compactMap { $0 }
        guard let due = deadlines.min() else { return }
        let deadline = NIODeadline.uptimeNanoseconds(UInt64(clamping: due.nanoseconds))
        if let timer = self.timer, timer.due <= deadline { return }
        self.timer?.task.cancel()
        let bound = NIOLoopBound(self, eventLoop: self.loop)
        self.timer = (deadline, self.loop.scheduleTask(deadline: deadline) { bound.value.timerFired() })
    }

    private func timerFired() {
        self.timer = nil
        guard self.phase == .open else { return }
        let now = self.now
        if !self.isReadingPaused, let due = self.engine.deadline, due <= now {
            // Where the loop was held up, it comes here before it reads.
            self.run(self.engine.handle(self.hasUnread ? .timePassedUnread : .timePassed, at: now))
        }
        self.run(self.socket.timePassed(at: now, isReading: !self.isReadingPaused))
    }

    /// The socket holds what was not read yet, or its end.
    private var hasUnread: Bool {
        let ready = try? self.context?.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { socket in
            var descriptor = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            return poll(&descriptor, 1, 0) > 0
        }
        return ready ?? false
    }
}
