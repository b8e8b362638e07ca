import Replay
import Testing
import TimelineModel

/// What a long recording costs.
@Suite struct ServerLengthTests {
    private func session(_ count: Int) -> RecordedLineage {
        var session = Recordings.script("0 S 0{}\n1 C 40\n2 S 40{\"sid\":\"s\"}")
        for number in 0..<count {
            let at = Timestamp(nanoseconds: Int64(number + 3) * 1_000_000)
            func add(_ sender: Sender, _ type: SocketIOType, _ payload: String) {
                session.packets.append(
                    RecordedPacket(
                        frameID: 9, at: at, sender: sender, transport: .websocket,
                        content: .socketIO(
                            ScriptedPacket(
                                type: type, event: type == .event ? "n" : nil, ackID: Int64(number), payload: payload)))
                )
            }
            add(.client, .event, "[\"n\",\(number)]")
            add(.server, .ack, "[\(number)]")
        }
        return Recordings.lineage(session)
    }

    @Test("the cost of a replay grows with its length, not with its square") func linear() {
        func cost(_ count: Int) -> Duration {
            var client = PlayedClient(self.session(count), ReplayServerSettings(pace: .fast))
            return ContinuousClock().measure {
                client.connect()
                client.send("40")
                for number in 0..<count { client.send("42\(number)[\"n\",\(number)]") }
                client.finish()
                #expect(client.outcome.isFaithful)
                #expect(client.said.count == count + 2)
            }
        }
        _ = cost(200)
        let short = (0..<3).map { _ in cost(2000) }.min() ?? .zero
        let long = cost(16_000)
        // Eight times as long; sixty-four times were the square.
        #expect(long < short * 30, "\(short) and \(long)")
    }
}
