import TimelineModel

/// A way in: takes an input as bytes, fed at any cuts, and gives rows of a timeline.
public protocol Door: AnyObject {
    /// What is known of the capture; whole after `finish`. May be asked for at any time, by `deliver` as well.
    var facts: CaptureFacts { get }

    /// Decodes the next bytes; `deliver` gets full batches.
    func feed(_ bytes: Span<UInt8>, _ deliver: (TimelineBatch) -> Void) throws

    /// The end of the input: everything that is open is closed, and the last batch delivered.
    func finish(_ deliver: (TimelineBatch) -> Void) throws
}

extension CaptureDecoder: Door {}
