import TimelineModel

/// A pcapng file, block by block: the open section with its byte order and interfaces.
///
/// Source: draft-ietf-opsawg-pcapng.
struct PcapngSection: Sendable {
    /// Reads the same in both byte orders.
    static let sectionHeaderType: UInt32 = 0x0A0D_0D0A
    /// Type, length and length again.
    static let smallestBlock = 12
    /// Interfaces that a section may describe; packets of further ones are passed over as malformed.
    static let interfaceLimit = 65_536

    struct Interface: Sendable {
        var linkType: LinkType
        /// Bytes that are kept of a packet; 0 for all. Simple packet blocks leave their own length to it.
        var snapLength: Int
        var clock = CaptureClock()
        /// Counted up by the packets' own drop counts.
        var droppedBetweenPackets: Int64 = 0
        /// The newest total in a statistics block.
        var droppedByStatistics: Int64 = 0

        /// The two tell of the same packets where a tool writes both.
        var dropped: Int64 { max(self.droppedBetweenPackets, self.droppedByStatistics) }
    }

    private(set) var order = ByteOrder.little
    private(set) var interfaces: [Interface] = []
    /// False until the first section header was read.
    private(set) var isOpen = false
    private var interfacesBefore = 0
    private var droppedBefore: Int64 = 0
    private var hadWrongTrailer = false
    private var hadSimplePacket = false

    var droppedPackets: Int64 {
        self.interfaces.reduce(self.droppedBefore) { $0.addingSaturating($1.dropped) }
    }

    /// By the magic of a section header block, whose first 12 bytes the caller has made sure of.
    static func byteOrder(ofSection block: Span<UInt8>) -> ByteOrder? {
        switch block.network32(at: 8) {
        case 0x1A2B_3C4D: .big
        case 0x4D3C_2B1A: .little
        default: nil
        }
    }

    /// Reads the block at the start of `bytes`; `offset` is where that is in the file.
    mutating func step(
        _ bytes: Span<UInt8>, offset: Int64, limit: Int, last: inout Timestamp, notes: inout CaptureNotes,
        _ record: (CaptureRecord, Span<UInt8>) -> Void
    ) throws(CaptureFileError) -> CaptureStep {
        guard bytes.count >= Self.smallestBlock else { return .need(Self.smallestBlock) }
        let isSectionHeader = bytes.network32(at: 0) == Self.sectionHeaderType
        var order = self.order
        if isSectionHeader {
            guard let own = Self.byteOrder(ofSection: bytes) else {
                guard self.isOpen else { throw .notACapture(first: [UInt8](bytes, prefix: 16)) }
                notes.add(
                    .captureMalformed, at: last,
                    "a section header without byte-order magic at offset \(offset) of the file; expected it, reading stopped there"
                )
                return .stop
            }
            order = own
        }
        let kind = BlockKind(rawValue: order.uint32(bytes, at: 0))
        let length = Int(order.uint32(bytes, at: 4))
        guard length >= kind?.smallestLength ?? Self.smallestBlock, length % 4 == 0 else {
            guard self.isOpen else { throw .notACapture(first: [UInt8](bytes, prefix: 16)) }
            notes.add(
                .captureMalformed, at: last,
                "block length \(length) at offset \(offset) of the file; "
                    + "expected \(kind?.smallestLength ?? Self.smallestBlock) or more by fours, reading stopped there")
            return .stop
        }
        guard length <= limit else {
            if kind == nil { return .took(length) }
            notes.add(
                .captureRecordTooLong, at: last,
                "a block of \(length) bytes at offset \(offset) of the file; expected at most \(limit), reading stopped there"
            )
            return .stop
        }
        guard bytes.count >= length else { return .need(length) }
        let block = bytes.extracting(0..<length)
        guard self.checkTrailer(block, order, offset: offset, last: last, notes: &notes) else { return .stop }
        guard let kind else { return .took(length) }
        var reader = PcapngBlock(block: kind, order: order, offset: offset)
        switch kind {
        case .sectionHeader:
            guard try self.openSection(block, order, offset: offset, last: last, notes: &notes) else { return .stop }
        case .interfaceDescription:
            self.addInterface(block, reader)
        case .interfaceStatistics:
            self.readStatistics(block, reader, last: last, notes: &notes)
        case .enhancedPacket, .obsoletePacket, .simplePacket:
            self.readPacket(block, &reader, last: &last, notes: &notes, record)
        }
        return .took(length)
    }

    /// One wrong trailer is passed over; two in a row mean that block boundaries are lost.
    private mutating func checkTrailer(
        _ block: Span<UInt8>, _ order: ByteOrder, offset: Int64, last: Timestamp, notes: inout CaptureNotes
    ) -> Bool {
        let trailer = Int(order.uint32(block, at: block.count - 4))
        guard trailer != block.count else {
            self.hadWrongTrailer = false
            return true
        }
        let stops = self.hadWrongTrailer
        notes.add(
            .captureMalformed, at: last,
            "\(trailer) as the length behind the block at offset \(offset) of the file; expected \(block.count), as before it"
                + (stops ? ", the second in a row: reading stopped there" : ""))
        self.hadWrongTrailer = true
        return !stops
    }

