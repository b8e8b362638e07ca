import TimelineModel

/// Writes pcapng: a section of one interface whose time stamps are nanoseconds, blocks in little-endian order.
///
/// Blocks are appended whole to the caller's bytes, so what lies between two calls can be cut off or written alone.
/// Source: draft-ietf-opsawg-pcapng.
public struct PcapngEncoder: Sendable {
    /// What the file's head says.
    public struct Interface: Hashable, Sendable {
        public var name: String
        public var linkType: LinkType
        /// Bytes that are kept of a packet; 0 for all.
        public var snapLength: Int
        /// The BPF expression; empty for none.
        public var filter: String

        public init(name: String, linkType: LinkType, snapLength: Int = 0, filter: String = "") {
            self.name = name
            self.linkType = linkType
            self.snapLength = snapLength
            self.filter = filter
        }
    }

    /// What the system counted, for the end of a file.
    public struct Statistics: Hashable, Sendable {
        /// Packets that the interface gave, and those it lost.
        public var received: Int64
        public var droppedByInterface: Int64
        /// Lost for lack of room in the system's buffer.
        public var droppedBySystem: Int64

        public init(received: Int64 = 0, droppedByInterface: Int64 = 0, droppedBySystem: Int64 = 0) {
            self.received = received
            self.droppedByInterface = droppedByInterface
            self.droppedBySystem = droppedBySystem
        }
    }

    /// An enhanced packet block without its packet, and the most that padding adds.
    public static let packetOverhead = 32 + 3

    private init() {}

    /// The section header and the interface description: the first bytes of a file.
    ///
    /// - Parameter application: the program and its version.
    public static func header(_ interface: Interface, application: String) -> [UInt8] {
        var bytes: [UInt8] = []
        self.block(.sectionHeader, &bytes) { body in
            body.put32(0x1A2B_3C4D)
            // Version 1.0, and a section length of -1: not given.
            body.put32(1)
            body.put64(.max)
            body.option(4, application)
            body.endOfOptions()
        }
        self.block(.interfaceDescription, &bytes) { body in
            // Link types that need more than the field's 16 bits do not exist.
            body.put32(interface.linkType.rawValue & 0xFFFF)
            body.put32(UInt32(clamping: interface.snapLength))
            body.option(2, interface.name)
            body.option(9, [9])
            // A filter begins with its kind: 0 is text as libpcap reads it.
            if !interface.filter.isEmpty { body.option(11, [0] + interface.filter.utf8) }
            body.endOfOptions()
        }
        return bytes
    }

    /// An enhanced packet block. A time before 1970 becomes 1970, for the field has no sign.
    ///
    /// - Parameter originalLength: bytes on the wire; more than `packet` has where a snap length cut it.
    @inline(__always)
    public static func packet(
        at: Timestamp, originalLength: Int, _ packet: UnsafeRawBufferPointer, _ bytes: inout [UInt8]
    ) {
        let padding = -packet.count & 3
        let length = UInt32(32 + packet.count + padding)
        let units = UInt64(max(0, at.nanoseconds))
        let words: InlineArray<7, UInt32> = [
            BlockKind.enhancedPacket.rawValue.littleEndian, length.littleEndian, 0,
            UInt32(truncatingIfNeeded: units >> 32).littleEndian, UInt32(truncatingIfNeeded: units).littleEndian,
            UInt32(packet.count).littleEndian, UInt32(clamping: originalLength).littleEndian,
        ]
        words.span.withUnsafeBytes { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: packet)
        for _ in 0..<padding { bytes.append(0) }
        bytes.put32(length)
    }

    /// An interface statistics block.
    public static func statistics(_ statistics: Statistics, at: Timestamp, _ bytes: inout [UInt8]) {
        self.block(.interfaceStatistics, &bytes) { body in
            let units = UInt64(max(0, at.nanoseconds))
            body.put32(0)
            body.put32(UInt32(truncatingIfNeeded: units >> 32))
            body.put32(UInt32(truncatingIfNeeded: units))
            body.option(4, statistics.received)
            body.option(5, statistics.droppedByInterface)
            body.option(7, statistics.droppedBySystem)
            body.endOfOptions()
        }
    }

    private static func block(_ kind: BlockKind, _ bytes: inout [UInt8], _ fill: (inout [UInt8]) -> Void) {
        var body: [UInt8] = []
        fill(&body)
        bytes.put32(kind.rawValue)
        bytes.put32(UInt32(body.count + PcapngSection.smallestBlock))
        bytes += body
        bytes.put32(UInt32(body.count + PcapngSection.smallestBlock))
    }
}

extension [UInt8] {
    fileprivate mutating func put32(_ value: UInt32) {
        Swift.withUnsafeBytes(of: value.littleEndian) { self.append(contentsOf: $0) }
    }

    fileprivate mutating func put64(_ value: UInt64) {
        Swift.withUnsafeBytes(of: value.littleEndian) { self.append(contentsOf: $0) }
    }

    fileprivate mutating func option(_ code: UInt16, _ value: [UInt8]) {
        // The length has 16 bits; a longer text is cut.
        let value = value.prefix(65_532)
        self.put32(UInt32(value.count) << 16 | UInt32(code))
        self += value
        for _ in 0..<(-value.count & 3) { self.append(0) }
    }

    fileprivate mutating func option(_ code: UInt16, _ text: String) {
        self.option(code, Array(text.utf8))
    }

    fileprivate mutating func option(_ code: UInt16, _ count: Int64) {
        var value: [UInt8] = []
        value.put64(UInt64(Swift.max(0, count)))
        self.option(code, value)
    }

    fileprivate mutating func endOfOptions() {
        self.put32(0)
    }
}
