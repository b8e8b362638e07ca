import Foundation
import HookLog
import Testing
import TimelineModel
import Wire

@testable import Decoding

/// Live doors with ticks at random moments give what decoding the whole at once gives.
@Suite("Live doors")
struct LiveDoorTests {
    static let captures = HookLogRoundTripTests.captures

    /// Without a limit of time, which would let frames out of their order.
    static var limits: DecodingLimits {
        var limits = DecodingLimits.live
        limits.holdNs = .max
        limits.silentSessionNs = .max
        return limits
    }

    static func expectEqual(
        _ live: LiveOutput, _ whole: LiveOutput, _ name: String, _ location: SourceLocation = #_sourceLocation
    ) {
        let (live, whole) = (live.expectable(), whole.expectable())
        #expect(live.dangling == [], "\(name)", sourceLocation: location)
        guard live != whole else { return }
        var parts: [String] = []
        if live.frames != whole.frames { parts.append("frames") }
        if live.anomalies != whole.anomalies { parts.append("anomalies") }
        if live.connections != whole.connections { parts.append("connections") }
        if live.sessions != whole.sessions { parts.append("sessions") }
        if live.exchanges != whole.exchanges { parts.append("exchanges") }
        if live.facts != whole.facts { parts.append("facts \(live.facts) and \(whole.facts)") }
        if !parts.isEmpty { Issue.record("\(name): other \(parts.joined(separator: ", "))", sourceLocation: location) }
    }

