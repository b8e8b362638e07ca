import Foundation
import Synchronization
import Testing

@testable import sioscope

@Suite("Lines that wait for their reader", .timeLimit(.minutes(5)))
struct LineQueueTests {
    /// Takes what it is let take.
    private final class Reader: Sendable {
        let taken = Mutex("")
        /// Signalled for each time that it may take.
        let gate = DispatchSemaphore(value: 0)

        func write(_ text: String) {
            self.gate.wait()
            self.taken.withLock { $0 += text }
        }
    }

    @Test("a reader that takes nothing costs lines, which are counted, and no time")
    func stalled() {
        let reader = Reader()
        let queue = LineQueue(name: "test", limitBytes: 1000, write: { reader.write($0) })
        // 16 bytes each, and 16 for itself.
        let taken = (0..<100).map { _ in queue.push(String(repeating: "x", count: 15) + "\n") }
        #expect(taken.prefix(31).allSatisfy { $0 })
        #expect(taken.dropFirst(31).allSatisfy { !$0 })
        let began = Date()
        #expect(queue.close(total: 60, stalled: 0.1) == 100)
        #expect(Date().timeIntervalSince(began) < 30)
        #expect(!queue.push("late\n"))
        for _ in 0..<100 { reader.gate.signal() }
    }

    @Test("a reader that is slow gets all, in its order, and has its time at the end")
    func slow() {
        let reader = Reader()
        let queue = LineQueue(name: "test", limitBytes: 1 << 20, write: { reader.write($0) })
        let lines = (0..<5000).map { "line \($0)\n" }
        for line in lines { #expect(queue.push(line)) }
        for _ in lines { reader.gate.signal() }
        #expect(queue.close(total: 60, stalled: 60) == 0)
        #expect(reader.taken.withLock { $0 } == lines.joined())
    }

    @Test("a reader that is gone is told once, and its lines are nobody's loss")
    func gone() {
        let told = Mutex(0)
        let isTold = DispatchSemaphore(value: 0)
        let queue = LineQueue(
            name: "test", limitBytes: 1000, write: { _ in throw ClosedPipe() },
            failed: {
                told.withLock { $0 += 1 }
                isTold.signal()
            })
        queue.push("a\n")
        isTold.wait()
        for _ in 0..<100 { #expect(queue.push("b\n")) }
        #expect(queue.close(total: 60, stalled: 60) == 0)
        #expect(told.withLock { $0 } == 1)
    }
}
