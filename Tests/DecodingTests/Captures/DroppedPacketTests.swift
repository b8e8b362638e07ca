import Decoding
import TestSupport
import Testing
import TimelineModel

/// What a capture of polling loses with a packet: the exchange that the packet was of, and nothing else.
@Suite("Captures without one of their packets")
struct DroppedPacketTests {
    /// Heads, bodies and chunks in segments of their own, on two connections that are kept alive.
    private static var keptAlive: [UInt8] {
        var traffic = Traffic()
        let polls = traffic.open()
        let posts = traffic.open(clientPort: 50_001)
        traffic.exchange(polls, Peer.get(Peer.polling), Peer.answer("200 OK", Peer.open("a")))
        for number in 0..<6 {
            let event = "42[\"tick\",\(number)]"
            traffic.send(polls, .client, Peer.get(Peer.polling + "&sid=a"))
            let post = Peer.post(Peer.polling + "&sid=a", event)
            traffic.send(posts, .client, String(post.dropLast(event.count)))
            traffic.send(posts, .client, event)
            if number % 2 == 0 {
                traffic.send(posts, .server, Peer.answer("200 OK", "ok"))
                let answer = Peer.answer("200 OK", event)
                traffic.send(polls, .server, String(answer.dropLast(event.count)))
                traffic.send(polls, .server, event)
            } else {
                traffic.send(polls, .server, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                traffic.send(polls, .server, "\(String(event.utf8.count, radix: 16))\r\n\(event)\r\n")
                traffic.send(polls, .server, "0\r\n\r\n")
                traffic.send(posts, .server, Peer.answer("200 OK", "ok"))
            }
            traffic.acknowledge(polls, .client)
            traffic.wait(number == 3 ? 3_500 : 200)
        }
        return traffic.bytes
    }

    @Test("by hand, at any cuts of the file")
    func byHand() throws {
        try Self.dropEach(of: Self.keptAlive, cuts: 1)
    }

    @Test("recorded", arguments: ["js-acks", "js-connect-error"])
    func recorded(_ name: String) throws {
        let file = TestFiles.captures.appending(path: "\(name)/capture.pcap")
        try Self.dropEach(of: try TestFiles.bytes(file))
    }

    @Test(
        "recorded, with a server that answers in pieces",
        .enabled(if: !TruthFolder.shared.isEmpty, "../shared/captures is not there: it is no part of the repository"))
    func recordedBeside() throws {
        let file = TestFiles.shared.appending(path: "captures/py-py-uvicorn-polling/capture.pcap")
        try Self.dropEach(of: try TestFiles.bytes(file))
    }

    // MARK: Dropping

    private static func dropEach(of bytes: [UInt8], cuts: Int = 0) throws {
        let records = self.records(of: bytes)
        let whole = try DoorOutput.capture(bytes)
        #expect(whole.frames.contains { $0.transport == .polling })
        for index in records.indices {
            let rest = Array(bytes[..<records[index].lowerBound] + bytes[records[index].upperBound...])
            let output = try DoorOutput.capture(rest)
            self.compare(output, with: whole, "without packet \(index)")
            guard cuts > 0 else { continue }
            _ = try ChunkVerifier.verify(rest, rounds: cuts, seed: UInt64(index)) { chunks in
                let decoder = CaptureDecoder(CaptureFacts(kind: .pcap, source: "test"))
                return try DoorOutput.run(decoder, chunks).lines
            }
        }
    }

    private static func compare(_ output: DoorOutput, with whole: DoorOutput, _ comment: Comment) {
        var left: [String: Int] = [:]
        for frame in output.frames where frame.transport == .polling { left[self.key(frame), default: 0] += 1 }
        var exchanges: Set<Int64?> = []
        for frame in whole.frames where frame.transport == .polling {
            let key = self.key(frame)
            let count = left[key] ?? 0
            if count == 0 { exchanges.insert(frame.exchangeID) }
            left[key] = count == 1 ? nil : max(0, count - 1)
        }
        #expect(exchanges.count <= 1, "frames of several exchanges are lost \(comment)")
        #expect(left.values.allSatisfy { $0 == 0 }, "frames that the whole has not, \(comment)")
        // No request has an answer that is another's.
        let answers = Dictionary(whole.latestExchanges.map { (self.key($0), $0) }) { first, _ in first }
        for exchange in output.latestExchanges {
            let other = answers[self.key(exchange)]
            #expect(other != nil, "a request that the whole has not, \(comment)")
            guard exchange.status != nil else { continue }
            #expect(exchange.status == other?.status, comment)
            #expect(exchange.answered == other?.answered, comment)
        }
        // What has no request is counted.
        let connections = Dictionary(output.connections.map { ($0.id, $0) }) { $1 }.values
        if output.latestExchanges.count < whole.latestExchanges.count {
            #expect(connections.contains { $0.undecodedBytes > 0 || $0.missingBytes > 0 }, comment)
        }
    }

    private static func key(_ frame: Frame) -> String {
        "\(frame.at.nanoseconds) \(frame.sender) \(frame.payload ?? "") \(frame.binary ?? []) \(String(describing: frame.engineIOType))"
    }

    private static func key(_ exchange: ExchangeFacts) -> String {
        "\(exchange.requested.nanoseconds) \(exchange.method) \(exchange.target)"
    }

    /// Where the records of a little-endian pcap are.
    private static func records(of bytes: [UInt8]) -> [Range<Int>] {
        var records: [Range<Int>] = []
        var start = 24
        while start + 16 <= bytes.count {
            let length = (0..<4).reduce(0) { $0 | Int(bytes[start + 8 + $1]) << (8 * $1) }
            records.append(start..<start + 16 + length)
            start += 16 + length
        }
        return records
    }
}
