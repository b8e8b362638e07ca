import TimelineModel

/// Reads pcap and pcapng from bytes fed at any cuts, and hands out records as it meets them.
///
/// A record that lies whole in the bytes fed is handed out from there; only one that straddles two feeds is copied,
/// so at most one record is ever held. What breaks behind the file header is a note, never an error: all that is
/// whole before it has been handed out.
public struct CaptureFileDecoder: Sendable {
    /// Largest captured record (pcap) or block (pcapng) that is accepted, in bytes, unless told otherwise: 16 MiB.
    public static let defaultRecordLimit = 16 << 20

    /// Bytes that are waited for before the format is judged; the magic is four, the rest serves the error's text.
    private static let firstLook = 16

    private enum Mode {
        case start
        case pcap
        case pcapng
        case stopped
    }

    /// What was odd, with offsets in the file, in codes `capture.<kebab>`: cut-off, dropped, malformed, no-time,
    /// record-too-long, more-notes. The caller drains it; at most 1,000 undrained notes are kept.
    public var notes: [Anomaly] {
        get { self.kept.list }
        set { self.kept.list = newValue }
    }

    /// Packets that the capturing tool reports as lost (pcapng statistics and drop counts).
    public var droppedPackets: Int64 { self.section.droppedPackets }

    /// False once reading stopped early, or `finish` found the input cut off.
    public private(set) var isComplete = true

    private let recordLimit: Int
    private var mode = Mode.start
    private var pcap: PcapFile?
    private var section = PcapngSection()
    private var failure: CaptureFileError?
    private var kept = CaptureNotes()
    /// Time of the last record.
    private var last = Timestamp.zero
    /// Where the record at hand begins in the file.
    private var offset: Int64 = 0
    /// The begun record, and how long it must be for another look.
    private var held: [UInt8] = []
    private var needed = 0
    /// Bytes of a passed-over block that are still to come.
    private var skipping = 0

    /// - Parameter recordLimit: largest captured record or pcapng block, in bytes. A longer one ends the reading.
    public init(recordLimit: Int = Self.defaultRecordLimit) {
        self.recordLimit = max(64, recordLimit)
    }

    /// Reads on. The span given to `record` is borrowed for the call; it holds the captured bytes.
    ///
    /// - Throws: where the input is no capture at all; again on every later call.
    public mutating func feed(
        _ bytes: Span<UInt8>, _ record: (CaptureRecord, Span<UInt8>) -> Void
    ) throws(CaptureFileError) {
        if let failure = self.failure { throw failure }
        var at = 0
        while at < bytes.count, self.mode != .stopped {
            if self.skipping > 0 {
                let count = min(self.skipping, bytes.count - at)
                self.skipping -= count
                at += count
            } else if self.held.isEmpty {
                at += try self.look(at: bytes.extracting(at..<bytes.count), record)
            } else {
                let count = min(self.needed - self.held.count, bytes.count - at)
                self.held.append(bytes.extracting(at..<at + count))
                at += count
                if self.held.count == self.needed { try self.lookAtHeld(record) }
            }
        }
    }

    /// The end of the input: notes what was cut off.
    ///
    /// - Throws: where the input ended before anything usable.
    public mutating func finish() throws(CaptureFileError) {
        if let failure = self.failure { throw failure }
        defer { self.kept.close(at: self.last) }
        switch self.mode {
        case .stopped: return
        case .start: throw self.failStart()
        case .pcap where self.pcap == nil: throw self.failHeader(.pcap)
        case .pcapng where !self.section.isOpen: throw self.failHeader(.pcapng)
        case .pcap, .pcapng: break
        }
        guard !self.held.isEmpty || self.skipping > 0 else { return }
        let what: String
        let expected: String
        if self.skipping > 0 {
            what = "a block without its last \(Anomaly.bytes(self.skipping))"
            expected = "all of it"
        } else {
            let unit = self.mode == .pcap ? "record" : "block"
            let least = self.isHeaderWhole ? "" : "at least "
            what = "\(Anomaly.bytes(self.held.count)) of a \(unit)"
            expected = "\(least)\(self.needed)"
        }
        self.kept.add(
            .captureCutOff, at: self.last, "\(what) at offset \(self.offset) of the file; expected \(expected)")
        self.isComplete = false
        self.held = []
        self.skipping = 0
        self.mode = .stopped
    }

    /// The begun record's length is known, so `needed` is all of it.
    private var isHeaderWhole: Bool {
        self.mode == .pcap
            ? self.held.count >= (self.pcap?.recordHeaderLength ?? 0) : self.held.count >= PcapngSection.smallestBlock
    }

    // MARK: Looking at one record

