import Testing

@testable import sioscope

@Suite("Lines of frames")
struct FrameLineTests {
    static let frames: [FoldedHeartbeats.Line] = [
        .frame(.sample(id: 1, atMs: 5, sender: "server", transport: "polling", eio: "open", size: 100, payload: "{}")),
        .frame(
            .sample(
                id: 2, atMs: 30, sio: "event", namespace: "/chat", event: "move", ack: 12, size: 2000,
                flags: "compressed", payload: "[\"move\",{\"text\":\"\u{1b}[2J日本語日本語日本語\"}]")),
        .frame(
            .sample(
                id: 3, atMs: 31, opcode: 2, sio: "attachment", namespace: "/chat", event: "move", ack: 12,
                attachments: 0, size: 10, binary: Array(0..<10))),
        .heartbeats(
            .init(
                sessionID: 1, count: 3, firstNs: 1_795_400_040_500_000_000, lastNs: 1_795_400_041_502_000_000,
                lastID: 9,
                fastestNs: 1_000_000, slowestNs: 2_000_000)),
        .frame(.sample(id: 4, atMs: 79_560_000, sender: "server", opcode: 8, eio: nil, size: 0)),
    ]

    static func lines(_ style: TimeStyle, _ terminal: Terminal, showsSession: Bool = true) throws -> [String] {
        var text = ""
        let clock = FrameClock(
            style, sessions: [1: SessionTimes(openedNs: 1_795_400_040_000_000_000, engineIOVersion: 4)])
        var printer = FramePrinter(on: terminal, clock: clock, showsSession: showsSession) { text += $0 }
        for frame in Self.frames { try printer.print(frame) }
        try printer.end()
        return text.split(separator: "\n").map(String.init)
    }

    @Test("in a pipe everything is whole; another day gets its own titles")
    func pipe() throws {
        #expect(
            try Self.lines(.absolute, .plain) == [
                "2026-11-23 UTC   #             type        nsp    event         bytes  flags       payload",
                "02:14:00.005000  1  C ← S  lp  open                               100              {}",
                "02:14:00.030000  1  C → S  ws  event       /chat  move #12       2000  compressed  "
                    + "[{\"text\":\"\\x1b[2J日本語日本語日本語\"}]",
                "02:14:00.031000  1  C → S  ws  attachment  /chat  move #12 [0]     10              "
                    + "00 01 02 03 04 05 06 07 … (10 bytes)",
                "02:14:01.502000  1  ♥ 3 heartbeats in 1.0 s, pong after 1.0–2.0 ms",
                "2026-11-24 UTC   #             type        nsp    event         bytes  flags       payload",
                "00:20:00.000000  1  C ← S  ws  ws-close                             0              no code (1005)",
            ])
    }

    @Test("on a terminal no line is longer than it is wide", arguments: [20, 21, 40, 60, 80, 90, 100, 200])
    func terminal(_ width: Int) throws {
        for showsSession in [true, false] {
            for style in TimeStyle.allCases {
                let lines = try Self.lines(style, Terminal(width: width), showsSession: showsSession)
                #expect(lines.count > 5)
                #expect(lines.allSatisfy { DisplayWidth.of($0) <= width })
                let plain = try Self.lines(style, .plain, showsSession: showsSession)
                let colored = try Self.lines(style, Terminal(width: width, color: true), showsSession: showsSession)
                #expect(
                    colored.map { $0.replacing(/\u{1b}\[[0-9;]*m/, with: "").trimmingTrailingSpaces() } == lines)
                if width == 200 { #expect(lines == plain) }
            }
        }
    }

    @Test("the payload goes first, then names are cut")
    func narrow() throws {
        #expect(
            try Self.lines(.absolute, Terminal(width: 100)).prefix(3) == [
                "2026-11-23 UTC   #             type        nsp    event         bytes  flags       payload",
                "02:14:00.005000  1  C ← S  lp  open                               100              {}",
                "02:14:00.030000  1  C → S  ws  event       /chat  move #12       2000  compressed  [{\"text\":\"\\x1b[2…",
            ])
        #expect(
            try Self.lines(.absolute, Terminal(width: 80)).prefix(4) == [
                "2026-11-23 UTC   #             type        nsp    event        bytes  flags",
                "02:14:00.005000  1  C ← S  lp  open                              100",
                "02:14:00.030000  1  C → S  ws  event       /chat  move #12      2000  compressed",
                "02:14:00.031000  1  C → S  ws  attachment  /chat  move #12 […     10",
            ])
    }

    @Test("without UTF-8 all is ASCII but the payload")
    func ascii() throws {
        let lines = try Self.lines(.absolute, Terminal(width: 100, unicodeText: false))
        #expect(lines[1].contains("C < S"))
        #expect(lines[4].hasSuffix("* 3 heartbeats in 1.0 s, pong after 1.0-2.0 ms"))
        #expect((lines[1] + lines[4] + lines[6]).utf8.allSatisfy { $0 < 0x80 })
    }

    @Test("times count from the session's start, or from the line before")
    func times() throws {
        let relative = try Self.lines(.relative, .plain, showsSession: false)
        #expect(
            relative.map { String($0.prefix(13)) } == [
                "   since open", "     0.005000", "     0.030000", "     0.031000", "     1.502000", " 79560.000000",
            ])
        let delta = try Self.lines(.delta, .plain, showsSession: false)
        #expect(
            delta.map { String($0.prefix(13)) } == [
                "        after", "     0.000000", "     0.025000", "     0.001000", "     1.471000", " 79558.498000",
            ])
    }

    @Test(
        "a payload shows",
        arguments: [
            (.sample(id: 1, atMs: 0, sio: "event", event: "a", payload: #"["a"]"#), ""),
            (.sample(id: 1, atMs: 0, sio: "event", event: "a", payload: #"["a",1,[2]]"#), "[1,[2]]"),
            // Written with an escape, the name is not taken off: it is shown as it came.
            (.sample(id: 1, atMs: 0, sio: "event", event: "a", payload: #"["\u0061",1]"#), #"["\u0061",1]"#),
            (.sample(id: 1, atMs: 0, sio: "event", event: "a", payload: #"["a""#), #"["a""#),
            (.sample(id: 1, atMs: 0, sio: "ack", ack: 1, payload: "[1]"), "[1]"),
            (.sample(id: 1, atMs: 0, opcode: 8, eio: nil, closeCode: 1000, payload: "bye"), "1000 bye"),
            (.sample(id: 1, atMs: 0, opcode: 2, binary: []), "(no bytes)"),
            // Written by msgpack; only what could not be read is shown as bytes.
            (
                .sample(
                    id: 1, atMs: 0, opcode: 2, sio: "event", event: "a", payload: #"["a",{"base64":"AQI="}]"#,
                    binary: [0x84, 0xa4]), #"[{"base64":"AQI="}]"#
            ),
            (.sample(id: 1, atMs: 0, opcode: 2, sio: "disconnect", binary: [0x84, 0xa4]), ""),
            (.sample(id: 1, atMs: 0, opcode: 2, sio: "attachment", binary: [0x84, 0xa4]), "84 a4"),
            (.sample(id: 1, atMs: 0, opcode: 2, binary: [0x84, 0xa4]), "84 a4"),
        ] as [(FrameRow, String)])
    func payload(_ frame: FrameRow, _ expected: String) {
        #expect(FrameCells(frame, unicode: true).payload == expected)
    }
}