    private mutating func openSection(
        _ block: Span<UInt8>, _ order: ByteOrder, offset: Int64, last: Timestamp, notes: inout CaptureNotes
    ) throws(CaptureFileError) -> Bool {
        let major = order.uint16(block, at: 12)
        let minor = order.uint16(block, at: 14)
        guard major == 1 else {
            guard self.isOpen else { throw .version(.pcapng, major: major, minor: minor) }
            notes.add(
                .captureMalformed, at: last,
                "a section of version \(major).\(minor) at offset \(offset) of the file; expected 1.x, reading stopped there"
            )
            return false
        }
        self.droppedBefore = self.droppedPackets
        self.interfacesBefore += self.interfaces.count
        self.interfaces.removeAll()
        self.order = order
        self.isOpen = true
        return true
    }

    private mutating func addInterface(_ block: Span<UInt8>, _ reader: PcapngBlock) {
        guard self.interfaces.count < Self.interfaceLimit else { return }
        var interface = Interface(
            linkType: LinkType(rawValue: UInt32(reader.order.uint16(block, at: 8))),
            snapLength: Int(reader.order.uint32(block, at: 12)))
        reader.forEachOption(block, from: 16) { code, value in
            switch (code, value.count) {
            case (9, 1...): interface.clock.setResolution(value[0])
            case (14, 8...): interface.clock.offset = Int64(bitPattern: reader.order.uint64(value, at: 0))
            default: break
            }
        }
        self.interfaces.append(interface)
    }

    private mutating func readStatistics(
        _ block: Span<UInt8>, _ reader: PcapngBlock, last: Timestamp, notes: inout CaptureNotes
    ) {
        let number = Int(reader.order.uint32(block, at: 8))
        guard number < self.interfaces.count else {
            notes.add(
                .captureMalformed, at: last,
                "statistics of interface \(number) at offset \(reader.offset) of the file; "
                    + "expected one of the \(self.interfaces.count) that the section describes")
            return
        }
        var dropped: Int64 = 0
        reader.forEachOption(block, from: 20) { code, value in
            // isb_ifdrop and isb_osdrop: totals since the capture began.
            guard code == 5 || code == 7, value.count >= 8 else { return }
            dropped = dropped.addingSaturating(Int64(clamping: reader.order.uint64(value, at: 0)))
        }
        let before = self.interfaces[number].droppedByStatistics
        guard dropped > before else { return }
        self.interfaces[number].droppedByStatistics = dropped
        notes.add(
            .captureDropped, at: last,
            "\(dropped) dropped packets, reported of interface \(self.interfacesBefore + number) at offset \(reader.offset) "
                + "of the file; expected none"
        )
    }

    private mutating func readPacket(
        _ block: Span<UInt8>, _ reader: inout PcapngBlock, last: inout Timestamp, notes: inout CaptureNotes,
        _ record: (CaptureRecord, Span<UInt8>) -> Void
    ) {
        let packet = reader.packet(block)
        guard packet.interface < self.interfaces.count else {
            notes.add(
                .captureMalformed, at: last,
                "a packet of interface \(packet.interface) at offset \(reader.offset) of the file; "
                    + "expected one of the \(self.interfaces.count) that the section describes")
            return
        }
        var captured = packet.captured
        if reader.block == .simplePacket {
            let snapLength = self.interfaces[packet.interface].snapLength
            captured = min(captured, snapLength == 0 ? .max : snapLength, packet.room)
            if !self.hadSimplePacket {
                self.hadSimplePacket = true
                notes.add(
                    .captureNoTime, at: last,
                    "a simple packet block, which has no time, at offset \(reader.offset) of the file; "
                        + "expected one that has: such packets get that of the one before")
            }
        }
        guard captured <= packet.room else {
            notes.add(
                .captureMalformed, at: last,
                "a packet of \(captured) bytes in the block at offset \(reader.offset) of the file; "
                    + "expected at most \(packet.room), for which it has room")
            return
        }
        if let units = packet.units {
            last = self.interfaces[packet.interface].clock.timestamp(units)
        }
        let lost = reader.packetsLostBefore(packet, captured: captured, block)
        if lost > 0 {
            self.interfaces[packet.interface].droppedBetweenPackets =
                self.interfaces[packet.interface].droppedBetweenPackets.addingSaturating(lost)
            notes.add(
                .captureDropped, at: last,
                "\(lost) dropped packets before the one at offset \(reader.offset) of the file; expected none")
        }
        record(
            CaptureRecord(
                at: last, linkType: self.interfaces[packet.interface].linkType,
                interface: self.interfacesBefore + packet.interface, originalLength: packet.original),
            block.extracting(packet.start..<packet.start + captured))
    }
}

extension Int64 {
    func addingSaturating(_ other: Int64) -> Int64 {
        let (sum, overflow) = self.addingReportingOverflow(other)
        guard overflow else { return sum }
        return other < 0 ? .min : .max
    }
}
