import Testing
import TimelineModel
import Wire

/// A connection between a client (port 50000, the high side) and a server (port 80, the low side).
private struct ConnectionRun {
    static let client = Endpoint(ipv4: 0x0A00_0001, port: 50_000)
    static let server = Endpoint(ipv4: 0x0A00_0002, port: 80)

    let connection: TCPConnection
    private(set) var output: [String] = []
    /// Of the bytes in it.
    private(set) var times: [Timestamp] = []

    init() {
        let first = Self.segment(from: .high, 0, [])
        self.connection = TCPConnection(FlowKey(first), limitBytes: 1 << 20)
    }

    static func segment(
        from side: FlowSide, _ sequence: UInt32, _ flags: TCPFlags, ack: UInt32 = 0, at: Double = 0, length: Int = 0
    ) -> Segment {
        Segment(
            at: StreamRun.time(at), source: side == .high ? self.client : self.server,
            destination: side == .high ? self.server : self.client, sequence: sequence, acknowledgement: ack,
            flags: flags, payloadLength: length)
    }

    mutating func take(
        _ side: FlowSide, _ sequence: UInt32, _ flags: TCPFlags, _ text: String = "", ack: UInt32 = 0, at: Double = 0
    ) {
        let bytes = Array(text.utf8)
        let segment = Self.segment(from: side, sequence, flags, ack: ack, at: at, length: bytes.count)
        self.connection.noteHandshake(segment)
        var output: [String] = []
        var times: [Timestamp] = []
        self.connection.receive(segment, bytes.span) {
            output.append(Self.text($0, $1, $2))
            if case .bytes(let facts) = $1 { times.append(facts.at) }
        }
        self.output += output
        self.times += times
    }

    mutating func finish() {
        var output: [String] = []
        self.connection.finish { output.append(Self.text($0, $1, $2)) }
        self.output += output
    }

    mutating func handshake() {
        self.take(.high, 99, .syn, at: 0)
        self.take(.low, 499, [.syn, .ack], ack: 100, at: 7)
        self.take(.high, 100, .ack, ack: 500, at: 7.5)
    }

    private static func text(_ side: FlowSide, _ event: StreamEvent, _ bytes: Span<UInt8>) -> String {
        let name = side == .high ? "client" : "server"
        switch event {
        case .bytes: return "\(name) \(bytes.text(0..<bytes.count))"
        case .gap(let count, _): return "\(name) misses \(count)"
        case .fin: return "\(name) ends"
        }
    }
}

@Suite("TCP connection")
struct TCPConnectionTests {
    @Test("one key for both directions")
    func key() {
        let there = FlowKey(ConnectionRun.segment(from: .high, 0, []))
        let back = FlowKey(ConnectionRun.segment(from: .low, 0, []))
        #expect(there == back)
        #expect(there.hashValue == back.hashValue)
        #expect(there.endpoint(.high) == ConnectionRun.client)
        #expect(there.endpoint(.low) == ConnectionRun.server)
    }

    @Test("the handshake tells who began and how far away they are")
    func handshake() {
        var run = ConnectionRun()
        run.handshake()
        #expect(run.connection.initiator == .high)
        #expect(run.connection.roundTripNs == 7_000_000)
        #expect(run.output.isEmpty)
    }

    @Test("a SYN-ACK alone tells who began")
    func synAck() {
        var run = ConnectionRun()
        run.take(.low, 499, [.syn, .ack], ack: 100)
        #expect(run.connection.initiator == .high)
        #expect(run.connection.roundTripNs == nil)
    }

    @Test("a clock that steps back gives no negative time")
    func clock() {
        var run = ConnectionRun()
        run.take(.high, 99, .syn, at: 10)
        run.take(.low, 499, [.syn, .ack], ack: 100, at: 4)
        #expect(run.connection.roundTripNs == 0)
    }

    @Test("the round trip is that of the SYN that was answered")
    func synAgain() {
        var run = ConnectionRun()
        run.take(.high, 99, .syn, at: 0)
        run.take(.high, 99, .syn, at: 1_000)
        run.take(.low, 499, [.syn, .ack], ack: 100, at: 1_003)
        #expect(run.connection.roundTripNs == 3_000_000)
    }

