import HookLog
import JSONText
import Wire

/// Cuts a byte stream, fed in any pieces, into lines and reads each. Memory is bounded by the longest line.
struct HookLineReader {
    /// Longer lines are passed over.
    var limit: Int
    /// Lines begun so far, and with that the number of the latest one, from 1.
    private(set) var lines = 0
    /// The beginning of a line that is not all there yet.
    private var partial: [UInt8] = []
    /// Bytes of the line that is being passed over as it is too long.
    private var skipped: Int?

    init(limit: Int) {
        self.limit = limit
    }

    /// Of a line that is not all there yet.
    var heldBytes: Int { self.partial.count }

    /// The last line has no end.
    var hasRest: Bool { !self.partial.isEmpty || self.skipped != nil }

    /// `line` gets each line that is whole now; what it throws is told to `bad`, as is a line that cannot be read. Each
    /// with its number; blank ones are passed over.
    mutating func feed(
        _ bytes: Span<UInt8>, line: (HookLine, Int) throws(HookLineError) -> Void, bad: (HookLineError, Int) -> Void
    ) {
        var start = 0
        for offset in 0..<bytes.count where bytes[offset] == 0x0A {
            self.take(bytes.extracting(start..<offset), isWhole: true, line, bad)
            start = offset + 1
        }
        self.take(bytes.extracting(start..<bytes.count), isWhole: false, line, bad)
    }

    /// The end of the input is that of a last line.
    mutating func finish(line: (HookLine, Int) throws(HookLineError) -> Void, bad: (HookLineError, Int) -> Void) {
        if self.hasRest { self.take([UInt8]().span, isWhole: true, line, bad) }
    }

    /// A piece of a line; `isWhole` with its last one.
    private mutating func take(
        _ piece: Span<UInt8>, isWhole: Bool, _ line: (HookLine, Int) throws(HookLineError) -> Void,
        _ bad: (HookLineError, Int) -> Void
    ) {
        if let skipped = self.skipped {
            self.skipped = isWhole ? nil : skipped + piece.count
            if isWhole { bad(.tooLong(bytes: skipped + piece.count, limit: self.limit), self.lines) }
            return
        }
        if piece.count > self.limit - self.partial.count {
            let bytes = self.partial.count + piece.count
            self.partial = []
            self.lines += 1
            if isWhole {
                bad(.tooLong(bytes: bytes, limit: self.limit), self.lines)
            } else {
                self.skipped = bytes
            }
            return
        }
        guard isWhole else {
            piece.withUnsafeBufferPointer { self.partial.append(contentsOf: $0) }
            return
        }
        self.lines += 1
        if self.partial.isEmpty {
            self.read(piece, line, bad)
        } else {
            piece.withUnsafeBufferPointer { self.partial.append(contentsOf: $0) }
            let whole = self.partial
            self.partial.removeAll(keepingCapacity: whole.count <= 64 << 10)
            self.read(whole.span, line, bad)
        }
    }

    private func read(
        _ bytes: Span<UInt8>, _ line: (HookLine, Int) throws(HookLineError) -> Void,
        _ bad: (HookLineError, Int) -> Void
    ) {
        var bytes = bytes
        if self.lines == 1, bytes.has("\u{FEFF}", at: 0) { bytes = bytes.extracting(3..<bytes.count) }
        guard !bytes.isBlank else { return }
        do throws(HookLineError) {
            try line(try HookLine(bytes), self.lines)
        } catch {
            bad(error, self.lines)
        }
    }
}

extension Span where Element == UInt8 {
    /// Nothing but white space of JSON.
    fileprivate var isBlank: Bool {
        for offset in 0..<self.count where ![0x20, 0x09, 0x0D].contains(self[offset]) { return false }
        return true
    }
}