    /// Takes records straight from `bytes` as long as they are whole; the begun one at the end is held.
    /// Answers how many bytes that used.
    private mutating func look(
        at bytes: Span<UInt8>, _ record: (CaptureRecord, Span<UInt8>) -> Void
    ) throws(CaptureFileError) -> Int {
        var at = 0
        while at < bytes.count {
            let rest = bytes.extracting(at..<bytes.count)
            switch try self.step(rest, record) {
            case .took(let count):
                self.offset += Int64(count)
                guard count <= rest.count else {
                    self.skipping = count - rest.count
                    return bytes.count
                }
                at += count
            case .need(let count):
                // Only the look at the magic can ask for less than there is.
                if count <= rest.count { continue }
                self.held.append(rest)
                self.needed = count
                return bytes.count
            case .stop:
                self.stop()
                return bytes.count
            }
        }
        return at
    }

    /// Looks at the held record, which has become as long as it asked for.
    private mutating func lookAtHeld(_ record: (CaptureRecord, Span<UInt8>) -> Void) throws(CaptureFileError) {
        // Moved out, so that it can be borrowed while the decoder changes.
        var unit: [UInt8] = []
        swap(&unit, &self.held)
        var answer = try self.step(unit.span, record)
        // The look at the magic can ask for less than it had; both formats begin with more than that.
        if case .need(let count) = answer, count <= unit.count { answer = try self.step(unit.span, record) }
        switch answer {
        case .took(let count):
            self.offset += Int64(count)
            self.skipping = count - unit.count
            unit.removeAll(keepingCapacity: true)
        case .need(let count):
            self.needed = count
        case .stop:
            self.stop()
            return
        }
        swap(&unit, &self.held)
    }

    private mutating func step(
        _ bytes: Span<UInt8>, _ record: (CaptureRecord, Span<UInt8>) -> Void
    ) throws(CaptureFileError) -> CaptureStep {
        switch self.mode {
        case .pcap:
            guard let pcap = self.pcap else { return try self.readPcapHeader(bytes) }
            return pcap.step(
                bytes, offset: self.offset, limit: self.recordLimit, last: &self.last, notes: &self.kept, record)
        case .pcapng:
            do {
                return try self.section.step(
                    bytes, offset: self.offset, limit: self.recordLimit, last: &self.last, notes: &self.kept, record)
            } catch {
                throw self.fail(error)
            }
        case .start:
            guard bytes.count >= Self.firstLook else { return .need(Self.firstLook) }
            if bytes.network32(at: 0) == PcapngSection.sectionHeaderType {
                self.mode = .pcapng
                return .need(PcapngSection.smallestBlock)
            }
            guard PcapMagic(bytes) != nil else {
                throw self.fail(.notACapture(first: [UInt8](bytes, prefix: Self.firstLook)))
            }
            self.mode = .pcap
            return .need(PcapFile.headerLength)
        case .stopped:
            return .stop
        }
    }

    private mutating func readPcapHeader(_ bytes: Span<UInt8>) throws(CaptureFileError) -> CaptureStep {
        guard bytes.count >= PcapFile.headerLength, let magic = PcapMagic(bytes) else {
            return .need(PcapFile.headerLength)
        }
        do {
            self.pcap = try PcapFile(magic, bytes)
        } catch {
            throw self.fail(error)
        }
        return .took(PcapFile.headerLength)
    }

    // MARK: Ends

    private mutating func stop() {
        self.mode = .stopped
        self.isComplete = false
        self.held = []
    }

    private mutating func fail(_ error: CaptureFileError) -> CaptureFileError {
        self.failure = error
        self.isComplete = false
        self.held = []
        return error
    }

    private mutating func failStart() -> CaptureFileError {
        switch CaptureFormat.sniff(self.held.span) {
        case .empty: self.fail(.empty)
        case .pcap: self.fail(.headerCutOff(.pcap, bytes: self.held.count, expected: PcapFile.headerLength))
        case .pcapng:
            self.fail(
                .headerCutOff(
                    .pcapng, bytes: self.held.count, expected: BlockKind.sectionHeader.smallestLength))
        case .gzip, .json, .text, .unknown: self.fail(.notACapture(first: self.held))
        }
    }

    private mutating func failHeader(_ format: CaptureFormat) -> CaptureFileError {
        self.fail(.headerCutOff(format, bytes: self.held.count, expected: self.needed))
    }
}

extension [UInt8] {
    /// The bytes of `span`, or the first `prefix` of them.
    init(_ span: Span<UInt8>, prefix: Int = .max) {
        self = []
        self.append(span.extracting(0..<Swift.min(prefix, span.count)))
    }

    mutating func append(_ span: Span<UInt8>) {
        span.withUnsafeBufferPointer { self.append(contentsOf: $0) }
    }
}