    @Test("data on SYN and SYN-ACK, as fast open sends it")
    func fastOpen() {
        var run = ConnectionRun()
        run.take(.high, 99, .syn, "GET")
        run.take(.low, 499, [.syn, .ack], "200", ack: 103)
        run.take(.high, 103, .ack, "POST", ack: 503)
        #expect(run.output == ["client GET", "server 200", "client POST"])
    }

    @Test("both FINs end it")
    func fins() {
        var run = ConnectionRun()
        run.handshake()
        run.take(.high, 100, [.ack, .fin], "bye", ack: 500)
        #expect(!run.connection.isOver)
        run.take(.low, 500, .ack, "late", ack: 104)
        run.take(.low, 504, [.ack, .fin], ack: 104)
        #expect(run.connection.isOver)
        #expect(run.connection.resetBy == nil)
        #expect(run.output == ["client bye", "client ends", "server late", "server ends"])
    }

    @Test("a RST brings out what either side holds")
    func reset() {
        var run = ConnectionRun()
        run.handshake()
        run.take(.high, 103, .ack, "def", ack: 500)
        run.take(.low, 501, .ack, "y", ack: 100)
        #expect(run.connection.heldSince != nil)
        run.take(.low, 502, [.rst, .ack], ack: 100)
        #expect(run.connection.isOver)
        #expect(run.connection.resetBy == .low)
        #expect(run.connection.heldSince == nil)
        #expect(run.output == ["server misses 1", "server y", "client misses 3", "client def"])
        run.take(.high, 106, .rst)
        #expect(run.connection.resetBy == .low)
        run.finish()
        #expect(run.output.count == 4)
    }

    @Test("the acknowledgement of one side declares the other's hole")
    func acknowledged() {
        var run = ConnectionRun()
        run.handshake()
        run.take(.low, 503, .ack, "d", ack: 100, at: 10)
        run.take(.high, 100, .ack, ack: 504, at: 11)
        #expect(run.output.isEmpty)
        run.take(.high, 100, .ack, ack: 504, at: 3011)
        #expect(run.output == ["server misses 3", "server d"])
        #expect(run.connection.missingBytes == 3)
        #expect(run.connection.bytes(.low) == 4)
    }

    @Test("what is captured behind its answer was sent before it, and so was what that answered")
    func behindAnswers() throws {
        var run = ConnectionRun()
        run.handshake()
        // Sent: hello, request, answer. Captured: answer, request, hello.
        run.take(.low, 505, .ack, "answer", ack: 107, at: 10)
        run.take(.high, 100, .ack, "request", ack: 505, at: 11)
        run.take(.low, 500, .ack, "hello", ack: 100, at: 12)
        #expect(run.output == ["client request", "server hello", "server answer"])
        #expect(run.times == [9_999_999, 9_999_998, 10_000_000].map { Timestamp(nanoseconds: $0) })
    }

    @Test("holds since the older of both sides")
    func heldSince() {
        var run = ConnectionRun()
        run.handshake()
        run.take(.low, 501, .ack, "y", ack: 100, at: 9)
        run.take(.high, 101, .ack, "b", ack: 500, at: 8)
        #expect(run.connection.heldSince == StreamRun.time(8))
        run.take(.high, 100, .ack, "a", ack: 500, at: 10)
        #expect(run.connection.heldSince == StreamRun.time(9))
    }

    struct Reuse: CustomTestStringConvertible, Sendable {
        let name: String
        let sequence: UInt32
        let flags: TCPFlags
        var isReset = false
        let isReplaced: Bool
        var testDescription: String { self.name }
    }

    @Test(
        "the ports are used again",
        arguments: [
            Reuse(name: "the same SYN again", sequence: 99, flags: .syn, isReplaced: false),
            Reuse(name: "another SYN", sequence: 7_000, flags: .syn, isReplaced: true),
            Reuse(name: "a SYN-ACK", sequence: 7_000, flags: [.syn, .ack], isReplaced: false),
            Reuse(name: "data", sequence: 7_000, flags: .ack, isReplaced: false),
            Reuse(name: "the same SYN after a refusal", sequence: 99, flags: .syn, isReset: true, isReplaced: true),
        ])
    func reuse(_ reuse: Reuse) {
        var run = ConnectionRun()
        run.handshake()
        if reuse.isReset { run.take(.low, 500, [.rst, .ack], ack: 100) }
        let segment = ConnectionRun.segment(from: .high, reuse.sequence, reuse.flags)
        #expect(run.connection.isReplaced(by: segment) == reuse.isReplaced)
    }
}
