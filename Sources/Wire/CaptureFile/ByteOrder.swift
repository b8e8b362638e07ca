/// The order in which a number's bytes stand. Files and loopback headers use the order of the machine that wrote them.
///
/// Every read checks its bounds once and traps outside of them: callers compare with `count` first.
enum ByteOrder: Sendable {
    case little
    case big

    @inline(__always)
    func uint16(_ bytes: Span<UInt8>, at offset: Int) -> UInt16 {
        let value = bytes.network16(at: offset)
        return self == .big ? value : value.byteSwapped
    }

    @inline(__always)
    func uint32(_ bytes: Span<UInt8>, at offset: Int) -> UInt32 {
        let value = bytes.network32(at: offset)
        return self == .big ? value : value.byteSwapped
    }

    /// The whole value in this order, most significant half first in `.big`.
    @inline(__always)
    func uint64(_ bytes: Span<UInt8>, at offset: Int) -> UInt64 {
        let value = bytes.network64(at: offset)
        return self == .big ? value : value.byteSwapped
    }
}

extension Span<UInt8> {
    /// Two bytes in network order.
    @inline(__always)
    public func network16(at offset: Int) -> UInt16 {
        precondition(offset >= 0 && offset <= self.count - 2)
        return UInt16(self[unchecked: offset]) << 8 | UInt16(self[unchecked: offset + 1])
    }

    /// Four bytes in network order.
    @inline(__always)
    public func network32(at offset: Int) -> UInt32 {
        precondition(offset >= 0 && offset <= self.count - 4)
        return UInt32(self[unchecked: offset]) << 24 | UInt32(self[unchecked: offset + 1]) << 16
            | UInt32(self[unchecked: offset + 2]) << 8 | UInt32(self[unchecked: offset + 3])
    }

    /// Eight bytes in network order.
    @inline(__always)
    public func network64(at offset: Int) -> UInt64 {
        UInt64(self.network32(at: offset)) << 32 | UInt64(self.network32(at: offset + 4))
    }
}
