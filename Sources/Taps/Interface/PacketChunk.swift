import TimelineModel
import Wire

/// Some packets on their way from the interface to the decoder, already as pcapng blocks: the bytes that a capture file
/// gets, if there is one, are those that the decoder reads.
struct PacketChunk: Sendable {
    /// Whole blocks.
    var blocks: [UInt8] = []
    var packets = 0
    /// What the kernel has lost by now.
    var dropped: Int64 = 0
    /// Packets up to here have been seen: later chunks hold later ones.
    var seenUntil = Timestamp.zero
    /// Time of the last packet.
    var last = Timestamp.zero

    /// What it takes of memory while it waits.
    var cost: Int { self.blocks.count + MemoryLayout<Self>.stride }
}

/// Gathers packets into a chunk. Used by the reading thread alone.
final class PacketCollector {
    /// Bytes of blocks with which a chunk is full, about.
    static let chunkBytes = 256 << 10

    private(set) var chunk = PacketChunk()

    var isFull: Bool { self.chunk.blocks.count >= Self.chunkBytes }

    func append(_ at: Timestamp, originalLength: Int, _ packet: UnsafeRawBufferPointer) {
        if self.chunk.packets == 0 { self.chunk.blocks.reserveCapacity(Self.chunkBytes + packet.count + 64) }
        PcapngEncoder.packet(at: at, originalLength: originalLength, packet, &self.chunk.blocks)
        self.chunk.packets += 1
        self.chunk.last = at
    }

    /// What was gathered; it begins anew.
    func take(dropped: Int64, seenUntil: Timestamp) -> PacketChunk {
        var taken = PacketChunk()
        swap(&taken, &self.chunk)
        taken.dropped = dropped
        taken.seenUntil = seenUntil
        return taken
    }
}
