import Dispatch
import Recording
import Synchronization
import Testing

@Suite("Decoding thread")
struct DecodingThreadTests {
    @Test("handles all events in their order before it stops")
    func order() {
        let seen = Mutex<[Int]>([])
        let thread = DecodingThread<Int>(
            name: "order", handle: { event in seen.withLock { $0.append(event) } }, tick: {})
        for event in 0..<10_000 { #expect(thread.push(event, bytes: 100)) }
        thread.stop()
        #expect(seen.withLock { $0 } == Array(0..<10_000))
        #expect(!thread.push(10_000, bytes: 100))
    }

    @Test("handles an event that stays alone")
    func alone() {
        let handled = DispatchSemaphore(value: 0)
        let thread = DecodingThread<Int>(name: "alone", handle: { _ in handled.signal() }, tick: {})
        for event in 0..<3 {
            #expect(thread.push(event, bytes: 1))
            #expect(handled.wait(timeout: .now() + 30) == .success)
        }
        thread.stop()
    }

    @Test("lets no event gather that is waited for", arguments: [false, true])
    func hurry(isWorking: Bool) {
        let began = DispatchSemaphore(value: 0)
        let goOn = DispatchSemaphore(value: isWorking ? 0 : 3)
        let thread = DecodingThread<Int>(
            name: "hurry", gatheringSeconds: 3_600,
            handle: { _ in
                began.signal()
                goOn.wait()
            }, tick: {})
        for event in 0..<3 {
            #expect(thread.push(event, bytes: 1))
            thread.hurry()
            if !isWorking || event == 0 { #expect(began.wait(timeout: .now() + 30) == .success) }
        }
        for _ in 0..<3 { goOn.signal() }
        if isWorking {
            for _ in 0..<2 { #expect(began.wait(timeout: .now() + 30) == .success) }
        }
        thread.stop()
    }

    @Test("refuses what does not fit, and takes more once there is room")
    func room() {
        let began = DispatchSemaphore(value: 0)
        let goOn = DispatchSemaphore(value: 0)
        let seen = Mutex<[Int]>([])
        let thread = DecodingThread<Int>(
            name: "room", limitBytes: 1_000,
            handle: { event in
                began.signal()
                goOn.wait()
                seen.withLock { $0.append(event) }
            }, tick: {})
        #expect(thread.push(0, bytes: 400))
        #expect(began.wait(timeout: .now() + 30) == .success)
        // It is being handled, and its bytes count until it has been.
        #expect(thread.push(1, bytes: 600))
        #expect(!thread.push(2, bytes: 1))
        for _ in 0..<3 { goOn.signal() }
        #expect(began.wait(timeout: .now() + 30) == .success)
        while !thread.push(3, bytes: 700) {}
        thread.stop()
        #expect(seen.withLock { $0 } == [0, 1, 3])
    }

    @Test("ticks a last time behind the last event")
    func lastTick() {
        let log = Mutex<[String]>([])
        let thread = DecodingThread<Int>(
            name: "ticks", handle: { event in log.withLock { $0.append("event \(event)") } },
            tick: { log.withLock { $0.append("tick") } })
        #expect(thread.push(1, bytes: 1))
        thread.stop()
        #expect(log.withLock { $0 }.suffix(2) == ["event 1", "tick"])
    }
}
