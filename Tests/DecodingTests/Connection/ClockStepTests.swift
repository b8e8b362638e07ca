import Testing
import TimelineModel

@testable import Decoding

struct ClockCase: CustomTestStringConvertible, Sendable {
    let name: String
    var ticksPerSecond: Int64? = 1000
    let then: @Sendable (inout Traffic, Traffic.Connection) -> Void
    var expected: [String] = []

    var testDescription: String { self.name }

    /// Twelve times a message and its TCP ACK, twice a second.
    static func chat(_ traffic: inout Traffic, _ connection: Traffic.Connection, times: Int = 12) {
        for _ in 0..<times {
            traffic.text(connection, .server, "42[\"tick\",1]")
            traffic.acknowledge(connection, .client)
            traffic.wait(498)
        }
    }

    static func forward(_ milliseconds: Int64) -> String {
        "the time goes forward by \(milliseconds) ms more than the TCP timestamps of both ends; "
            + "expected the same (the clock was set, or the machine slept)"
    }

    static let cases: [ClockCase] = [
        .init(
            name: "the clock is set forward by an hour",
            then: {
                $0.stepClock(3_600_000)
                Self.chat(&$0, $1)
            }, expected: [Self.forward(3_600_000)]),
        .init(
            name: "by three seconds, and ticks of 10 ms", ticksPerSecond: 100,
            then: {
                $0.stepClock(3_000)
                Self.chat(&$0, $1)
            }, expected: [Self.forward(3_000)]),
        .init(
            name: "twice",
            then: {
                $0.stepClock(3_000)
                Self.chat(&$0, $1, times: 20)
                $0.stepClock(5_000)
                Self.chat(&$0, $1)
            }, expected: [Self.forward(3_000), Self.forward(5_000)]),
        .init(
            name: "a silence of an hour is none",
            then: {
                $0.wait(3_600_000)
                Self.chat(&$0, $1)
            }),
        .init(
            name: "ticks that are not known", ticksPerSecond: 64,
            then: {
                $0.stepClock(3_600_000)
                Self.chat(&$0, $1)
            }),
        .init(
            name: "no timestamps", ticksPerSecond: nil,
            then: {
                $0.stepClock(3_600_000)
                Self.chat(&$0, $1)
            }),
        .init(
            name: "segments that were held up, both ways",
            then: {
                $0.wait(10_000)
                ($0.clientBehind, $0.serverBehind) = (10_000, 10_000)
                Self.chat(&$0, $1, times: 2)
                ($0.clientBehind, $0.serverBehind) = (0, 0)
                Self.chat(&$0, $1)
            }),
        .init(
            name: "one end slept, the other did not",
            then: {
                $0.wait(10_000)
                $0.serverBehind = 10_000
                Self.chat(&$0, $1)
            }),
        .init(
            name: "other packets meanwhile",
            then: {
                let other = $0.open(clientPort: 50_001)
                for _ in 0..<20 {
                    $0.stepClock(500)
                    $0.acknowledge(other, .client)
                }
                Self.chat(&$0, $1)
            }),
        .init(
            name: "at the end nothing proves it",
            then: {
                $0.stepClock(10_000)
                Self.chat(&$0, $1, times: 2)
            }),
    ]
}

@Suite("Steps of the capture's clock")
struct ClockStepTests {
    @Test("forward", arguments: ClockCase.cases)
    func forward(_ clockCase: ClockCase) throws {
        var traffic = Traffic()
        traffic.ticksPerSecond = clockCase.ticksPerSecond
        let connection = traffic.session("a")
        ClockCase.chat(&traffic, connection)
        clockCase.then(&traffic, connection)
        let steps = try traffic.decoded().anomalies.filter { $0.code == "capture.clock-step" }
        #expect(steps.map(\.detail) == clockCase.expected)
    }

    @Test("a clock that was seen too shortly tells nothing")
    func shortly() throws {
        var traffic = Traffic()
        traffic.ticksPerSecond = 1000
        let connection = traffic.session("a")
        ClockCase.chat(&traffic, connection, times: 8)
        traffic.stepClock(10_000)
        ClockCase.chat(&traffic, connection)
        #expect(try traffic.decoded().anomalies.filter { $0.code == "capture.clock-step" } == [])
    }

    @Test("told once, at the first packet behind it, whatever the number of connections")
    func once() throws {
        var traffic = Traffic()
        traffic.ticksPerSecond = 1000
        let connections = [traffic.session("a"), traffic.open(clientPort: 50_001)]
        for _ in 0..<12 { for connection in connections { ClockCase.chat(&traffic, connection, times: 1) } }
        traffic.stepClock(60_000)
        let at = traffic.now
        for _ in 0..<12 { for connection in connections { ClockCase.chat(&traffic, connection, times: 1) } }
        let steps = try traffic.decoded().anomalies.filter { $0.code == "capture.clock-step" }
        #expect(steps.map { Traffic.milliseconds($0.at) } == [at])
    }
}
