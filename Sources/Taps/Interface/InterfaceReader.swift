import Glibc
import Synchronization
import TimelineModel
import Wire

/// Takes packets from a device, on one thread, to a capture file and to the decoder.
final class InterfaceReader: @unchecked Sendable {
    /// A chunk that is not full is handed over after so long.
    private static let handOverNs: Int64 = 100_000_000
    /// The kernel is asked for its counts so often: that opens files.
    private static let countNs: Int64 = 250_000_000
    /// Packets that the kernel may still hold back are this young, with some room.
    private static let lateNs = Int64(CaptureDevice.blockMs) * 5 * 1_000_000
    /// After this long of draining what came before the stop, it ends anyway.
    private static let drainNs: Int64 = 5_000_000_000
    /// Packets taken at once: with the longest ones 16 MiB.
    private static let packetsAtOnce = 64

    private let device: CaptureDevice
    private let recorder: InterfaceRecorder
    private let file: CaptureFileWriter?
    private let packets = PacketCollector()
    private var remaining: Int
    private var statistics = PcapngEncoder.Statistics()
    private var counted: Int64 = 0
    private var handedOver: Int64 = 0
    private var last = Timestamp.zero
    /// A pipe whose written byte ends all waiting.
    private let wakeUp: (read: Int32, write: Int32)
    private let stopRequested = Atomic<Bool>(false)

    /// - Parameter packetLimit: after which it ends; nil for none.
    init(
        _ device: CaptureDevice, _ recorder: InterfaceRecorder, _ file: CaptureFileWriter?, packetLimit: Int?
    ) throws(TapError) {
        self.device = device
        self.recorder = recorder
        self.file = file
        self.remaining = packetLimit ?? .max
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw TapError("cannot wait for \(device.name): \(String(cString: strerror(errno)))")
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        self.wakeUp = (ends[0], ends[1])
    }

    deinit {
        close(self.wakeUp.read)
        close(self.wakeUp.write)
    }

    /// From any thread: ends `run` once what came up to now is read.
    func stop() {
        self.stopRequested.store(true, ordering: .sequentiallyConsistent)
        var byte: UInt8 = 0
        _ = write(self.wakeUp.write, &byte, 1)
    }

    /// Reads until it is stopped, the packets are as many as were asked for, or something fails; whatever was read has
    /// been handed over when it returns.
    ///
    /// - Returns: whether it ended by itself.
    func run() throws(TapError) -> Bool {
        var failure: TapError?
        do throws(TapError) {
            while self.remaining > 0, !self.isStopped {
                try self.readOnce(waitMs: 100)
                try self.handOverIfDue()
            }
            if self.remaining > 0 { try self.drain() }
        } catch {
            failure = error
        }
        // The file may be what failed; the timeline gets its packets all the same.
        self.statistics = self.device.statistics()
        do throws(TapError) {
            try self.handOver()
        } catch {
            failure = failure ?? error
        }
        do throws(TapError) {
            try self.file?.finish(self.statistics, at: self.last)
        } catch {
            failure = failure ?? error
        }
        self.recorder.stop()
        if let failure { throw failure }
        return !self.isStopped
    }

    private var isStopped: Bool { self.stopRequested.load(ordering: .sequentiallyConsistent) }

    /// The wall clock, which the kernel stamps packets with.
    private static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }

    // MARK: Reading

    /// Reads what came before the stop and the kernel still holds.
    private func drain() throws(TapError) {
        let stopped = Self.now
        while self.remaining > 0 {
            let now = Self.now
            // A clock that is set meanwhile must not keep it here.
            guard now >= stopped, now - stopped < Self.drainNs, self.last.nanoseconds <= stopped else { return }
            let left = (stopped + Self.lateNs - now) / 1_000_000
            let count = try self.readOnce(waitMs: Int32(max(0, left)))
            if self.packets.isFull { try self.handOver() }
            if count == 0, left <= 0 { return }
        }
    }

    /// Waits for packets, and takes some.
    @discardableResult
    private func readOnce(waitMs: Int32) throws(TapError) -> Int {
        var waits = [pollfd(fd: self.device.descriptor, events: Int16(POLLIN), revents: 0)]
        // Once stopped, the other one is readable for ever.
        if !self.isStopped { waits.append(pollfd(fd: self.wakeUp.read, events: Int16(POLLIN), revents: 0)) }
        guard poll(&waits, nfds_t(waits.count), waitMs) >= 0 else {
            if errno == EINTR { return 0 }
            throw TapError("cannot wait for \(self.device.name): \(String(cString: strerror(errno)))")
        }
        guard waits[0].revents != 0 else { return 0 }
        let count = try self.device.read(limit: min(self.remaining, Self.packetsAtOnce), self.packets)
        if count == 0, waits[0].revents & Int16(POLLERR | POLLHUP | POLLNVAL) != 0 {
            throw TapError("\(self.device.name) went down; what came before is kept")
        }
        if count > 0 { self.last = max(self.last, self.packets.chunk.last) }
        self.remaining -= count
        return count
    }

    // MARK: Handing over

    private func handOverIfDue() throws(TapError) {
        let now = Self.now
        // A clock that was put back counts as due.
        if self.packets.isFull || now - self.handedOver >= Self.handOverNs || now < self.handedOver {
            try self.handOver()
        }
    }

    private func handOver() throws(TapError) {
        let now = Self.now
        if now - self.counted >= Self.countNs || now < self.counted {
            self.statistics = self.device.statistics()
            self.counted = now
        }
        self.handedOver = now
        let chunk = self.packets.take(
            dropped: self.statistics.droppedBySystem + self.statistics.droppedByInterface,
            seenUntil: max(self.last, Timestamp(nanoseconds: now - Self.lateNs)))
        // Back-pressure ends here: meanwhile the kernel's buffer fills.
        while !self.recorder.push(chunk) {
            var pause = timespec(tv_sec: 0, tv_nsec: 1_000_000)
            nanosleep(&pause, nil)
        }
        try self.file?.write(chunk, self.statistics)
    }
}
