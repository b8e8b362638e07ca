import Testing
import TimelineModel

@testable import Decoding

@Suite("The order of frames")
struct TimelineLogTests {
    private func frame(_ ms: Int64, connection: Int64 = 1, bytes: Int = 0) -> Frame {
        Frame(
            connectionID: connection, at: Timestamp(nanoseconds: ms), sender: .client, transport: .websocket,
            layer: .engineio,
            sizeBytes: bytes, wireBytes: bytes, binary: bytes > 0 ? [UInt8](repeating: 0, count: bytes) : nil)
    }

    @Test("frames pass straight through, with ids from 1 and their anomalies")
    func passes() {
        let log = TimelineLog(DecodingLimits())
        log.add(self.frame(2))
        log.add(self.frame(1), [Anomaly("x.y", at: .zero, detail: "d")])
        let batch = log.drain()
        #expect(batch.frames.map(\.id) == [1, 2])
        #expect(batch.frames.map(\.at.nanoseconds) == [2, 1])
        #expect(batch.anomalies.map(\.frameID) == [2])
        #expect(log.drain().isEmpty)
    }

    @Test("while a connection is held others wait; then all come in the order of time")
    func holds() {
        let log = TimelineLog(DecodingLimits())
        log.hold(1, since: Timestamp(nanoseconds: 5))
        log.hold(2, since: Timestamp(nanoseconds: 6))
        log.add(self.frame(7, connection: 3), [Anomaly("x.y", at: .zero, detail: "d")])
        log.add(self.frame(9, connection: 3))
        log.add(self.frame(7, connection: 4))
        log.hold(9, since: nil)
        log.hold(1, since: nil)
        #expect(log.drain().isEmpty)
        log.add(self.frame(6, connection: 2))
        log.hold(2, since: nil)
        let batch = log.drain()
        #expect(batch.frames.map(\.at.nanoseconds) == [6, 7, 7, 9])
        #expect(batch.frames.map(\.connectionID) == [2, 3, 4, 3])
        #expect(batch.frames.map(\.id) == [1, 2, 3, 4])
        #expect(batch.anomalies.first?.frameID == 2)
    }

    @Test("what waits is bounded, by number and by bytes")
    func limits() {
        var limits = DecodingLimits()
        limits.waitingFrames = 3
        limits.waitingBytes = 100
        let log = TimelineLog(limits)
        log.hold(1, since: .zero)
        for ms in [4, 3, 2] as [Int64] { log.add(self.frame(ms)) }
        #expect(log.readyFrames == 0)
        log.add(self.frame(1))
        #expect(log.drain().frames.map(\.at.nanoseconds) == [1, 2, 3, 4])
        log.add(self.frame(5, bytes: 60))
        #expect(log.readyFrames == 0)
        log.add(self.frame(6, bytes: 60))
        #expect(log.readyFrames == 2)
        log.add(self.frame(7, bytes: 60))
        #expect(log.readyFrames == 2)
    }
}
