import Glibc

/// Where an export goes: a file that must be new, or standard output for `-`.
final class ExportFile {
    private static let bufferBytes = 1 << 18

    let path: String
    /// Nil for standard output.
    private let descriptor: Int32?
    private var isOpen = true
    private var buffer: [UInt8] = []

    /// - Throws: `ToolError` where the file is there already, or cannot be made.
    init(_ path: String) throws(ToolError) {
        self.path = path
        guard !path.isEmpty else { throw ToolError("-o: the name is empty; name a new file, or - for standard output") }
        guard path != "-" else {
            self.descriptor = nil
            return
        }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            throw errno == EEXIST
                ? ToolError("\(path) is there already; -o never overwrites: name a new file, or remove it first")
                : ToolError("\(path): \(String(cString: strerror(errno)))")
        }
        self.descriptor = descriptor
        self.buffer.reserveCapacity(Self.bufferBytes)
    }

    func write(_ text: String) throws {
        guard self.descriptor != nil else { return try StandardOutput.shared.write(text) }
        self.buffer.append(contentsOf: text.utf8)
        if self.buffer.count >= Self.bufferBytes { try self.flush() }
    }

    /// Everything is on its way to the disk.
    func finish() throws {
        guard let descriptor = self.descriptor else { return try StandardOutput.shared.flush() }
        try self.flush()
        self.isOpen = false
        // Some file systems tell only here that there was no room.
        guard close(descriptor) == 0 else { throw self.failure() }
    }

    /// Removes what was written: half a log looks like a whole one.
    func abandon() {
        guard let descriptor = self.descriptor else { return }
        if self.isOpen { close(descriptor) }
        unlink(self.path)
    }

    private func flush() throws {
        guard let descriptor = self.descriptor else { return }
        var written = 0
        while written < self.buffer.count {
            let count = self.buffer.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress! + written, $0.count - written)
            }
            if count >= 0 {
                written += count
            } else if errno != EINTR {
                throw self.failure()
            }
        }
        self.buffer.removeAll(keepingCapacity: true)
    }

    private func failure() -> ToolError {
        ToolError("\(self.path): \(String(cString: strerror(errno))); nothing was exported")
    }
}
