// Reading numbers and text out of borrowed bytes. Offsets are the caller's to check: a wrong one traps, never reads
// beyond.

extension Span where Element == UInt8 {
    /// The bytes of `range` as text, what is no UTF-8 repaired with U+FFFD.
    @inlinable
    public func text(_ range: Range<Int>) -> String {
        self.extracting(range).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }

    @inlinable
    public func array(_ range: Range<Int>) -> [UInt8] {
        self.extracting(range).withUnsafeBufferPointer { Array($0) }
    }

    /// Whether the bytes at `offset` are `word`, letters of either case. `word` must be lower case.
    public func hasCaseInsensitive(_ word: StaticString, at offset: Int) -> Bool {
        let length = word.utf8CodeUnitCount
        guard offset >= 0, length <= self.count - offset else { return false }
        return word.withUTF8Buffer { letters in
            for index in 0..<length {
                let byte = self[offset + index]
                let lower = byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
                if lower != letters[index] { return false }
            }
            return true
        }
    }

    /// Whether the bytes at `offset` are `word`.
    public func has(_ word: StaticString, at offset: Int) -> Bool {
        let length = word.utf8CodeUnitCount
        guard offset >= 0, length <= self.count - offset else { return false }
        return word.withUTF8Buffer { letters in
            for index in 0..<length where self[offset + index] != letters[index] { return false }
            return true
        }
    }
}
