import TimelineModel
import Wire

/// Finds where the clock of a capture was set: a step back shows by itself, one forward by the clocks of those who sent.
final class ClockSteps {
    /// Packets of several interfaces may be a little out of order; a larger step back is the clock's.
    private static let smallestBackNs: Int64 = 100_000_000
    /// So many are told at most.
    private static let limit = 100
    /// Of so many silences at most it is known where they were.
    private static let rememberedSilences = 64

    private let log: TimelineLog
    private var count = 0
    /// Times without a packet, long enough for a step.
    private var silences: [(from: Timestamp, to: Timestamp)] = []
    private var toldForward: Timestamp?

    init(_ log: TimelineLog) {
        self.log = log
    }

    /// Each packet's time, and that of the packet before it: behind a step back all are earlier than the latest.
    func receive(_ at: Timestamp, after previous: Timestamp) {
        let back = previous.nanoseconds(since: at)
        if back >= Self.smallestBackNs {
            self.tell("the time goes back by \(back / 1_000_000) ms; expected it to go on", at: at)
        } else if back < -SenderClock.smallestNs {
            if self.silences.count == Self.rememberedSilences { self.silences.removeFirst() }
            self.silences.append((previous, at))
        }
    }

    /// Both ends of a connection were left behind between the same packets. It is a step of the capture's clock where
    /// nothing else was captured meanwhile; each is told once, whatever the number of connections.
    func leftBehind(_ step: SenderClock.Step) {
        let within = self.silences.filter {
            $0.from >= step.from && $0.to <= step.to && $0.to.nanoseconds(since: $0.from) >= step.byNs / 10 * 9
        }
        guard within.count == 1, let silence = within.first, self.toldForward != silence.to else { return }
        self.toldForward = silence.to
        self.tell(
            "the time goes forward by \(step.byNs / 1_000_000) ms more than the TCP timestamps of both ends; "
                + "expected the same (the clock was set, or the machine slept)",
            at: silence.to)
    }

    private func tell(_ detail: String, at: Timestamp) {
        guard self.count < Self.limit else { return }
        self.count += 1
        self.log.add(Anomaly("capture.clock-step", at: at, detail: detail))
    }
}

/// The clocks of both ends of a connection.
struct ConnectionClocks {
    private var low = SenderClock()
    private var high = SenderClock()
    private var lowStep: SenderClock.Step?
    private var highStep: SenderClock.Step?

    /// A segment's TSval; a step once both ends show the same one.
    mutating func receive(_ value: UInt32, from side: FlowSide, at: Timestamp) -> SenderClock.Step? {
        guard let step = side == .low ? self.low.receive(value, at: at) : self.high.receive(value, at: at) else {
            return nil
        }
        if side == .low { self.lowStep = step } else { self.highStep = step }
        guard let low = self.lowStep, let high = self.highStep else { return nil }
        let both = SenderClock.Step(
            from: max(low.from, high.from), to: min(low.to, high.to), byNs: min(low.byNs, high.byNs))
        guard both.from < both.to, abs(low.byNs - high.byNs) <= 200_000_000 + both.byNs / 32 else { return nil }
        (self.lowStep, self.highStep) = (nil, nil)
        return both
    }
}