    @Test("packets of a capture", .enabled(if: !captures.isEmpty), arguments: captures)
    func capturedPackets(_ path: String) throws {
        let bytes = try Array(Data(contentsOf: URL(filePath: path)))
        let whole = LiveOutput(try DoorOutput.capture(bytes))
        let packets = try packets(of: bytes)
        var file = CaptureFileDecoder()
        try file.feed(bytes.span) { _, _ in }
        try file.finish()
        let notes = file.notes
        for seed in 1...3 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            let often = [1, 7, 200][Int(seed) - 1]
            let door = PacketDecoder(CaptureFacts(kind: .live, source: ""), limits: Self.limits)
            door.droppedPackets = file.droppedPackets
            for note in notes { door.add(note) }
            let live = LiveOutput(
                door,
                packets.map { packet in
                    {
                        door.receive(packet.record, packet.bytes.span)
                        return packet.record.at
                    }
                }
            ) { Int.random(in: 0..<often, using: &random) == 0 }
            Self.expectEqual(live, whole, "a tick about every \(often) packets")
        }
    }

    @Test("lines of a hook log, of one client and of two whose names collide", .enabled(if: !captures.isEmpty))
    func lines() throws {
        let logs = try Self.captures.prefix(6).map {
            Array(try DoorOutput.capture(Array(Data(contentsOf: URL(filePath: $0)))).exported().utf8)
        }
        for (index, log) in logs.enumerated() where !log.isEmpty {
            let whole = LiveOutput(try DoorOutput.hookLog([log]))
            var random = SeededRandom(seed: UInt64(index))
            for largest in [30, 5_000] {
                let chunks = ChunkVerifier.cut(log, largest: largest, seed: UInt64(index))
                let door = HookDecoder(CaptureFacts(kind: .hook, source: ""), limits: Self.limits)
                let live = LiveOutput(
                    door,
                    chunks.map { chunk in
                        {
                            door.receive(chunk.span, client: 1, at: .zero)
                            return door.facts.ended ?? .zero
                        }
                    }
                ) { Bool.random(using: &random) }
                Self.expectEqual(live, whole, "log \(index) in pieces of \(largest)")
            }
            // Each line of two clients by turns: frames twice, and nothing mixed up.
            let door = HookDecoder(CaptureFacts(kind: .hook, source: ""), limits: Self.limits)
            let twice = LiveOutput(
                door,
                log.split(separator: 0x0A).flatMap { line in
                    (1...2).map { client in
                        {
                            let whole = Array(line) + [0x0A]
                            door.receive(whole.span, client: client, at: .zero)
                            return door.facts.ended ?? .zero
                        }
                    }
                }
            ) { Bool.random(using: &random) }
            #expect(twice.dangling == [])
            #expect(twice.frames.count == whole.frames.count * 2)
            #expect(twice.connections.count == whole.connections.count * 2)
            let payloads = twice.frames.map { $0.payload ?? "" }.sorted()
            let expected = whole.frames.flatMap { [$0.payload ?? "", $0.payload ?? ""] }.sorted()
            #expect(payloads == expected)
        }
    }

    /// The streams of a capture as a proxy would have them.
    enum StreamEvent {
        case open(Int, ConnectionOpening)
        case bytes(Int, [UInt8], Sender, Timestamp)
        case end(Int, Sender, Timestamp)
    }

    /// TCP undone by hand: only for captures of which every connection was seen whole and nothing was lost.
    static func streams(of capture: [UInt8]) throws -> [StreamEvent] {
        var link = LinkDecoder()
        var connections: [FlowKey: (TCPConnection, Int)] = [:]
        var events: [StreamEvent] = []
        var count = 0
        for (record, bytes) in try packets(of: capture) {
            try link.decode(record, bytes.span) { segment, payload in
                let key = FlowKey(segment)
                if segment.beginsConnection {
                    connections[key] = (TCPConnection(key, limitBytes: 1 << 20), count)
                    events.append(
                        .open(
                            count,
                            ConnectionOpening(
                                clientAddress: segment.source.addressText, clientPort: Int(segment.source.port),
                                serverAddress: segment.destination.addressText,
                                serverPort: Int(segment.destination.port), at: segment.at)))
                    count += 1
                }
                guard let (connection, index) = connections[key] else { return }
                connection.noteHandshake(segment)
                connection.receive(segment, payload) { side, event, bytes in
                    let sender: Sender = side == connection.initiator ? .client : .server
                    switch event {
                    case .bytes(let facts):
                        events.append(
                            .bytes(index, bytes.withUnsafeBufferPointer { Array($0) }, sender, facts.at))
                    case .gap: break
                    case .fin(let at): events.append(.end(index, sender, at))
                    }
                }
            }
        }
        return events
    }

    static func live(
        _ events: [StreamEvent], cut: Int?, seed: UInt64, every: Int, limits: DecodingLimits = Self.limits
    ) -> LiveOutput {
        var random = SeededRandom(seed: seed)
        let door = StreamDecoder(CaptureFacts(kind: .proxy, source: ""), limits: limits)
        var ids: [Int: Int64] = [:]
        var feeds: [() -> Timestamp] = []
        for event in events {
            switch event {
            case .open(let index, let opening):
                feeds.append {
                    ids[index] = door.open(opening)
                    return opening.at
                }
            case .bytes(let index, let bytes, let sender, let at):
                let chunks = cut.map { ChunkVerifier.cut(bytes, largest: $0, seed: seed) } ?? [bytes]
                for chunk in chunks {
                    feeds.append {
                        door.receive(ids[index] ?? 0, chunk.span, from: sender, at: at)
                        return at
                    }
                }
            case .end(let index, let sender, let at):
                feeds.append {
                    door.end(ids[index] ?? 0, by: sender, at: at)
                    return at
                }
            }
        }
        var output = LiveOutput(door, feeds) { Int.random(in: 0..<every, using: &random) == 0 }
        // Empty pieces count as well.
        output.facts.packets = 0
        return output
    }

    @Test("streams give the frames of the capture that they come from", .enabled(if: !captures.isEmpty))
    func streams() throws {
        var compared = 0
        for path in Self.captures {
            let bytes = try Array(Data(contentsOf: URL(filePath: path)))
            let whole = LiveOutput(try DoorOutput.capture(bytes))
            guard whole.connections.values.allSatisfy({ $0.completeHead && $0.missingBytes == 0 }),
                !whole.connections.values.contains(where: { $0.closeKind == .rst }), whole.facts.completeHead,
                !whole.frames.isEmpty
            else { continue }
            let events = try Self.streams(of: bytes)
            let live = Self.live(events, cut: nil, seed: 1, every: 5)
            #expect(live.dangling == [])
            // Ids of connections are given in another order where one carries nothing at first.
            func comparable(_ frame: Frame) -> Frame {
                var frame = frame
                frame.connectionID = 0
                frame.flags.remove(.retransmitted)
                return frame
            }
            #expect(live.frames.map(comparable) == whole.frames.map(comparable), "\(path)")
            #expect(live.sessions == whole.sessions, "\(path)")
            #expect(live.connections.values.allSatisfy { $0.clientKnownBy == .source })
            compared += 1
            for (cut, every) in [(nil, 1), (1, 400), (40, 20), (1_400, 3)] as [(Int?, Int)] {
                Self.expectEqual(
                    Self.live(events, cut: cut, seed: 9, every: every), live,
                    "\(path), pieces of \(cut ?? 0) bytes at most")
            }
            if compared == 6 { break }
        }
        #expect(compared > 3)
    }
}
