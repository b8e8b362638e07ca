import Glibc
import TimelineModel
import Wire

/// Writes packets as pcapng: one file, or a ring of them. Used by one thread at a time.
///
/// Files are new ones with mode 0600; one that is there is never touched. A file ends with whole blocks, also where the
/// disk was full.
final class CaptureFileWriter {
    private let settings: CaptureFileSettings
    private let head: [UInt8]
    private let ringName: RingFileName
    private var descriptor: Int32 = -1
    private var path = ""
    private var size = 0
    /// Of the ring, oldest first, with the one that is open.
    private var kept: [String] = []
    private var number = 0
    /// Counts before this file was begun; a file tells of its own packets.
    private var before = PcapngEncoder.Statistics()

    /// - Parameter head: what every file begins with.
    init(_ settings: CaptureFileSettings, head: [UInt8]) throws(TapError) {
        self.settings = settings
        self.head = head
        self.ringName = RingFileName(settings.path)
        try self.open()
    }

    deinit {
        if self.descriptor >= 0 { close(self.descriptor) }
    }

    /// Appends a chunk's blocks, to another file where this one of a ring is full.
    ///
    /// - Parameter statistics: the counts so far, for the end of a full file.
    func write(_ chunk: PacketChunk, _ statistics: PcapngEncoder.Statistics) throws(TapError) {
        guard !chunk.blocks.isEmpty else { return }
        if let limit = self.settings.ringBytes, self.size > self.head.count, self.size + chunk.blocks.count > limit {
            try self.finish(statistics, at: chunk.last)
            try self.open()
            self.before = statistics
        }
        try self.append(chunk.blocks)
    }

    /// Ends the open file with what the kernel has counted.
    func finish(_ statistics: PcapngEncoder.Statistics, at: Timestamp) throws(TapError) {
        guard self.descriptor >= 0 else { return }
        var own = statistics
        own.received -= self.before.received
        own.droppedByInterface -= self.before.droppedByInterface
        own.droppedBySystem -= self.before.droppedBySystem
        var block: [UInt8] = []
        PcapngEncoder.statistics(own, at: at, &block)
        try self.append(block)
        // Some file systems find out only here that there was no room.
        let result = close(self.descriptor)
        self.descriptor = -1
        guard result == 0 else { throw self.failed() }
    }

    private func open() throws(TapError) {
        self.number += 1
        self.path =
            self.settings.ringBytes == nil
            ? self.settings.path : self.ringName.name(self.number, at: time(nil))
        self.descriptor = Glibc.open(self.path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard self.descriptor >= 0 else {
            if errno == EEXIST { throw TapError("-w \(self.path) exists; give another name") }
            throw TapError("-w \(self.path): \(String(cString: strerror(errno)))")
        }
        self.size = 0
        self.kept.append(self.path)
        if let limit = self.settings.ringFiles, self.kept.count > limit { unlink(self.kept.removeFirst()) }
        try self.append(self.head)
    }

    private func append(_ blocks: [UInt8]) throws(TapError) {
        var at = 0
        while at < blocks.count {
            let count = blocks.withUnsafeBytes { Glibc.write(self.descriptor, $0.baseAddress! + at, $0.count - at) }
            if count > 0 {
                at += count
            } else if errno != EINTR {
                let error = self.failed()
                ftruncate(self.descriptor, off_t(self.size))
                close(self.descriptor)
                self.descriptor = -1
                throw error
            }
        }
        self.size += blocks.count
    }

    private func failed() -> TapError {
        TapError("cannot go on writing \(self.path): \(String(cString: strerror(errno))); what it has is kept")
    }
}
