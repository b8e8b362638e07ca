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
    /// Packets of several interfaces may be a little out of order; a larger step back is the clock's.
    private static let clockStepNs: Int64 = 100_000_000

    public private(set) var facts: CaptureFacts
    private var file = CaptureFileDecoder()
    private var link = LinkDecoder()
    private let context: DecodingContext
    private let flows: FlowTable
    private var unsupported: (error: LinkError, count: Int64)?
    private var clockSteps = 0
    /// Time of the packet before.
    private var previous: Timestamp?

    public init(_ facts: CaptureFacts, limits: DecodingLimits = DecodingLimits()) {
        self.facts = facts
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
        if let unsupported = self.unsupported, unsupported.count == self.facts.packets {
            throw .link(unsupported.error)
        }
        let at = self.facts.ended ?? .zero
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
                        "\(unsupported.count) of \(self.facts.packets) packets not read: \(unsupported.error.description)"
                ))
        }
        for session in self.context.sessions.finished() {
            self.context.log.add(session)
            if !session.completeHead { self.facts.completeHead = false }
        }
        // What a file claims to have dropped may be any number.
        let (dropped, overflow) = self.file.droppedPackets.addingReportingOverflow(self.link.counters.truncatedPackets)
        self.facts.droppedPackets = overflow ? .max : dropped
        self.facts.otherRequests = self.context.otherRequests
        self.facts.completeTail = self.file.isComplete
        deliver(self.context.log.drain())
    }

    private func receive(_ record: CaptureRecord, _ packet: Span<UInt8>) {
        self.noteTime(record.at)
        self.facts.packets += 1
        self.facts.bytes += Int64(packet.count)
        do throws(LinkError) {
            try self.link.decode(record, packet) { segment, payload in
                self.flows.receive(segment, payload)
            }
        } catch {
            self.unsupported = (error, (self.unsupported?.count ?? 0) + 1)
        }
    }

    private func noteTime(_ at: Timestamp) {
        if self.facts.started == nil { self.facts.started = at }
        self.facts.ended = max(at, self.facts.ended ?? at)
        defer { self.previous = at }
        // Against the packet before and not the latest: behind a step all are earlier than that.
        guard let back = self.previous?.nanoseconds(since: at), back >= Self.clockStepNs, self.clockSteps < 100 else {
            return
        }
        self.clockSteps += 1
        self.context.log.add(
            Anomaly("capture.clock-step", at: at, detail: "the time goes back by \(back / 1_000_000) ms"))
    }

    private func takeNotes() {
        guard !self.file.notes.isEmpty else { return }
        for note in self.file.notes { self.context.log.add(note) }
        self.file.notes.removeAll()
    }
}
