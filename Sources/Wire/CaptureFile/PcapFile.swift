import TimelineModel

/// The first four bytes of a pcap file: the byte order, the unit of time and the shape of the record header.
struct PcapMagic {
    let order: ByteOrder
    /// Nanoseconds in one unit of a record's fraction of a second.
    let fractionNs: Int64
    /// 16; 24 in Alexey Kuznetsov's variant, which adds interface, protocol and packet type.
    let recordHeader: Int

    /// Nil where `first` is shorter than four bytes or begins with none of the magics.
    init?(_ first: Span<UInt8>) {
        guard first.count >= 4 else { return nil }
        let value = first.network32(at: 0)
        let swapped = value.byteSwapped
        switch (value, swapped) {
        case (0xA1B2_C3D4, _), (0xA1B2_3C4D, _), (0xA1B2_CD34, _): self.order = .big
        case (_, 0xA1B2_C3D4), (_, 0xA1B2_3C4D), (_, 0xA1B2_CD34): self.order = .little
        default: return nil
        }
        let magic = self.order == .big ? value : swapped
        self.fractionNs = magic == 0xA1B2_3C4D ? 1 : 1_000
        self.recordHeader = magic == 0xA1B2_CD34 ? 24 : 16
    }
}

/// A pcap file behind its header: how to read its records.
///
/// Source: draft-ietf-opsawg-pcap.
struct PcapFile: Sendable {
    static let headerLength = 24

    /// Which of a record's two lengths stands first.
    enum LengthOrder {
        case capturedFirst
        /// Before version 2.3.
        case originalFirst
        /// Version 2.3 was written both ways; the captured length is the smaller one.
        case smallerIsCaptured
    }

    private let order: ByteOrder
    private let fractionNs: Int64
    let recordHeaderLength: Int
    private let lengthOrder: LengthOrder
    private let linkType: LinkType

    /// Reads the 24 bytes of the file header, which the caller has made sure of.
    init(_ magic: PcapMagic, _ header: Span<UInt8>) throws(CaptureFileError) {
        self.order = magic.order
        self.fractionNs = magic.fractionNs
        self.recordHeaderLength = magic.recordHeader
        let major = magic.order.uint16(header, at: 4)
        let minor = magic.order.uint16(header, at: 6)
        guard major == 2 else { throw .version(.pcap, major: major, minor: minor) }
        self.lengthOrder = minor > 3 ? .capturedFirst : minor == 3 ? .smallerIsCaptured : .originalFirst
        // The six upper bits tell of a frame check sequence; IP's own length already cuts that off.
        self.linkType = LinkType(rawValue: magic.order.uint32(header, at: 20) & 0x03FF_FFFF)
    }

    /// Reads the record at the start of `bytes`; `offset` is where that is in the file.
    @inline(__always)
    func step(
        _ bytes: Span<UInt8>, offset: Int64, limit: Int, last: inout Timestamp, notes: inout CaptureNotes,
        _ record: (CaptureRecord, Span<UInt8>) -> Void
    ) -> CaptureStep {
        guard bytes.count >= self.recordHeaderLength else { return .need(self.recordHeaderLength) }
        var captured = Int(self.order.uint32(bytes, at: 8))
        var original = Int(self.order.uint32(bytes, at: 12))
        switch self.lengthOrder {
        case .capturedFirst: break
        case .originalFirst: swap(&captured, &original)
        case .smallerIsCaptured: if captured > original { swap(&captured, &original) }
        }
        guard captured <= limit else {
            notes.add(
                .captureRecordTooLong, at: last,
                "a record of \(captured) bytes at offset \(offset) of the file; expected at most \(limit), reading stopped there"
            )
            return .stop
        }
        let end = self.recordHeaderLength + captured
        guard bytes.count >= end else { return .need(end) }
        // At most 2^32 s and 2^32 µs: no overflow.
        let seconds = Int64(self.order.uint32(bytes, at: 0))
        let fraction = Int64(self.order.uint32(bytes, at: 4))
        last = Timestamp(nanoseconds: seconds * 1_000_000_000 + fraction * self.fractionNs)
        record(
            CaptureRecord(at: last, linkType: self.linkType, originalLength: original),
            bytes.extracting(self.recordHeaderLength..<end))
        return .took(end)
    }
}
