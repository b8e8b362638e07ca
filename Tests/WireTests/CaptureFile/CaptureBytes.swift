import TimelineModel
import Wire

/// Writes numbers in a byte order, for hand-made files.
struct ByteWriter {
    var isBig = false
    var bytes: [UInt8] = []

    mutating func put<Number: FixedWidthInteger>(_ number: Number) {
        withUnsafeBytes(of: self.isBig ? number.bigEndian : number.littleEndian) { self.bytes.append(contentsOf: $0) }
    }

    mutating func put(_ bytes: [UInt8]) {
        self.bytes += bytes
    }

    mutating func pad() {
        while self.bytes.count % 4 != 0 { self.bytes.append(0) }
    }
}

/// Hand-made pcap.
struct PcapBytes {
    private var writer: ByteWriter
    private let recordHeader: Int

    init(
        isBig: Bool = false, magic: UInt32 = 0xA1B2_C3D4, major: UInt16 = 2, minor: UInt16 = 4, linkType: UInt32 = 1
    ) {
        self.writer = ByteWriter(isBig: isBig)
        self.recordHeader = magic == 0xA1B2_CD34 ? 24 : 16
        self.writer.put(magic)
        self.writer.put(major)
        self.writer.put(minor)
        self.writer.put(UInt64(0))
        self.writer.put(UInt32(65_535))
        self.writer.put(linkType)
    }

    func record(_ seconds: UInt32, _ fraction: UInt32, _ data: [UInt8], first: Int? = nil, second: Int? = nil) -> Self {
        var copy = self
        copy.writer.put(seconds)
        copy.writer.put(fraction)
        copy.writer.put(UInt32(first ?? data.count))
        copy.writer.put(UInt32(second ?? data.count))
        copy.writer.put([UInt8](repeating: 0xEE, count: self.recordHeader - 16))
        copy.writer.put(data)
        return copy
    }

    var bytes: [UInt8] { self.writer.bytes }
}

/// Hand-made pcapng.
struct PcapngBytes {
    private(set) var bytes: [UInt8] = []
    private var isBig = false

    /// A section header begins the byte order that the blocks behind it use.
    func section(isBig: Bool = false, major: UInt16 = 1, length: Int64 = -1) -> Self {
        var copy = self
        copy.isBig = isBig
        return copy.block(0x0A0D_0D0A) {
            $0.put(UInt32(0x1A2B_3C4D))
            $0.put(major)
            $0.put(UInt16(0))
            $0.put(length)
        }
    }

    func interface(_ linkType: UInt16 = 1, snapLength: UInt32 = 0, options: [(UInt16, [UInt8])] = []) -> Self {
        self.block(1) {
            $0.put(linkType)
            $0.put(UInt16(0))
            $0.put(snapLength)
            Self.put(options, &$0)
        }
    }

    func enhanced(
        _ interface: UInt32 = 0, units: UInt64, _ data: [UInt8], captured: Int? = nil, original: Int? = nil,
        options: [(UInt16, [UInt8])] = []
    ) -> Self {
        self.block(6) {
            $0.put(interface)
            $0.put(UInt32(units >> 32))
            $0.put(UInt32(truncatingIfNeeded: units))
            $0.put(UInt32(captured ?? data.count))
            $0.put(UInt32(original ?? data.count))
            $0.put(data)
            $0.pad()
            Self.put(options, &$0)
        }
    }

    func obsolete(_ interface: UInt16, drops: UInt16, units: UInt64, _ data: [UInt8]) -> Self {
        self.block(2) {
            $0.put(interface)
            $0.put(drops)
            $0.put(UInt32(units >> 32))
            $0.put(UInt32(truncatingIfNeeded: units))
            $0.put(UInt32(data.count))
            $0.put(UInt32(data.count))
            $0.put(data)
            $0.pad()
        }
    }

    func simple(_ data: [UInt8], original: Int? = nil) -> Self {
        self.block(3) {
            $0.put(UInt32(original ?? data.count))
            $0.put(data)
            $0.pad()
        }
    }

    func statistics(_ interface: UInt32, _ counts: [(UInt16, UInt64)]) -> Self {
        let isBig = self.isBig
        return self.block(5) {
            $0.put(interface)
            $0.put(UInt64(0))
            Self.put(
                counts.map { code, count in
                    var value = ByteWriter(isBig: isBig)
                    value.put(count)
                    return (code, value.bytes)
                }, &$0)
        }
    }

    func block(_ type: UInt32, trailer: UInt32? = nil, _ body: (inout ByteWriter) -> Void) -> Self {
        var inner = ByteWriter(isBig: self.isBig)
        body(&inner)
        var outer = ByteWriter(isBig: self.isBig)
        let length = UInt32(inner.bytes.count + 12)
        outer.put(type)
        outer.put(length)
        outer.put(inner.bytes)
        outer.put(trailer ?? length)
        return self.raw(outer.bytes)
    }

    func raw(_ bytes: [UInt8]) -> Self {
        var copy = self
        copy.bytes += bytes
        return copy
    }

    private static func put(_ options: [(UInt16, [UInt8])], _ writer: inout ByteWriter) {
        guard !options.isEmpty else { return }
        for (code, value) in options {
            writer.put(code)
            writer.put(UInt16(value.count))
            writer.put(value)
            writer.pad()
        }
        writer.put(UInt32(0))
    }
}

/// All that a capture file decoder said, in order of saying.
enum CaptureEvent: Equatable {
    case record(CaptureRecord, [UInt8])
    case note(String, String)
    case failure(CaptureFileError)
    case end(dropped: Int64, isComplete: Bool)
}

extension CaptureFileDecoder {
    /// Feeds all chunks, and finishes.
    static func events(_ chunks: [[UInt8]], recordLimit: Int = Self.defaultRecordLimit) -> [CaptureEvent] {
        var decoder = CaptureFileDecoder(recordLimit: recordLimit)
        var events: [CaptureEvent] = []
        do throws(CaptureFileError) {
            for chunk in chunks {
                try decoder.feed(chunk.span) { record, bytes in
                    events.append(.record(record, bytes.withUnsafeBufferPointer(Array.init)))
                }
            }
            try decoder.finish()
        } catch {
            events.append(.failure(error))
        }
        events += decoder.notes.map { .note($0.code.text, $0.detail) }
        events.append(.end(dropped: decoder.droppedPackets, isComplete: decoder.isComplete))
        return events
    }
}
