import Glibc

/// A line of standard input as it came: a text only where it is one. What is repaired would be sent as something that
/// nobody wrote.
struct InputLine {
    private let bytes: [UInt8]

    /// Without the line's end.
    init(_ bytes: some Collection<UInt8>) {
        var bytes = Array(bytes)
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        self.bytes = bytes
    }

    /// Nil for bytes that are no UTF-8.
    var text: String? { String(validating: self.bytes, as: UTF8.self) }

    /// Counted from 0; their number where all are good.
    var firstBadByte: Int {
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: self.bytes.span)
            return self.bytes.count
        } catch {
            return error.byteOffsets.lowerBound
        }
    }
}

/// The lines of standard input. One reader a process: it reads ahead.
struct InputLines: IteratorProtocol {
    private let file = fdopen(STDIN_FILENO, "r")

    /// Waits for the next; nil at the end of the input.
    mutating func next() -> InputLine? {
        guard let file else { return nil }
        var buffer: UnsafeMutablePointer<CChar>?
        var room = 0
        defer { free(buffer) }
        let count = getline(&buffer, &room, file)
        guard count > 0, let buffer else { return nil }
        return InputLine(UnsafeRawBufferPointer(start: buffer, count: count))
    }
}
