/// Writes a pcap of one TCP connection: raw IPv4, microseconds, server port 3000. What it says about time and place is
/// all made up; the bytes of the two streams are the caller's.
struct CaptureBuilder {
    enum Side {
        case client, server
    }

    /// Link type RAW.
    private static let linkType: UInt32 = 101
    private static let clientPort: UInt16 = 50_000
    private static let serverPort: UInt16 = 3000

    private(set) var bytes: [UInt8] = []
    private var clientSequence: UInt32 = 1_000
    /// Near the end, so that longer conversations wrap.
    private var serverSequence: UInt32 = 0xFFFF_FF00
    /// Microseconds since the first packet.
    private(set) var time: UInt32 = 0

    init() {
        self.little(0xA1B2_C3D4)
        self.little16(2)
        self.little16(4)
        for value in [0, 0, 262_144, Self.linkType] { self.little(UInt32(value)) }
    }

    mutating func wait(microseconds: UInt32) {
        self.time += microseconds
    }

    mutating func handshake() {
        self.packet(.client, flags: 0x02)
        self.clientSequence &+= 1
        self.packet(.server, flags: 0x12)
        self.serverSequence &+= 1
        self.packet(.client, flags: 0x10)
    }

    /// Bytes of one side, in one segment.
    mutating func send(_ side: Side, _ payload: Span<UInt8>) {
        self.packet(side, flags: 0x18, payload.copy())
        self.advance(side, payload.count)
    }

    /// Bytes that were sent and are not in the capture.
    mutating func lose(_ side: Side, _ count: Int) {
        self.advance(side, count)
    }

    mutating func finish(_ side: Side) {
        self.packet(side, flags: 0x11)
        self.advance(side, 1)
    }

    mutating func reset(_ side: Side) {
        self.packet(side, flags: 0x14)
    }

    private mutating func advance(_ side: Side, _ count: Int) {
        if side == .client {
            self.clientSequence &+= UInt32(count)
        } else {
            self.serverSequence &+= UInt32(count)
        }
    }

    private mutating func packet(_ side: Side, flags: UInt8, _ payload: [UInt8] = []) {
        let length = 40 + payload.count
        self.little(1_700_000_000 + self.time / 1_000_000)
        self.little(self.time % 1_000_000)
        self.little(UInt32(length))
        self.little(UInt32(length))
        self.bytes += [0x45, 0]
        self.big16(UInt16(length))
        self.bytes += [
            0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, side == .client ? 1 : 2, 10, 0, 0, side == .client ? 2 : 1,
        ]
        self.big16(side == .client ? Self.clientPort : Self.serverPort)
        self.big16(side == .client ? Self.serverPort : Self.clientPort)
        self.big(side == .client ? self.clientSequence : self.serverSequence)
        self.big(side == .client ? self.serverSequence : self.clientSequence)
        self.bytes += [0x50, flags, 0xFF, 0xFF, 0, 0, 0, 0]
        self.bytes += payload
    }

    private mutating func little(_ value: UInt32) { withUnsafeBytes(of: value.littleEndian) { self.bytes += $0 } }
    private mutating func little16(_ value: UInt16) { withUnsafeBytes(of: value.littleEndian) { self.bytes += $0 } }
    private mutating func big(_ value: UInt32) { withUnsafeBytes(of: value.bigEndian) { self.bytes += $0 } }
    private mutating func big16(_ value: UInt16) { withUnsafeBytes(of: value.bigEndian) { self.bytes += $0 } }
}
