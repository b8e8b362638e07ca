/// Takes numbers and stretches of bytes from an input, for targets whose input is a list of steps. Behind the end there
/// are zeros.
struct FuzzReader {
    private(set) var offset = 0

    mutating func byte(_ bytes: Span<UInt8>) -> UInt8 {
        guard self.offset < bytes.count else { return 0 }
        defer { self.offset += 1 }
        return bytes[self.offset]
    }

    mutating func uint16(_ bytes: Span<UInt8>) -> UInt16 {
        UInt16(self.byte(bytes)) << 8 | UInt16(self.byte(bytes))
    }

    mutating func uint32(_ bytes: Span<UInt8>) -> UInt32 {
        UInt32(self.uint16(bytes)) << 16 | UInt32(self.uint16(bytes))
    }

    /// The next `count` bytes, or as many as there are.
    mutating func range(_ count: Int, _ bytes: Span<UInt8>) -> Range<Int> {
        let start = self.offset
        self.offset = min(bytes.count, start + count)
        return start..<self.offset
    }

    func isAtEnd(_ bytes: Span<UInt8>) -> Bool { self.offset >= bytes.count }
}

extension Span<UInt8> {
    func copy() -> [UInt8] { self.withUnsafeBufferPointer { Array($0) } }
}
