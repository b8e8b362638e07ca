import Glibc

/// A file, or standard input for `-`, read in large pieces.
final class InputFile {
    static let pieceBytes = 1 << 20

    let path: String
    /// Bytes it has; nil for what has no size, as a pipe.
    let sizeBytes: Int64?
    private let descriptor: Int32
    private var buffer = [UInt8](repeating: 0, count: InputFile.pieceBytes)
    private(set) var readBytes: Int64 = 0

    /// How messages name it.
    var name: String { self.path == "-" ? "standard input" : self.path }

    init(_ path: String) throws(ToolError) {
        self.path = path
        guard !path.isEmpty else { throw ToolError("the name of an input is empty; name a capture file") }
        if path == "-" {
            guard isatty(0) == 0 else { throw ToolError("standard input is a terminal; give a file, or pipe one in") }
            self.descriptor = 0
        } else {
            self.descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard self.descriptor >= 0 else { throw ToolError("\(path): \(String(cString: strerror(errno)))") }
        }
        var status = stat()
        fstat(self.descriptor, &status)
        let kind = status.st_mode & S_IFMT
        if kind == S_IFDIR {
            close(self.descriptor)
            throw ToolError("\(path) is a directory; name the capture files in it")
        }
        self.sizeBytes = kind == S_IFREG ? Int64(status.st_size) : nil
    }

    deinit {
        if self.path != "-" { close(self.descriptor) }
    }

    /// The first bytes of a file, which are read all the same afterwards; nil for what has no size, as a pipe.
    func peek(_ count: Int) -> [UInt8]? {
        guard self.sizeBytes != nil else { return nil }
        let got = self.buffer.withUnsafeMutableBytes { pread(self.descriptor, $0.baseAddress, min(count, $0.count), 0) }
        return got >= 0 ? Array(self.buffer[..<got]) : nil
    }

    /// Reads on and hands the piece out; false at the end.
    ///
    /// - Throws: `Interrupt.exitCode` where a signal comes while a pipe is silent; `ToolError` where reading fails.
    func read(_ piece: (Span<UInt8>) throws -> Void) throws -> Bool {
        if self.sizeBytes == nil { try self.waitForBytes() }
        var count = 0
        repeat {
            count = self.buffer.withUnsafeMutableBytes { Glibc.read(self.descriptor, $0.baseAddress, $0.count) }
        } while count < 0 && errno == EINTR
        guard count >= 0 else { throw ToolError("\(self.name): reading failed: \(String(cString: strerror(errno)))") }
        guard count > 0 else { return false }
        self.readBytes += Int64(count)
        try self.buffer.withUnsafeBufferPointer { try piece($0.span.extracting(0..<count)) }
        return true
    }

    /// A read(2) of a silent pipe would go on behind a signal until bytes come.
    private func waitForBytes() throws {
        var ready = [
            pollfd(fd: self.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: Interrupt.requestedDescriptor, events: 0, revents: 0),
        ]
        // Where poll itself fails, reading tells why.
        while poll(&ready, nfds_t(ready.count), -1) < 0, errno == EINTR {}
        if Interrupt.requested { throw Interrupt.exitCode }
    }
}
