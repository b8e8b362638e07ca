import Decoding
import TestSupport
import Testing
import TimelineModel

/// Which answer belongs to which request, where packets are missing.
@Suite("Answers and their requests around a gap")
struct PairingTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let make: @Sendable (inout Traffic) -> Void
        /// Of each request that is known, by its id: the last part of its target and the status of its answer.
        let exchanges: [String]
        var undecoded: [Int] = [0]
        var testDescription: String { self.name }
    }

    private static func get(_ number: Int) -> String { Peer.get(Peer.polling + "&sid=a&t=\(number)") }
    /// Each has another status, so that the pairs are told by it.
    private static func answer(_ number: Int) -> String { Peer.answer("\(400 + number) A", "") }
    private static func bytes(_ number: Int) -> Int { Self.answer(number).utf8.count }

    static let cases: [Case] = [
        Case(
            name: "an answer, with others in the time its bytes are waited for",
            make: {
                let connection = $0.open()
                $0.exchange(connection, Self.get(1), Self.answer(1))
                $0.send(connection, .client, Self.get(2))
                $0.lose(connection, .server, Array(Self.answer(2).utf8))
                for number in 3...6 { $0.exchange(connection, Self.get(number), Self.answer(number)) }
            }, exchanges: ["1 401", "2 -", "3 403", "4 404", "5 405", "6 406"]),
        Case(
            name: "the end of an answer in chunks, and the answer behind it",
            make: {
                let connection = $0.open()
                let chunked = "HTTP/1.1 401 A\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n"
                $0.exchange(connection, Self.get(1), chunked)
                $0.lose(connection, .server, Array("hello\r\n".utf8))
                $0.send(connection, .server, "0\r\n\r\n")
                for number in 2...3 { $0.exchange(connection, Self.get(number), Self.answer(number)) }
            }, exchanges: ["1 401", "2 402", "3 403"], undecoded: [5]),
        Case(
            name: "the first bytes of an answer: the rest is nobody's",
            make: {
                let connection = $0.open()
                $0.send(connection, .client, Self.get(1))
                $0.lose(connection, .server, Array(Self.answer(1).utf8.prefix(20)))
                $0.send(connection, .server, Array(Self.answer(1).utf8.dropFirst(20)))
                for number in 2...3 { $0.exchange(connection, Self.get(number), Self.answer(number)) }
            }, exchanges: ["1 -", "2 402", "3 403"], undecoded: [Self.bytes(1) - 20]),
        Case(
            name: "two exchanges in a row",
            make: {
                let connection = $0.open()
                for number in 1...2 {
                    $0.send(connection, .client, Self.get(number))
                    $0.lose(connection, .server, Array(Self.answer(number).utf8))
                }
                for number in 3...4 { $0.exchange(connection, Self.get(number), Self.answer(number)) }
            }, exchanges: ["1 -", "2 -", "3 403", "4 404"]),
        Case(
            name: "a request: its answer is nobody's",
            make: {
                let connection = $0.open()
                $0.exchange(connection, Self.get(1), Self.answer(1))
                $0.lose(connection, .client, Array(Self.get(2).utf8))
                $0.send(connection, .server, Self.answer(2))
                for number in 3...5 { $0.exchange(connection, Self.get(number), Self.answer(number)) }
            }, exchanges: ["1 401", "3 403", "4 404", "5 405"], undecoded: [Self.bytes(2)]),
        Case(
            name: "the last request",
            make: {
                let connection = $0.open()
                $0.exchange(connection, Self.get(1), Self.answer(1))
                $0.lose(connection, .client, Array(Self.get(2).utf8))
                $0.send(connection, .server, Self.answer(2))
            }, exchanges: ["1 401"], undecoded: [Self.bytes(2)]),
        Case(
            name: "a part of a request's head: what is there of it is not decoded",
            make: {
                let connection = $0.open()
                $0.exchange(connection, Self.get(1), Self.answer(1))
                $0.send(connection, .client, Array(Self.get(2).utf8.prefix(30)))
                $0.lose(connection, .client, Array(Self.get(2).utf8.dropFirst(30)))
                $0.send(connection, .server, Self.answer(2))
                $0.exchange(connection, Self.get(3), Self.answer(3))
            }, exchanges: ["1 401", "3 403"], undecoded: [30 + Self.bytes(2)]),
        Case(
            name: "an answer and the next request: what answers that is not taken for the first's",
            make: {
                let connection = $0.open()
                $0.send(connection, .client, Self.get(1))
                $0.lose(connection, .server, Array(Self.answer(1).utf8))
                $0.lose(connection, .client, Array(Self.get(2).utf8))
                $0.send(connection, .server, Self.answer(2))
                $0.exchange(connection, Self.get(3), Self.answer(3))
            }, exchanges: ["1 -", "3 403"], undecoded: [Self.bytes(2)]),
        Case(
            name: "the same, and long nothing behind it",
            make: {
                let connection = $0.open()
                $0.send(connection, .client, Self.get(1))
                $0.lose(connection, .server, Array(Self.answer(1).utf8))
                $0.lose(connection, .client, Array(Self.get(2).utf8))
                $0.send(connection, .server, Self.answer(2))
                $0.acknowledge(connection, .client)
                $0.wait(3_100)
                $0.acknowledge(connection, .server)
                $0.acknowledge(connection, .client)
            }, exchanges: ["1 -"], undecoded: [Self.bytes(2)]),
        Case(
            name: "pipelined: nobody can tell how many answers are missing",
            make: {
                let connection = $0.open()
                for number in 1...3 { $0.send(connection, .client, Self.get(number)) }
                $0.send(connection, .server, Self.answer(1))
                $0.lose(connection, .server, Array(Self.answer(2).utf8))
                $0.send(connection, .server, Self.answer(3))
                $0.exchange(connection, Self.get(4), Self.answer(4))
            }, exchanges: ["1 401", "2 -", "3 -", "4 -"], undecoded: [2 * Self.bytes(3)]),
        Case(
            name: "pipelined, more requests than answers have room in the gap",
            make: {
                let connection = $0.open()
                for number in 1...4 { $0.send(connection, .client, Self.get(number)) }
                $0.lose(connection, .server, Array(Self.answer(1).utf8))
                $0.send(connection, .server, Self.answer(2))
            }, exchanges: ["1 -", "2 -", "3 -", "4 -"], undecoded: [Self.bytes(2)]),
        Case(
            name: "the refusal of an upgrade, and the next request waits for it",
            make: {
                let connection = $0.open()
                $0.send(connection, .client, Peer.upgrade(Peer.socketIO + "&sid=a&t=1"))
                $0.lose(connection, .server, Array(Self.answer(1).utf8))
                for number in 2...3 { $0.exchange(connection, Self.get(number), Self.answer(number)) }
            }, exchanges: ["1 -", "2 402", "3 403"]),
    ]

    /// In seconds the hole is given up while the connection goes on, in milliseconds at its end.
    @Test("are paired as far as that is proven", arguments: cases, [1, 1_600])
    func pairs(_ pairCase: Case, _ betweenPackets: Int64) throws {
        var traffic = Traffic()
        traffic.betweenPackets = betweenPackets
        pairCase.make(&traffic)
        let output = try traffic.decoded()
        let pairs = output.latestExchanges.map { facts in
            "\(facts.target.last.map(String.init) ?? "") \(facts.status.map(String.init) ?? "-")"
        }
        #expect(pairs == pairCase.exchanges)
        let first = try #require(output.connections.last { $0.clientPort == 50_000 })
        #expect([Int(first.undecodedBytes)] == pairCase.undecoded)
        #expect(output.codes.count { $0 == "http.undecoded-bytes" } == (pairCase.undecoded == [0] ? 0 : 1))
    }

    @Test("an answer whose end is missing ended before the next request was sent")
    func endsBefore() throws {
        var traffic = Traffic()
        let connection = traffic.open()
        let answer = Array(Peer.answer("200 OK", "42[\"tick\",1]").utf8)
        traffic.send(connection, .client, Self.get(1))
        traffic.send(connection, .server, Array(answer.dropLast(4)))
        traffic.lose(connection, .server, Array(answer.suffix(4)))
        traffic.exchange(connection, Self.get(2), Self.answer(2))
        traffic.exchange(connection, Self.get(3), Self.answer(3))
        let exchanges = try traffic.decoded().latestExchanges
        #expect(exchanges.map(\.status) == [200, 402, 403])
        #expect(exchanges[0].responded == exchanges[1].requested)
    }
}
