import TimelineModel
import Wire

/// Why a capture cannot be decoded at all.
public enum CaptureDecodeError: Error, Hashable, Sendable, CustomStringConvertible {
    case file(CaptureFileError)
    case link(LinkError)

    public var description: String {
        switch self {
        case .file(let error): error.description
        case .link(let error): error.description
        }
    }
}

/// The door for a capture file, fed at any cuts: its packets become rows of a timeline.
///
/// Memory and time are those of `PacketDecoder`.
public final class CaptureDecoder {
    /// Frames in a batch, about: enough to make a hand-over to the writer worth it, and an array that the allocator
    /// takes from its heap, not fresh from the system each time.
    private static let batchFrames = 384

    private var file = CaptureFileDecoder()
    private let packets: PacketDecoder
    /// The file's own word for it, as it was after the last bytes: `deliver` may ask for the facts while they are read.
    private var isComplete = true

    public init(_ facts: CaptureFacts, limits: DecodingLimits = DecodingLimits()) {
        self.packets = PacketDecoder(facts, limits: limits, isLive: false)
    }

    public var facts: CaptureFacts {
        var facts = self.packets.facts
        facts.completeTail = self.isComplete
        return facts
    }

    /// Decodes the next bytes of the file; full batches go to `deliver`.
    public func feed(_ bytes: Span<UInt8>, _ deliver: (TimelineBatch) -> Void) throws(CaptureDecodeError) {
        do throws(CaptureFileError) {
            try self.file.feed(bytes) { record, packet in
                self.packets.receive(record, packet)
                if self.packets.readyFrames >= Self.batchFrames { deliver(self.packets.drain()) }
            }
        } catch {
            throw .file(error)
        }
        self.takeNotes()
    }

    /// The end of the file: everything that is open is closed, and the last batch delivered.
    public func finish(_ deliver: (TimelineBatch) -> Void) throws(CaptureDecodeError) {
        do throws(CaptureFileError) {
            try self.file.finish()
        } catch {
            throw .file(error)
        }
        if let error = self.packets.failure { throw .link(error) }
        self.takeNotes()
        self.packets.droppedPackets = self.file.droppedPackets
        self.packets.finish(deliver)
    }

    private func takeNotes() {
        self.isComplete = self.file.isComplete
        guard !self.file.notes.isEmpty else { return }
        for note in self.file.notes { self.packets.add(note) }
        self.file.notes.removeAll()
    }
}
