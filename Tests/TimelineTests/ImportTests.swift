import Foundation
import Testing
import TimelineModel

@testable import Timeline

@Suite("Importing")
struct ImportTests {
    let folder: TemporaryFolder

    init() throws {
        self.folder = try TemporaryFolder()
    }

    @Test("every column of a frame holds what the frame says")
    func frameColumns() throws {
        let path = self.folder.file("x.db")
        var batch = TimelineBatch()
        let full = Frame(
            id: 1, sessionID: 3, connectionID: 4, at: Timestamp(nanoseconds: -5), sender: .client, transport: .polling,
            layer: .websocket, opcode: 2, engineIOType: .upgrade, socketIOType: .binaryEvent, namespace: "/ä?token=1",
            event: "a name longer than a small string\u{0}", ackID: .max, attachments: 2, closeCode: 65_535,
            sizeBytes: 10, wireBytes: 12, payload: "[\"😀\"]", binary: [0, 255], flags: [.compressed, .afterGap],
            exchangeID: 6)
        // Then the columns that may be NULL, and then those that are empty without being NULL.
        let bare = Frame(
            id: 2, connectionID: 4, at: .zero, sender: .server, transport: .websocket, layer: .engineio, sizeBytes: 0,
            wireBytes: 0)
        var empty = full
        (empty.id, empty.namespace, empty.event, empty.payload, empty.binary) = (3, "", "", "", [])
        batch.frames = [full, bare, empty]
        try Sample.write(batch, to: path)

        var read: [[TimelineValue]] = []
        var names: [String] = []
        try TimelineReader(path: path).query("SELECT * FROM frames") {
            names = $0
        } row: {
            read.append($0)
        }
        #expect(
            names.joined(separator: " ")
                == "id session_id connection_id at_ns sender transport layer opcode eio_type sio_type namespace event "
                + "ack_id attachments close_code size_bytes wire_bytes payload binary flags exchange_id")
        try #require(read.count == 3)
        #expect(
            read[0] == [
                .integer(1), .integer(3), .integer(4), .integer(-5), .text("client"), .text("polling"),
                .text("websocket"), .integer(2), .text("upgrade"), .text("binary_event"), .text("/ä?token=1"),
                .text("a name longer than a small string\u{0}"), .integer(.max), .integer(2), .integer(65_535),
                .integer(10), .integer(12), .text("[\"😀\"]"), .blob([0, 255]), .text("compressed,after-gap"),
                .integer(6),
            ])
        #expect(
            read[1] == [
                .integer(2), .null, .integer(4), .integer(0), .text("server"), .text("websocket"), .text("engineio"),
                .null, .null, .null, .null, .null, .null, .null, .null, .integer(0), .integer(0), .null, .null,
                .text(""), .null,
            ])
        #expect(read[2][10...11] == [.text(""), .text("")])
        #expect(read[2][17...18] == [.text(""), .blob([])])
    }

    @Test(
        "frames come back as they were, however many there are and however big each is",
        arguments: [1, 31, 32, 33, 64, 100, 500])
    func roundTrip(_ count: Int) throws {
        let path = self.folder.file("x.db")
        // Sizes on both sides of what a run of rows holds; every column NULL in some rows and filled in others.
        let sizes = [0, 1, 15, 16, 200, FrameStatement.heldBytes - 1, FrameStatement.heldBytes + 1, 100_000]
        var batch = TimelineBatch()
        for number in 0..<count {
            let size = sizes[(number * number + number / 40) % (number % 64 < 40 ? 5 : sizes.count)]
            var frame = Sample.frame(Int64(number) + 1, .client, .message)
            if number % 3 != 0 { frame.payload = String(repeating: "p", count: size) + String(number) }
            if number % 5 == 1 { frame.binary = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: size) }
            if number % 2 == 0 { frame.event = "event \(number)" }
            if number % 7 != 0 { frame.namespace = "/\(number % 4)" }
            if number % 4 == 0 { frame.ackID = Int64(number) }
            batch.frames.append(frame)
        }
        try Sample.write(batch, to: path)

        var read: [[TimelineValue]] = []
        try TimelineReader(path: path)
            .query("SELECT id, payload, binary, event, namespace, ack_id FROM frames ORDER BY id") { read.append($0) }
        let expected: [[TimelineValue]] = batch.frames.map { frame in
            [
                .integer(frame.id), frame.payload.map { .text($0) } ?? .null, frame.binary.map { .blob($0) } ?? .null,
                frame.event.map { .text($0) } ?? .null, frame.namespace.map { .text($0) } ?? .null,
                frame.ackID.map { .integer($0) } ?? .null,
            ]
        }
        #expect(read == expected)
    }

    @Test("every word of the model reaches its column")
    func words() throws {
        let path = self.folder.file("x.db")
        var batch = TimelineBatch()
        for type in EngineIOType.allCases {
            batch.frames.append(Sample.frame(Int64(batch.frames.count) + 1, .client, type))
        }
        for type in SocketIOType.allCases {
            batch.frames.append(Sample.packet(Int64(batch.frames.count) + 1, .client, type))
        }
        for bits in 0..<32 as Range<UInt8> {
            batch.frames.append(Sample.frame(Int64(batch.frames.count) + 1, .server, .noop))
            batch.frames[batch.frames.count - 1].flags = FrameFlags(rawValue: bits)
        }
        try Sample.write(batch, to: path)
        let expected = batch.frames.map {
            [$0.engineIOType?.name ?? "", $0.socketIOType?.name ?? "", $0.flags.text].joined(separator: "|")
        }
        #expect(try rows(path, "SELECT eio_type, sio_type, flags FROM frames ORDER BY id") == expected)
    }

    @Test("facts are written whole, and again as they grow")
    func facts() throws {
        let path = self.folder.file("x.db")
        var first = TimelineBatch()
        first.connections = [Sample.connection(1)]
        first.sessions = [SessionFacts(id: 1, sid: nil, opened: Sample.at(0))]
        first.exchanges = [ExchangeFacts(id: 1, connectionID: 1, method: "GET", target: "/", requested: Sample.at(0))]
        var later = first
        later.connections[0].closed = Sample.at(9)
        later.connections[0].closedBy = .server
        later.connections[0].closeKind = .webSocketClose
        later.connections[0].application = .websocket
        later.connections[0].roundTripNs = 77
        later.sessions[0].sid = "abc"
        later.sessions[0].engineIOVersion = 4
        later.sessions[0].parser = .msgpack
        later.sessions[0].transports = [.polling, .websocket]
        later.sessions[0].endClass = .engineIOClose
        later.sessions[0].endedBy = .client
        later.sessions[0].closeCode = 1006
        later.sessions[0].completeTail = true
        later.exchanges[0].sessionID = 1
        later.exchanges[0].status = 400
        later.exchanges[0].errorCode = 1
        later.exchanges[0].errorMessage = "Session ID unknown"
        later.exchanges[0].server = "nginx"
        try Sample.write(first, later, to: path)

        #expect(
            try rows(path, "SELECT * FROM connections") == [
                "1|1|127.0.0.1|40001|127.0.0.1|3000|\(Sample.start)|\(Sample.start + 9_000_000)|server|websocket-close"
                    + "|websocket|source|1|77|0|0|0|0|0|0"
            ])
        #expect(
            try rows(path, "SELECT * FROM sessions") == [
                "1|1|abc|4||msgpack|polling,websocket|||||||\(Sample.start)||eio-close|client|1006|1|0|0||||0|1|0"
            ])
        #expect(
            try rows(path, "SELECT * FROM exchanges") == [
                "1|1|1|GET|/|400|\(Sample.start)||||0|0|1|Session ID unknown||||||||||nginx"
            ])
    }

    @Test("the capture's row has its final facts")
    func capture() throws {
        let path = self.folder.file("x.db")
        let writer = try TimelineWriter(path: path, mode: .importing)
        var facts = Sample.capture
        try writer.begin(facts, toolVersion: "1.2")
        facts.started = Sample.at(0)
        facts.ended = Sample.at(5)
        facts.completeTail = false
        facts.packets = 7
        facts.bytes = 700
        facts.droppedPackets = 2
        facts.otherRequests = 3
        try writer.endCapture(facts)
        try writer.finish()
        #expect(
            try rows(path, "SELECT * FROM captures") == [
                "1|pcap|sample.pcap|server|\(Sample.start)|\(Sample.start + 5_000_000)|1.2|1|0|2|7|700|3||"
            ])
    }

    @Test("a new timeline is one file, indexed and sound, there only once it is whole")
    func newFile() throws {
        let path = self.folder.file("x.db")
        let writer = try TimelineWriter(path: path, mode: .importing)
        try writer.begin(Sample.capture, toolVersion: "test")
        try writer.write(Sample.batch(frames: 100))
        #expect(!FileManager.default.fileExists(atPath: path))
        try writer.endCapture(Sample.capture)
        try writer.finish()
        #expect(self.folder.names == ["x.db"])
        #expect(try rows(path, "SELECT count(*) FROM sqlite_schema WHERE type = 'index'") == ["4"])
        #expect(try rows(path, "SELECT integrity_check FROM pragma_integrity_check") == ["ok"])
        #expect(try rows(path, "SELECT count(*) FROM pragma_foreign_key_check") == ["0"])
        #expect(self.folder.names == ["x.db"], "reading leaves nothing beside it")
    }

    enum Leaving: String, CaseIterable { case abandon, deinitialization }

    @Test("given up, it leaves nothing", arguments: Leaving.allCases)
    func abandoned(_ leaving: Leaving) throws {
        var writer: TimelineWriter? = try TimelineWriter(path: self.folder.file("x.db"), mode: .importing)
        try writer?.begin(Sample.capture, toolVersion: "test")
        try writer?.write(Sample.batch(frames: 10))
        #expect(self.folder.names.count == 1)
        if leaving == .abandon { writer?.abandon() }
        writer = nil
        #expect(self.folder.names.isEmpty)
    }

    @Test("a file that came into being meanwhile is left alone")
    func occupied() throws {
        let path = self.folder.file("x.db")
        let writer = try TimelineWriter(path: path, mode: .importing)
        _ = try self.folder.write("x.db", Array("mine".utf8))
        #expect(throws: TimelineError.occupied(path: path)) { try writer.finish() }
        #expect(try self.folder.bytes("x.db") == Array("mine".utf8))
        #expect(self.folder.names == ["x.db"])
    }

    enum Stage: String, CaseIterable { case write, finish }

    @Test("a full disk leaves nothing half-written, and the writer says it again", arguments: Stage.allCases)
    func diskFull(_ stage: Stage) throws {
        let path = self.folder.file("x.db")
        let full = TimelineError.diskFull(path: path)
        var batch = TimelineBatch()
        batch.frames = (1...20_000).map {
            Sample.frame($0, .client, .message, payload: String(repeating: "x", count: 200))
        }

        // 60 pages do not hold the rows; one less than all is missed by the last index.
        let whole = self.folder.file("whole.db")
        try Sample.write(batch, to: whole)
        let count = try #require(Int(rows(whole, "SELECT page_count FROM pragma_page_count")[0]))
        let pages =
            switch stage {
            case .write: 60
            case .finish: count - 1
            }

        var writer: TimelineWriter?
        var reached = Stage.write
        try #require(throws: full) {
            writer = try TimelineWriter(path: path, mode: .importing, schema: .current, pageLimit: pages)
            try writer?.begin(Sample.capture, toolVersion: "test")
            try writer?.write(batch)
            reached = .finish
            try writer?.endCapture(Sample.capture)
            try writer?.finish()
        }
        #expect(reached == stage)
        if let writer {
            #expect(throws: full) { try writer.write(batch) }
            #expect(throws: full) { try writer.finish() }
        }
        #expect(self.folder.names == ["whole.db"])
    }

    @Test("appending moves ids behind those that are there, and touches nothing else")
    func append() throws {
        let path = self.folder.file("x.db")
        try Sample.write(Sample.batch(frames: 5), to: path)
        let before = try contents(path)
        try Sample.write(Sample.batch(frames: 3), to: path)

        #expect(try rows(path, "SELECT id FROM captures") == ["1", "2"])
        #expect(try rows(path, "SELECT id, capture_id FROM connections") == ["1|1", "2|2"])
        #expect(try rows(path, "SELECT id, capture_id, lineage FROM sessions") == ["1|1|1", "2|2|2"])
        #expect(try rows(path, "SELECT id, connection_id, session_id FROM exchanges") == ["1|1|1", "2|2|2"])
        #expect(
            try rows(path, "SELECT id, session_id, connection_id, exchange_id FROM frames WHERE id > 5 ORDER BY id")
                == ["6|2|2|2", "7|2|2|", "8|2|2|"])
        #expect(
            try rows(path, "SELECT id, capture_id, session_id, connection_id, frame_id FROM anomalies")
                == ["1|1|1|1|5", "2|2|2|2|8"])
        #expect(self.folder.names == ["x.db"])

        // What the first capture wrote is there as it was: the old rows among the new ones.
        let after = Set(try contents(path))
        #expect(before.allSatisfy(after.contains))
    }

    @Test("several captures of one writer count on, as if appended")
    func severalCaptures() throws {
        let one = self.folder.file("one.db")
        let two = self.folder.file("two.db")
        let writer = try TimelineWriter(path: one, mode: .importing)
        for frames in [5, 3] as [Int64] {
            try writer.begin(Sample.capture, toolVersion: "test")
            try writer.write(Sample.batch(frames: frames))
            try writer.endCapture(Sample.capture)
            try Sample.write(Sample.batch(frames: frames), to: two)
        }
        try writer.finish()
        #expect(try contents(one) == contents(two))
    }

    enum Failure: String, CaseIterable { case abandoned, doubleID, diskFull }

    @Test("an append that fails leaves the timeline as it was", arguments: Failure.allCases)
    func failedAppend(_ failure: Failure) throws {
        let path = self.folder.file("x.db")
        try Sample.write(Sample.batch(frames: 5), to: path)
        let before = try contents(path)

        let limit = failure == .diskFull ? 40 : nil
        let writer = try TimelineWriter(path: path, mode: .importing, schema: .current, pageLimit: limit)
        try writer.begin(Sample.capture, toolVersion: "test")
        try writer.write(Sample.batch(frames: 5))
        switch failure {
        case .abandoned:
            writer.abandon()
        case .doubleID:
            #expect {
                try writer.write(Sample.batch(frames: 1))
            } throws: { error in
                guard case TimelineError.sql(path, let message, _) = error else { return false }
                return message.contains("UNIQUE")
            }
        case .diskFull:
            var batch = TimelineBatch()
            batch.frames = [Sample.frame(6, .client, .message, payload: String(repeating: "x", count: 2_000_000))]
            #expect(throws: TimelineError.diskFull(path: path)) { try writer.write(batch) }
        }
        #expect(try contents(path) == before)
        #expect(self.folder.names == ["x.db"])
    }
}
