internal import Foundation
internal import TimelineModel

/// What a pass shows, in its order.
enum Sight: Sendable {
    case frame(Frame)
    indirect case exchange(ExchangeFacts)
    indirect case anomaly(Anomaly)
}

/// Shows a witness what a pass reads on a thread of its own: reading a timeline and judging it take a core each.
final class WitnessThread<Witness: CaptureWitness & Sendable>: @unchecked Sendable {
    private let queue = BatchQueue<[Sight]>()
    private let isDone = DispatchSemaphore(value: 0)
    // The thread's alone until `isDone`.
    private var witness: Witness

    init(_ witness: Witness) {
        self.witness = witness
        let thread = Thread { [self] in
            while let sights = self.queue.pop() {
                for sight in sights {
                    switch sight {
                    case .frame(let frame): self.witness.see(frame)
                    case .exchange(let exchange): self.witness.see(exchange)
                    case .anomaly(let anomaly): self.witness.see(anomaly)
                    }
                }
            }
            self.isDone.signal()
        }
        thread.start()
    }

    func push(_ sights: [Sight]) {
        _ = self.queue.push(sights)
    }

    /// Waits until the witness has seen everything.
    func finish() -> Witness {
        self.queue.close()
        self.isDone.wait()
        return self.witness
    }
}

/// Collects what a pass reads, and hands it on by the batch.
struct WitnessRelay<Witness: CaptureWitness & Sendable>: CaptureWitness {
    private static var batchCount: Int { 256 }

    private let thread: WitnessThread<Witness>
    private var batch: [Sight] = []

    init(_ thread: WitnessThread<Witness>) {
        self.thread = thread
    }

    mutating func see(_ frame: Frame) { self.add(.frame(frame)) }
    mutating func see(_ exchange: ExchangeFacts) { self.add(.exchange(exchange)) }
    mutating func see(_ anomaly: Anomaly) { self.add(.anomaly(anomaly)) }

    private mutating func add(_ sight: Sight) {
        if self.batch.isEmpty { self.batch.reserveCapacity(Self.batchCount) }
        self.batch.append(sight)
        if self.batch.count == Self.batchCount { self.flush() }
    }

    /// Hands on what is left.
    mutating func flush() {
        self.thread.push(self.batch)
        self.batch = []
    }
}
