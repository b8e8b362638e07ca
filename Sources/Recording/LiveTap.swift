public import TimelineModel

/// A live source of traffic. It decodes what it sees and hands rows to a `LiveRecording`.
public protocol LiveTap: AnyObject, Sendable {
    /// The captures that it fills, one for each place where it listens; rows name theirs by its place here.
    var captures: [CaptureFacts] { get }

    /// Begins, and returns once nothing that happens from now on is missed (the device is open, the socket listens).
    ///
    /// - Parameter ended: called at most once, from any thread, when the source is at its end by itself, or fails; behind
    ///   `stop` with ``NothingRecorded`` where there was nothing to record until then.
    /// - Returns: what is being listened to, for the user: `listening on 127.0.0.1:9000, forwarding to ...`.
    func start(_ recording: LiveRecording, ended: @escaping @Sendable ((any Error)?) -> Void) throws -> String

    /// What went wrong beside what the rows tell, for the summary: `3 connections of clients got no answer of the
    /// server`. Nil where nothing did.
    var trouble: String? { get }

    /// Ends it. Everything that was seen has been handed over when it returns.
    func stop()
}

extension LiveTap {
    public var trouble: String? { nil }
}

/// The source had given nothing to record when it was stopped: an error where its time was up, and none where the user
/// did not want to wait any longer.
public struct NothingRecorded: Error, CustomStringConvertible {
    public let description: String

    public init(_ description: String) {
        self.description = description
    }
}
