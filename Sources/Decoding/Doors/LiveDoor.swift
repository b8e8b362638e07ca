import TimelineModel

/// A way in for traffic that is decoded while it goes on.
///
/// Rows come with `tick` and `finish`: frames and anomalies once, the newest state of every connection, session and
/// exchange that changed, those that still run included (no `ended`, no `endClass`). What a frame refers to is in the
/// same batch or was in an earlier one. After `finish` the last state of each row is what a decoder of the whole input
/// gives; only where frames were held back for longer than `DecodingLimits.holdNs` ids and order may differ, and bytes
/// that come behind the time in which they were waited for are missing.
public protocol LiveDoor: AnyObject {
    /// What is known of the capture by now; whole after `finish`.
    var facts: CaptureFacts { get }

    /// Frames that the next `tick` will deliver: where there are some thousand, it should not wait.
    var readyFrames: Int { get }

    /// Time goes on, to be told a few times a second: what is ready is delivered, nothing where there is nothing.
    ///
    /// - Parameter at: now, by the clock of what is fed.
    func tick(at: Timestamp, _ deliver: (TimelineBatch) -> Void)

    /// The end of the recording: everything that is open is closed, and the last batch delivered.
    func finish(_ deliver: (TimelineBatch) -> Void)
}

extension DecodingContext {
    /// What every live door does with a tick.
    func tick(at: Timestamp, _ deliver: (TimelineBatch) -> Void) {
        self.tick(at: at)
        let batch = self.drain()
        if !batch.isEmpty { deliver(batch) }
    }
}
