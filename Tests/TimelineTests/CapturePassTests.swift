import Foundation
import Testing
import TimelineModel

@testable import Timeline

/// Writes down what it is shown.
private struct Notes: CaptureWitness {
    var capture: StoredCapture
    var lines: [String] = []
    var frames: [Frame] = []

    mutating func see(_ frame: Frame) {
        self.frames.append(frame)
        self.lines.append("frame \(frame.id)")
    }

    mutating func see(_ exchange: ExchangeFacts) { self.lines.append("exchange \(exchange.id)") }

    mutating func see(_ anomaly: Anomaly) {
        self.lines.append(anomaly.code.text + (anomaly.frameID.map { " \($0)" } ?? ""))
    }
}

@Suite("A pass over a timeline")
struct CapturePassTests {
    let folder: TemporaryFolder
    let path: String

    init() throws {
        self.folder = try TemporaryFolder()
        self.path = self.folder.file("x.db")
    }

    private func notes() throws -> [Notes] {
        var all: [Notes] = []
        try TimelineReader(path: self.path).forEachCapture {
            Notes(capture: $0)
        } seen: { _, notes in
            all.append(notes)
        }
        return all
    }

    @Test("shows what there is by time, and the anomaly of a frame right behind it")
    func order() throws {
        var batch = TimelineBatch()
        batch.connections = [Sample.connection(1)]
        batch.sessions = [SessionFacts(id: 1, sid: "abc", opened: Sample.at(0))]
        batch.frames = [1, 2, 3].map { Sample.frame($0, at: $0 * 10, .server, .noop) }
        batch.exchanges = [(1, 25), (2, 10), (3, 99)].map { id, at in
            ExchangeFacts(id: id, connectionID: 1, method: "GET", target: "/", requested: Sample.at(at))
        }
        batch.anomalies = [
            Anomaly("tcp.gap", at: Sample.at(99), detail: "", frameID: 2),
            Anomaly("capture.late", at: Sample.at(99), detail: ""),
            Anomaly("capture.early", at: Sample.at(15), detail: ""),
            Anomaly("http.first", at: Sample.at(0), detail: "", frameID: 1),
        ]
        try Sample.write(batch, to: self.path)
        #expect(
            try self.notes().map(\.lines) == [
                [
                    "exchange 2", "frame 1", "http.first 1", "capture.early", "frame 2", "tcp.gap 2", "exchange 1",
                    "frame 3", "exchange 3", "capture.late",
                ]
            ])
    }

    @Test("leaves out what no rule looks into, unless all is asked for", arguments: [false, true])
    func whole(_ isWhole: Bool) throws {
        var batch = TimelineBatch()
        batch.connections = [Sample.connection(1)]
        batch.sessions = [SessionFacts(id: 1, sid: "abc", opened: Sample.at(0))]
        var event = Sample.frame(1, at: 10, .client, .message)
        (event.socketIOType, event.event, event.payload) = (.binaryEvent, "a", #"["a",{}]"#)
        var plain = Sample.frame(2, at: 20, .client, .message)
        (plain.socketIOType, plain.event, plain.payload) = (.event, "b", #"["b",1]"#)
        var attachment = Sample.frame(3, at: 30, .client, .message)
        (attachment.socketIOType, attachment.payload, attachment.binary) = (.attachment, nil, [1, 2, 3])
        batch.frames = [event, plain, attachment]
        try Sample.write(batch, to: self.path)
        try TimelineReader(path: self.path).forEachCapture(isWhole: isWhole) {
            Notes(capture: $0)
        } seen: { _, notes in
            #expect(notes.frames.map(\.payload) == [#"["a",{}]"#, isWhole ? #"["b",1]"# : nil, nil])
            #expect(notes.frames.map(\.binary) == [nil, nil, isWhole ? [1, 2, 3] : nil])
        }
    }

    @Test("gives each capture its own rows", arguments: [1, 2, 5])
    func captures(_ count: Int) throws {
        for index in 0..<count {
            // The second has no traffic at all.
            try Sample.write(index == 1 ? TimelineBatch() : Sample.batch(frames: 7), to: self.path)
        }
        let notes = try self.notes()
        #expect(notes.count == count)
        for (index, notes) in notes.enumerated() {
            let before = Int64(index > 1 ? index - 1 : index)
            var expected: [String] = []
            if index != 1 {
                let first = before * 7
                expected.append("exchange \(before + 1)")
                for number in 1...7 as ClosedRange<Int64> { expected.append("frame \(first + number)") }
                expected.append("socketio.bad-json \(first + 7)")
            }
            #expect(notes.lines == expected)
            #expect(notes.capture.sessions.map(\.id) == (index == 1 ? [] : [before + 1]))
            #expect(notes.capture.connections.count == (index == 1 ? 0 : 1))
            #expect(notes.capture.facts == Sample.capture)
        }
    }

    @Test("reads frames and facts as they were written, without what no rule looks into")
    func whole() throws {
        var batch = Sample.batch(frames: 1)
        var session = batch.sessions[0]
        session.engineIOVersion = 4
        session.endClass = .webSocketClose
        session.endedBy = .server
        session.closeCode = 1005
        session.ended = Sample.at(90)
        session.pingIntervalMs = 25_000
        batch.sessions = [session]
        var plain = Sample.frame(3, .client, .message, payload: "text")
        plain.binary = [UInt8](repeating: 7, count: 100)
        plain.flags = [.compressed, .fragmented]
        var close = Sample.frame(4, .server, .close)
        close.layer = .websocket
        close.engineIOType = nil
        close.opcode = 8
        close.closeCode = 4000
        var polled = Sample.packet(5, .client, .binaryEvent, event: "b", ack: 7, namespace: "/n", payload: "[\"b\"]")
        polled.transport = .polling
        polled.opcode = nil
        polled.attachments = 1
        batch.frames += [Sample.packet(2, .client, .connect, payload: "{}"), plain, close, polled]
        try Sample.write(batch, to: self.path)

        let notes = try #require(try self.notes().first)
        var expected = batch.frames
        expected[0].payload = nil
        expected[2].binary = [UInt8](repeating: 7, count: 64)
        #expect(notes.frames == expected)
        #expect(notes.capture.sessions == [session])
        #expect(notes.capture.connections == batch.connections)
    }

    @Test("says which column holds what no version writes")
    func damage() throws {
        try Sample.write(Sample.batch(frames: 1), to: self.path)
        let connection = try SQLiteConnection(FilePlace(path: self.path))
        try connection.execute("UPDATE frames SET sender = 'nobody'")
        connection.close()
        #expect(throws: TimelineError.damaged(path: self.path, message: "frames.sender holds none of its words")) {
            try self.notes()
        }
    }

    // MARK: Findings

    private static func finding(_ rule: String) -> Finding {
        Finding(
            sessionID: 1, frameID: nil, rule: rule, severity: .error, status: .latent, at: Sample.at(1),
            message: "it's \"so\"", evidence: "{}")
    }

    private func stored() throws -> [String] { try rows(self.path, "SELECT id, rule, message FROM findings") }

    @Test("findings replace those before them, and nothing else changes")
    func replace() throws {
        try Sample.write(Sample.batch(frames: 3), to: self.path)
        let before = try rows(self.path, "SELECT * FROM frames")
        try FindingsWriter.replace(in: self.path, with: ["a", "b"].map(Self.finding))
        #expect(try self.stored() == ["1|a|it's \"so\"", "2|b|it's \"so\""])
        try FindingsWriter.replace(in: self.path, with: [Self.finding("c")])
        #expect(try self.stored() == ["1|c|it's \"so\""])
        #expect(try rows(self.path, "SELECT * FROM frames") == before)
        #expect(self.folder.names == ["x.db"])
    }

    @Test("a recording that is going on is left alone")
    func recording() throws {
        let writer = try TimelineWriter(path: self.path, mode: .live)
        try writer.begin(Sample.capture, toolVersion: "test")
        try writer.write(Sample.batch(frames: 3))
        try writer.commit()
        #expect(throws: TimelineError.locked(path: self.path)) {
            try FindingsWriter.replace(in: self.path, with: [Self.finding("a")])
        }
        #expect(try self.notes().map(\.frames.count) == [3], "it can be judged meanwhile")
        try writer.endCapture(Sample.capture)
        try writer.finish()
        #expect(try self.stored().isEmpty)
        try FindingsWriter.replace(in: self.path, with: [Self.finding("a")])
        #expect(try self.stored().count == 1)
    }

    @Test("nothing is made where no timeline is")
    func missing() throws {
        #expect(throws: TimelineError.missing(path: self.path)) {
            try FindingsWriter.replace(in: self.path, with: [])
        }
        let text = try self.folder.write("text.db", Array("no database, but long enough".utf8))
        #expect(throws: TimelineError.self) { try FindingsWriter.replace(in: text, with: []) }
        #expect(self.folder.names == ["text.db"])
    }
}
