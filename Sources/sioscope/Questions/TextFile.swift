import Glibc

/// A file of text that a user wrote: queries, settings.
enum TextFile {
    /// Such a file is some kilobytes; anything much bigger is another kind of file.
    private static let maximumSize = 1 << 20

    /// - Parameters:
    ///   - path: `-` is standard input.
    ///   - label: how errors name it.
    ///   - expected: what should be in it: "a file with one SELECT".
    static func read(_ path: String, label: String, expected: String) throws -> String {
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw ToolError("\(label): \(String(cString: strerror(errno)))") }
        defer { if path != "-" { close(descriptor) } }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &piece, piece.count)
            if count == 0 { break }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw ToolError("\(label): \(String(cString: strerror(errno)))") }
            bytes += piece[..<count]
            guard bytes.count <= Self.maximumSize else {
                throw ToolError("\(label): more than 1 MiB; expected \(expected)")
            }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ToolError("\(label): no UTF-8 text; expected \(expected)")
        }
        return text
    }
}
