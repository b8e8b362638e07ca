#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// What a file is that SQLite does not take for a database: told by its first bytes, so that an error can name it.
struct FileKind: Equatable {
    /// With its article: "a pcap capture".
    let name: String

    private static let signatures: [([UInt8], String)] = [
        ([0xD4, 0xC3, 0xB2, 0xA1], "a pcap capture"), ([0xA1, 0xB2, 0xC3, 0xD4], "a pcap capture"),
        ([0x4D, 0x3C, 0xB2, 0xA1], "a pcap capture"), ([0xA1, 0xB2, 0x3C, 0x4D], "a pcap capture"),
        ([0x0A, 0x0D, 0x0D, 0x0A], "a pcapng capture"),
        ([0x1F, 0x8B], "a gzip file"), ([0x28, 0xB5, 0x2F, 0xFD], "a zstd file"), (Array("PK".utf8), "a zip archive"),
        (Array("SQLite format 3".utf8), "a damaged SQLite database"),
        (Array("{".utf8), "a JSON file"), (Array("[".utf8), "a JSON file"),
    ]

    /// Whether `sioscope import` may read files of this name; of a gzip file or JSON it depends on what is in it.
    static func isImported(_ name: String) -> Bool {
        ["a pcap capture", "a pcapng capture", "a gzip file", "a JSON file"].contains(name)
    }

    /// Nil where nothing is known of such a beginning.
    init?(beginning: [UInt8]) {
        // A JSON document may begin with a byte order mark or white space.
        var text = beginning[...]
        if text.starts(with: [0xEF, 0xBB, 0xBF]) { text = text.dropFirst(3) }
        let trimmed = text.drop { [0x20, 0x09, 0x0D, 0x0A].contains($0) }
        if let match = Self.signatures.first(where: { beginning.starts(with: $0.0) || trimmed.starts(with: $0.0) }) {
            self.name = match.1
        } else if !beginning.isEmpty, beginning.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || (0x09...0x0D).contains($0) }) {
            self.name = "a text file"
        } else {
            return nil
        }
    }

    /// Reads the file's first bytes. Never call it for a file that this process may have open as a database: closing
    /// any descriptor of a file drops the process's POSIX locks on it (SQLite, "How To Corrupt", section 2.2).
    init?(path: String) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = read(descriptor, &bytes, bytes.count)
        guard count > 0 else { return nil }
        self.init(beginning: Array(bytes.prefix(count)))
    }
}
