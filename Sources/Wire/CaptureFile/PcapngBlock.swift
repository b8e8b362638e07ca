/// The pcapng blocks that say something about packets; all others are passed over.
enum BlockKind: UInt32 {
    case sectionHeader = 0x0A0D_0D0A
    case interfaceDescription = 1
    /// Replaced by the enhanced packet block in 2009; old files have it.
    case obsoletePacket = 2
    case simplePacket = 3
    case interfaceStatistics = 5
    case enhancedPacket = 6

    /// With its fixed fields, head and tail.
    var smallestLength: Int {
        switch self {
        case .sectionHeader: 28
        case .interfaceDescription: 20
        case .obsoletePacket, .enhancedPacket: 32
        case .simplePacket: 16
        case .interfaceStatistics: 24
        }
    }
}

/// Where things stand in one whole block, whose length was checked against `BlockKind.smallestLength`.
struct PcapngBlock {
    let block: BlockKind
    let order: ByteOrder
    /// Of the block in the file.
    let offset: Int64

    /// The fixed fields of a packet block.
    struct Packet {
        var interface: Int
        /// In the interface's own unit; nil in a simple packet block.
        var units: UInt64?
        var captured: Int
        var original: Int
        /// Where its bytes begin in the block, and how many fit there.
        var start: Int
        var room: Int
    }

    @inline(__always)
    func packet(_ bytes: Span<UInt8>) -> Packet {
        switch self.block {
        case .simplePacket:
            let original = Int(self.order.uint32(bytes, at: 8))
            return Packet(
                interface: 0, units: nil, captured: original, original: original, start: 12, room: bytes.count - 16)
        default:
            let high = UInt64(self.order.uint32(bytes, at: 12))
            let low = UInt64(self.order.uint32(bytes, at: 16))
            return Packet(
                interface: self.block == .enhancedPacket
                    ? Int(self.order.uint32(bytes, at: 8)) : Int(self.order.uint16(bytes, at: 8)),
                units: high << 32 | low, captured: Int(self.order.uint32(bytes, at: 20)),
                original: Int(self.order.uint32(bytes, at: 24)), start: 28, room: bytes.count - 32)
        }
    }

    /// Packets that this block says were lost since the one before; 0 where it does not say.
    func packetsLostBefore(_ packet: Packet, captured: Int, _ bytes: Span<UInt8>) -> Int64 {
        switch self.block {
        case .enhancedPacket:
            let options = packet.start + (captured + 3) / 4 * 4
            // The end of the block, or too little for an option with eight bytes.
            guard bytes.count - options >= 16 else { return 0 }
            var lost: Int64 = 0
            self.forEachOption(bytes, from: options) { code, value in
                // epb_dropcount
                if code == 4, value.count >= 8 { lost = Int64(clamping: self.order.uint64(value, at: 0)) }
            }
            return lost
        case .obsoletePacket:
            let drops = self.order.uint16(bytes, at: 10)
            return drops == .max ? 0 : Int64(drops)
        default:
            return 0
        }
    }

    /// Goes through the options between `start` and the block's tail, until they end or make no sense.
    func forEachOption(_ bytes: Span<UInt8>, from start: Int, _ option: (UInt16, Span<UInt8>) -> Void) {
        let end = bytes.count - 4
        var at = start
        while end - at >= 4 {
            let code = self.order.uint16(bytes, at: at)
            let length = Int(self.order.uint16(bytes, at: at + 2))
            guard code != 0, length <= end - at - 4 else { return }
            option(code, bytes.extracting(at + 4..<at + 4 + length))
            at += 4 + (length + 3) / 4 * 4
        }
    }
}
