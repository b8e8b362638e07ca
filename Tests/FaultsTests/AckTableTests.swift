import Testing
import TimelineModel

@testable import Faults

@Suite("AckTable")
struct AckTableTests {
    private static func frame(
        _ type: SocketIOType, _ id: Int64?, at: Int64, from sender: Sender = .client, namespace: String = "/",
        event: String? = "e", size: Int = 20
    ) -> Frame {
        Frame(
            id: at, connectionID: 1, at: Timestamp(nanoseconds: at), sender: sender, transport: .websocket,
            layer: .engineio, engineIOType: .message, socketIOType: type, namespace: namespace,
            event: type == .event ? event : nil, ackID: id, sizeBytes: size, wireBytes: size)
    }

    @Test("remembers the last answers, and says nothing of an id that it has forgotten")
    func forgets() {
        var table = AckTable()
        let count = Int64(AckTable.settledLimit) + 10
        for id in 0..<count {
            table.meet(Self.frame(.event, id, at: 2 * id))
            table.meet(Self.frame(.ack, id, at: 2 * id + 1, from: .server))
        }
        table.meet(Self.frame(.ack, count - 1, at: 9000, from: .server))
        #expect(table.meeting == .duplicate(first: Mark(Self.frame(.ack, nil, at: 2 * count - 1))))
        table.meet(Self.frame(.ack, 10, at: 9001, from: .server))
        #expect(table.meeting == .duplicate(first: Mark(Self.frame(.ack, nil, at: 21))))
        table.meet(Self.frame(.ack, 9, at: 9002, from: .server))
        #expect(table.meeting == .unclear)
        table.meet(Self.frame(.ack, count, at: 9003, from: .server))
        #expect(table.meeting == .unknown)
    }

    @Test("keeps an id that was used again when its first use is forgotten")
    func reuse() {
        var table = AckTable()
        table.meet(Self.frame(.event, 7, at: 0))
        table.meet(Self.frame(.ack, 7, at: 1, from: .server))
        table.meet(Self.frame(.event, 7, at: 2))
        for id in 100..<100 + Int64(AckTable.settledLimit) {
            table.meet(Self.frame(.event, id, at: 2 * id))
            table.meet(Self.frame(.ack, id, at: 2 * id + 1, from: .server))
        }
        table.meet(Self.frame(.ack, 7, at: 9000, from: .server))
        #expect(table.meeting == .answer(Mark(Self.frame(.event, 7, at: 2))))
    }

    @Test("follows so many open requests and no more; the acks of others are not unknown")
    func openLimit() {
        var table = AckTable()
        let count = Int64(AckTable.openLimit) + 100
        for id in 0..<count { table.meet(Self.frame(.event, id, at: id)) }
        #expect(table.meeting == .unclear)
        #expect(table.open().map(\.requests.count) == [AckTable.openLimit])
        table.meet(Self.frame(.ack, count - 1, at: 9000, from: .server))
        #expect(table.meeting == .unclear)
        table.meet(Self.frame(.ack, 0, at: 9001, from: .server))
        #expect(table.meeting == .answer(Mark(Self.frame(.event, 0, at: 0))))
        table.meet(Self.frame(.event, count, at: 9002))
        #expect(table.meeting == .request)
    }

    @Test("follows so many names and namespaces and no more")
    func names() {
        var table = AckTable()
        for id in 0..<Int64(AckTable.kindLimit) { table.meet(Self.frame(.event, id, at: id, event: "e\(id)")) }
        table.meet(Self.frame(.event, 9000, at: 9000, event: "one more"))
        #expect(table.meeting == .unclear)
        table.meet(Self.frame(.ack, 9000, at: 9001, from: .server))
        #expect(table.meeting == .unclear)
        var other = AckTable()
        for id in 0..<Int64(AckTable.namespaceLimit) { other.meet(Self.frame(.ack, 1, at: id, namespace: "/\(id)")) }
        #expect(other.meeting == .unclear)
    }

    @Test(
        "takes an event of the same size for a retry where it comes late enough and is answered",
        arguments: [
            (gap: AckTable.retryNs, size: 21, isAnswered: true, open: 0),
            (gap: AckTable.retryNs - 1, size: 21, isAnswered: true, open: 1),
            (gap: AckTable.retryNs, size: 22, isAnswered: true, open: 1),
            (gap: AckTable.retryNs, size: 21, isAnswered: false, open: 2),
        ])
    func retries(gap: Int64, size: Int, isAnswered: Bool, open: Int) {
        var table = AckTable()
        table.meet(Self.frame(.event, 9, at: 1, size: 20))
        // One digit more in the id is one byte more in the packet.
        table.meet(Self.frame(.event, 10, at: 1 + gap, size: size))
        if isAnswered { table.meet(Self.frame(.ack, 10, at: 2 + gap, from: .server)) }
        #expect(table.open().flatMap(\.requests).count == open)
    }

    @Test("keeps the times of the last answers", arguments: [1, AckKind.timesLimit, AckKind.timesLimit + 3])
    func times(count: Int) {
        var table = AckTable()
        for id in 0..<Int64(count) {
            table.meet(Self.frame(.event, id, at: 1000 * id))
            table.meet(Self.frame(.ack, id, at: 1000 * id + id, from: .server))
        }
        let kept = Set(table.kinds.first?.answerTimes ?? [])
        #expect(kept == Set((max(0, count - AckKind.timesLimit)..<count).map { Int64($0) }))
    }

    @Test("an odd id is an id", arguments: [Int64.max, 0, -1, .min])
    func oddIDs(id: Int64) {
        var table = AckTable()
        table.meet(Self.frame(.event, id, at: 1))
        #expect(table.meeting == .request)
        table.meet(Self.frame(.event, id, at: 2, size: 0))
        #expect(table.meeting == .reused(first: Mark(Self.frame(.event, id, at: 1))))
        table.meet(Self.frame(.ack, id, at: 3, from: .server))
        #expect(table.meeting == .answer(Mark(Self.frame(.event, id, at: 2))))
    }
}
