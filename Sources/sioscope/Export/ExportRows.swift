import Timeline
import TimelineModel

/// Takes the values of a row one after the other, in the order of the query's columns.
struct RowReader {
    private let row: [TimelineValue]
    private let table: String
    private var index = 0

    init(_ row: [TimelineValue], table: String) {
        self.row = row
        self.table = table
    }

    private mutating func next() -> TimelineValue {
        defer { self.index += 1 }
        return self.index < self.row.count ? self.row[self.index] : .null
    }

    mutating func integer() -> Int64? { self.next().integer }
    mutating func int() -> Int? { self.next().integer.flatMap { Int(exactly: $0) } }
    mutating func text() -> String? { self.next().text }
    mutating func bytes() -> [UInt8]? { self.next().bytes }
    mutating func time() -> Timestamp? { self.next().integer.map { Timestamp(nanoseconds: $0) } }

    /// A word of a closed set; nil for NULL.
    ///
    /// - Throws: `ToolError` for another word: the row was not written by this tool.
    mutating func word<Word: RawRepresentable>(_ type: Word.Type) throws -> Word? where Word.RawValue == String {
        try self.word { Word(rawValue: $0) }
    }

    mutating func word<Word>(_ find: (String) -> Word?) throws -> Word? {
        guard let text = self.next().text else { return nil }
        guard let word = find(text) else {
            throw ToolError("a row of \(self.table) holds the word '\(text)', which this version does not know")
        }
        return word
    }
}

// Each reads the columns of one of the files export_*.sql, in that order.

extension ConnectionFacts {
    init(_ row: RowReader) throws {
        var row = row
        self.init(
            id: row.integer() ?? 0, clientAddress: row.text() ?? "", clientPort: row.int() ?? 0,
            serverAddress: row.text() ?? "", serverPort: row.int() ?? 0, opened: row.time() ?? .zero)
        self.closed = row.time()
        self.closedBy = try row.word(Sender.self)
        self.closeKind = try row.word(CloseKind.self)
        self.application = try row.word(ConnectionApplication.self) ?? .unknown
    }
}

extension SessionFacts {
    init(_ row: RowReader) throws {
        var row = row
        self.init(id: row.integer() ?? 0, sid: row.text(), opened: row.time() ?? .zero)
        self.engineIOVersion = row.int()
        self.transports = (row.text() ?? "").split(separator: ",").compactMap { Transport(rawValue: String($0)) }
        self.path = row.text()
        self.ended = row.time()
        self.endClass = try row.word(EndClass.self)
        self.endedBy = try row.word(Sender.self)
        self.userAgent = row.text()
        self.completeHead = row.integer() == 1
    }
}

extension ExchangeFacts {
    init(_ row: RowReader) throws {
        var row = row
        self.init(
            id: row.integer() ?? 0, connectionID: row.integer() ?? 0, method: row.text() ?? "",
            target: row.text() ?? "",
            requested: row.time() ?? .zero)
        self.sessionID = row.integer()
        self.status = row.int()
        self.userAgent = row.text()
    }
}

extension Frame {
    init(_ row: RowReader) throws {
        var row = row
        self.init(
            id: row.integer() ?? 0, sessionID: row.integer(), connectionID: row.integer() ?? 0, at: row.time() ?? .zero,
            sender: try row.word(Sender.self) ?? .client, transport: try row.word(Transport.self) ?? .websocket,
            layer: try row.word(Layer.self) ?? .engineio, opcode: row.integer().flatMap { UInt8(exactly: $0) },
            engineIOType: try row.word { Self.engineIOTypes[$0] },
            socketIOType: try row.word { Self.socketIOTypes[$0] },
            namespace: row.text(), event: row.text(), ackID: row.integer(), attachments: row.int(),
            closeCode: row.integer().flatMap { UInt16(exactly: $0) }, sizeBytes: row.int() ?? 0,
            wireBytes: row.int() ?? 0,
            payload: row.text(), binary: row.bytes(), flags: FrameFlags(text: row.text() ?? ""),
            exchangeID: row.integer())
    }

    private static let engineIOTypes = Dictionary(uniqueKeysWithValues: EngineIOType.allCases.map { ($0.name, $0) })
    private static let socketIOTypes = Dictionary(uniqueKeysWithValues: SocketIOType.allCases.map { ($0.name, $0) })
}
