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

/// The door for link bytes: a capture file, fed at any cuts, becomes rows of a timeline.
///
/// Memory is bounded by `DecodingLimits` and grows with the number of open connections and of sessions, not with the
/// length of the capture. Time is linear in its bytes.
public final class CaptureDecoder {
    /// Frames in a batch, about: enough to make a hand-over to the writer worth it, and an array that the allocator
    /// takes from its heap, not fresh from the system each time.
    private static let batchFrames = 384

    public var facts: CaptureFacts { self.known }
    private var known: CaptureFacts
    private var file = CaptureFileDecoder()
    private var link = LinkDecoder()
    private let context: DecodingContext
    private let flows: FlowTable
    private var unsupported: (error: LinkError, count: Int64)?
    /// Time of the packet before.
    private var previous: Timestamp?

    public init(_ facts: CaptureFacts, limits: DecodingLimits = DecodingLimits()) {
        self.known = facts
        self.context = DecodingContext(limits)
        self.flows = FlowTable(self.context)
    }

    /// Decodes the next bytes of the file; full batches go to `deliver`.
    public func feed(_ bytes: Span<UInt8>, _ deliver: (TimelineBatch) -> Void) throws(CaptureDecodeError) {
        do throws(CaptureFileError) {
            try self.file.feed(bytes) { record, packet in
                self.receive(record, packet)
                if self.context.log.readyFrames >= Self.batchFrames { deliver(self.context.log.drain()) }
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
        if let unsupported = self.unsupported, unsupported.count == self.known.packets {
            throw .link(unsupported.error)
        }
        let at = self.known.ended ?? .zero
        self.link.finish()
        self.takeNotes()
        self.flows.finish(at: at)
        self.context.log.releaseAll()
        for anomaly in self.link.counters.anomalies(at: at) { self.context.log.add(anomaly) }
        if let unsupported = self.unsupported {
            self.context.log.add(
                Anomaly(
                    "link.unsupported", at: at,
                    detail:
                        "\(unsupported.count) of \(self.known.packets) packets not read: \(unsupported.error.description)"
                ))
        }
        for session in self.context.sessions.finished() {
            self.context.log.add(session)
            if !session.completeHead { self.known.completeHead = false }
        }
        // What a file claims to have dropped may be any number.
        let (dropped, overflow) = self.file.droppedPackets.addingReportingOverflow(self.link.counters.truncatedPackets)
        self.known.droppedPackets = overflow ? .max : dropped
        self.known.otherRequests = self.context.otherRequests
        self.known.completeTail = self.file.isComplete
        deliver(self.context.log.drain())
    }

    private func receive(_ record: CaptureRecord, _ packet: Span<UInt8>) {
        self.noteTime(record.at)
        self.known.packets += 1
        self.known.bytes += Int64(packet.count)
        do throws(LinkError) {
            try self.link.decode(record, packet) { segment, payload in
                self.flows.receive(segment, payload)
            }
        } catch {
            self.unsupported = (error, (self.unsupported?.count ?? 0) + 1)
        }
    }

    private func noteTime(_ at: Timestamp) {
        if self.known.started == nil { self.known.started = at }
        self.known.ended = max(at, self.known.ended ?? at)
        if let previous = self.previous { self.context.clockSteps.receive(at, after: previous) }
        self.previous = at
    }

    private func takeNotes() {
        guard !self.file.notes.isEmpty else { return }
        for note in self.file.notes { self.context.log.add(note) }
        self.file.notes.removeAll()
    }
}
