import TimelineModel

/// What a capture decoder has to say besides records; bounded, so that a hostile file cannot fill memory with it.
struct CaptureNotes: Sendable {
    /// Undrained notes that are kept.
    static let limit = 1_000

    var list: [Anomaly] = []
    /// Notes that came while `list` was full.
    private(set) var suppressed = 0

    mutating func add(_ code: Anomaly.Code, at: Timestamp, _ detail: @autoclosure () -> String) {
        guard self.list.count < Self.limit else {
            self.suppressed += 1
            return
        }
        self.list.append(Anomaly(code, at: at, detail: detail()))
    }

    /// Says how many were left out; once, past the limit.
    mutating func close(at: Timestamp) {
        guard self.suppressed > 0 else { return }
        let more = "\(self.suppressed) further notes on this file were not kept"
        self.list.append(Anomaly(.captureMoreNotes, at: at, detail: more))
        self.suppressed = 0
    }
}

extension Anomaly.Code {
    /// The input ended inside a record.
    static let captureCutOff = Anomaly.Code("capture.cut-off")
    /// The capturing tool reports packets that it lost.
    static let captureDropped = Anomaly.Code("capture.dropped")
    /// A record or block says what cannot be; what follows says whether reading went on.
    static let captureMalformed = Anomaly.Code("capture.malformed")
    /// A record longer than the decoder's limit; reading stopped.
    static let captureRecordTooLong = Anomaly.Code("capture.record-too-long")
    /// Records of a kind that carries no time.
    static let captureNoTime = Anomaly.Code("capture.no-time")
    /// More notes than are kept.
    static let captureMoreNotes = Anomaly.Code("capture.more-notes")
}

/// What one look at the bytes of a record came to.
enum CaptureStep {
    /// Not all there: look again when this many bytes are, counted from the start of the record.
    case need(Int)
    /// Done with so many bytes from the start of the record; more than are there means that the rest is passed over.
    case took(Int)
    /// Nothing behind this can be read; a note says why.
    case stop
}
