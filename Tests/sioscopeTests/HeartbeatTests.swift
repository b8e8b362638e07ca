import Testing
import Timeline

@testable import sioscope

@Suite("Heartbeats of frames")
struct HeartbeatTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        var version: Int64? = 4
        var timeoutMs: Int64? = 100
        /// `>ping` by the client, `<ping` by the server, each at its time in milliseconds; `!` carries data.
        let beats: [(Int64, String)]
        /// Numbers of the healthy ones, from 1.
        let healthy: [Int64]
        var testDescription: String { self.name }
    }

    static let cases: [Case] = [
        .init(name: "v4", beats: [(0, "<ping"), (5, ">pong"), (500, "<ping"), (600, ">pong")], healthy: [1, 2, 3, 4]),
        .init(name: "v4, the client pings", beats: [(0, ">ping"), (5, "<pong")], healthy: []),
        .init(name: "v3", version: 3, beats: [(0, ">ping"), (5, "<pong")], healthy: [1, 2]),
        .init(name: "v3, the server pings", version: 3, beats: [(0, "<ping"), (5, ">pong")], healthy: []),
        .init(name: "version not known", version: nil, beats: [(0, ">ping"), (5, "<pong")], healthy: [1, 2]),
        .init(name: "late", beats: [(0, "<ping"), (101, ">pong")], healthy: []),
        .init(name: "timeout not known", timeoutMs: nil, beats: [(0, "<ping"), (90_000, ">pong")], healthy: [1, 2]),
        .init(name: "never answered", beats: [(0, "<ping"), (500, "<ping"), (501, ">pong")], healthy: [2, 3]),
        .init(name: "unasked", beats: [(0, "<ping"), (1, ">pong"), (2, ">pong")], healthy: [1, 2]),
        .init(name: "pong by the one who asked", beats: [(0, "<ping"), (1, "<pong"), (2, ">pong")], healthy: [1, 3]),
        .init(
            name: "a stray client ping between", beats: [(0, "<ping"), (1, ">ping"), (2, ">pong")], healthy: [1, 3]),
        .init(name: "data", beats: [(0, "<ping!"), (1, ">pong"), (2, "<ping"), (3, ">pong!")], healthy: []),
        .init(name: "time runs backwards", beats: [(5, "<ping"), (4, ">pong")], healthy: []),
    ]

    @Test("healthy are", arguments: cases)
    func judge(_ c: Case) {
        var judge = HeartbeatJudge(
            sessions: [7: SessionTimes(openedNs: 0, engineIOVersion: c.version, pingTimeoutMs: c.timeoutMs)])
        var healthy: [Int64] = []
        for (index, beat) in c.beats.enumerated() {
            let pair = judge.observe(
                .init(
                    frameID: Int64(index + 1), sessionID: 7, atNs: beat.0 * 1_000_000,
                    isFromClient: beat.1.hasPrefix(">"), isPing: beat.1.contains("ping"),
                    isPlain: !beat.1.hasSuffix("!")))
            if let pair { healthy += [pair.ping, pair.pong] }
        }
        #expect(healthy.sorted() == c.healthy)
    }

    @Test("ids are found in any order")
    func ids() {
        let healthy = HealthyHeartbeats(ids: [9, 2, 5])
        #expect([10, 9, 2, 3, 5].filter { healthy.contains($0) } == [9, 2, 5])
        #expect((1...10).filter { healthy.contains(Int64($0)) } == [2, 5, 9])
    }

    struct FoldCase: CustomTestStringConvertible, Sendable {
        let name: String
        /// A letter a frame of session 1, a millisecond after the other: `p`ing and p`o`ng that are healthy, `u`nhealthy
        /// ping, `e`vent, the `c`lose.
        let frames: String
        /// The same letters, and the number of a summary.
        let expected: String
        var testDescription: String { self.name }
    }

    static let folds: [FoldCase] = [
        .init(name: "an idle stretch", frames: "epopopopoe", expected: "e4e"),
        .init(name: "single ones are counted on, and stand at the last", frames: "epoepoepoe", expected: "eee3e"),
        .init(name: "up to the close", frames: "epoepoec", expected: "ee2ec"),
        .init(name: "or to an unhealthy one", frames: "epoepoepoeupo", expected: "eee3eu1"),
        .init(name: "events between ping and pong", frames: "peo", expected: "e1"),
        .init(name: "nothing to fold", frames: "eec", expected: "eec"),
        .init(name: "nothing else", frames: "popo", expected: "2"),
        .init(name: "only pings left by a filter", frames: "pp", expected: "2"),
        .init(name: "the last ping has no pong yet", frames: "popopope", expected: "4e"),
    ]

    @Test("folds", arguments: folds)
    func fold(_ c: FoldCase) {
        var folder = HeartbeatFolder()
        var summaries: [HeartbeatFolder.Summary] = []
        var healthy: [Int64] = []
        let frames = c.frames.enumerated().map { index, letter in
            FrameRow.sample(
                id: Int64(index), atMs: Int64(index),
                eio: ["p": "ping", "u": "ping", "o": "pong", "c": "close"][letter] ?? "message")
        }
        for (frame, letter) in zip(frames, c.frames) {
            let kinds: [Character: HeartbeatFolder.Step.Kind] = ["p": .ping, "u": .ping, "o": .pong, "c": .ending]
            let step = HeartbeatFolder.Step(
                id: frame.id, sessionID: 1, atNs: frame.atNs, kind: kinds[letter] ?? .other)
            let isHealthy = letter == "p" || letter == "o"
            if isHealthy { healthy.append(frame.id) }
            if let summary = folder.take(step, isHealthy: isHealthy) { summaries.append(summary) }
        }
        let folded = FoldedHeartbeats(healthy: HealthyHeartbeats(ids: healthy), summaries + folder.finish())

        var times: [Int64] = []
        let letters = Array(c.frames)
        let text = frames.compactMap { folded.line(for: $0) }.map { line in
            switch line {
            case .frame(let frame):
                times.append(frame.atNs)
                return String(letters[Int(frame.id)])
            case .heartbeats(let summary):
                times.append(summary.lastNs)
                return String(summary.count)
            }
        }
        #expect(times == times.sorted())
        #expect(text.joined() == c.expected)
    }

    @Test(
        "a summary reads",
        arguments: [
            (12, 300_000, 400, 2_100, "♥ 12 heartbeats in 5 m 0 s, pong after 400 µs – 2.1 ms"),
            (2, 25_000, 1_000, 2_100, "♥ 2 heartbeats in 25.0 s, pong after 1.0–2.1 ms"),
            (1, 2, 2_000, 2_000, "♥ 1 heartbeat, pong after 2.0 ms"),
        ] as [(Int, Int64, Int64, Int64, String)])
    func summary(_ count: Int, _ spanMs: Int64, _ fastestUs: Int64, _ slowestUs: Int64, _ expected: String) {
        let summary = HeartbeatFolder.Summary(
            sessionID: 1, count: count, firstNs: 0, lastNs: spanMs * 1_000_000, lastID: 2,
            fastestNs: fastestUs * 1_000, slowestNs: slowestUs * 1_000)
        #expect(FramePrinter.text(of: summary, unicode: true) == expected)
    }
}

