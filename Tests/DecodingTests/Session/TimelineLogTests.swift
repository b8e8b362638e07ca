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
        log.add(self.frame(1))
        log.add(self.frame(2), [Anomaly("x.y", at: .zero, detail: "d")])
        let batch = log.drain()
        #expect(batch.frames.map(\.id) == [1, 2])
        #expect(batch.frames.map(\.at.nanoseconds) == [1, 2])
        #expect(batch.anomalies.map(\.frameID) == [2])
        #expect(log.drain().isEmpty)
    }

    @Test("frames of other connections take their place in time, and their anomalies with them")
    func disorder() {
        let log = TimelineLog(DecodingLimits())
        for (ms, connection) in [(5, 1), (7, 1), (6, 2), (9, 1), (8, 2), (4, 3)] as [(Int64, Int64)] {
            log.add(self.frame(ms, connection: connection), [Anomaly("x.y", at: .zero, detail: "\(ms)")])
        }
        let batch = log.drain()
        #expect(batch.frames.map(\.at.nanoseconds) == [4, 5, 6, 7, 8, 9])
        #expect(batch.frames.map(\.id) == [1, 2, 3, 4, 5, 6])
        for anomaly in batch.anomalies {
            #expect(batch.frames.first { $0.id == anomaly.frameID }.map { "\($0.at.nanoseconds)" } == anomaly.detail)
        }
        #expect(batch.anomalies.count == 6)
    }

    @Test("where time goes back in a connection, or behind what is handed over, that is told")
    func back() {
        let log = TimelineLog(DecodingLimits())
        for ms in [5, 3, 4, 2] as [Int64] { log.add(self.frame(ms)) }
        log.add(self.frame(3, connection: 2))
        let batch = log.drain()
        #expect(batch.frames.map(\.at.nanoseconds) == [5, 3, 4, 2, 3])
        #expect(batch.anomalies.map(\.code.text) == ["capture.time-order", "capture.time-order"])
        log.add(self.frame(1, connection: 3))
        #expect(log.drain().anomalies.map(\.code.text) == ["capture.time-order"])
        for index in 0..<300 { log.add(self.frame(index % 2 == 0 ? 9 : 8)) }
        #expect(log.drain().anomalies.count == 97)
    }

    @Test("a step of the clock is told once")
    func clockStep() {
        let log = TimelineLog(DecodingLimits())
        log.add(self.frame(500_000_000))
        log.add(Anomaly("capture.clock-step", at: .zero, detail: "d"))
        log.add(self.frame(1, connection: 2))
        log.add(self.frame(2))
        #expect(log.drain().anomalies.map(\.code.text) == ["capture.clock-step"])
        log.add(self.frame(500_000_000))
        log.add(self.frame(1, connection: 2))
        #expect(log.drain().anomalies.map(\.code.text) == ["capture.time-order"])
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