extension FrameRow {
    /// A frame of session 1 by the client over WebSocket; times in milliseconds since the sample's start.
    static func sample(
        id: Int64, session: Int64? = 1, atMs: Int64, sender: String = "client", transport: String = "websocket",
        opcode: Int64? = 1, eio: String? = "message", sio: String? = nil, namespace: String? = nil,
        event: String? = nil, ack: Int64? = nil, attachments: Int64? = nil, closeCode: Int64? = nil, size: Int64 = 1,
        flags: String = "", payload: String? = nil, binary: [UInt8]? = nil
    ) -> FrameRow {
        func value(_ number: Int64?) -> TimelineValue { number.map { .integer($0) } ?? .null }
        func value(_ text: String?) -> TimelineValue { text.map { .text($0) } ?? .null }
        return FrameRow([
            .integer(id), value(session), .integer(1_795_400_040_000_000_000 + atMs * 1_000_000), .text(sender),
            .text(transport), .text(eio == nil ? "websocket" : "engineio"), value(opcode), value(eio), value(sio),
            value(namespace), value(event), value(ack), value(attachments), value(closeCode), .integer(size),
            .text(flags), value(payload), binary.map { .blob(Array($0.prefix(9))) } ?? .null,
            value(binary.map { Int64($0.count) }),
        ])
    }
}
