import TimelineModel
import Wire

/// One connection (or a few) out of a real capture, cut into a beginning, a middle that can be repeated, and an end.
///
/// Repeating shifts sequence and acknowledgement numbers, so that the result is one long, unbroken TCP stream in each
/// direction. Checksums are not renewed: captures from the sending machine have wrong ones as well.
struct SegmentTemplate {
    struct Packet {
        var bytes: [UInt8]
        /// Nanoseconds since the connection's first packet.
        var offsetNs: Int64
        var isFromClient: Bool
        /// Where the TCP header begins.
        var tcpOffset: Int
        /// Where IPv4's source address begins.
        var addressOffset: Int
        /// Places of the session id in this packet.
        var sidOffsets: [Int] = []
    }

    private(set) var packets: [Packet] = []
    /// The packets that are repeated; empty for a connection that is used once as it is.
    private(set) var middle = 0..<0
    private var clientBytes: UInt32 = 0
    private var serverBytes: UInt32 = 0
    private(set) var middleNs: Int64 = 0

    /// Reads the first connection of an Ethernet capture whose packets are IPv4 without options; where it is not to be
    /// repeated, all connections to the same server.
    init?(capture: [UInt8], repeating: Bool) throws {
        var client: UInt16?
        var server: UInt16?
        var began: Int64?
        var decoder = CaptureFileDecoder()
        var packets: [Packet] = []
        try decoder.feed(capture.span) { record, bytes in
            guard record.linkType == .ethernet, bytes.count >= 54, bytes[12] == 8, bytes[13] == 0, bytes[14] == 0x45,
                bytes[23] == 6
            else { return }
            let source = bytes.network16(at: 34)
            let target = bytes.network16(at: 36)
            let isSyn = bytes[47] & 0x12 == 0x02
            if client == nil, isSyn { (client, server) = (source, target) }
            guard let client, let server else { return }
            guard repeating ? source == client || target == client : source == server || target == server else {
                return
            }
            let start = began ?? record.at.nanoseconds
            began = start
            packets.append(
                Packet(
                    bytes: bytes.array(0..<bytes.count), offsetNs: record.at.nanoseconds - start,
                    isFromClient: target == server, tcpOffset: 34, addressOffset: 26))
        }
        try decoder.finish()
        guard packets.count > 8 else { return nil }
        self.packets = packets
        self.findSessionID()
        if repeating { self.findMiddle() }
    }

    var isRepeating: Bool { !self.middle.isEmpty }

    static func payload(_ packet: Packet) -> Range<Int> {
        let header = Int(packet.bytes[packet.tcpOffset + 12] >> 4) * 4
        let total = Int(packet.bytes[16]) << 8 | Int(packet.bytes[17])
        let start = packet.tcpOffset + header
        return start..<max(start, min(packet.bytes.count, 14 + total))
    }

    /// The session id of the open packet, wherever it stands in the clear.
    private mutating func findSessionID() {
        let mark = Array(#""sid":""#.utf8)
        for packet in self.packets {
            let bytes = packet.bytes
            guard let at = Self.find(mark, in: bytes, from: 0), at + mark.count + 20 <= bytes.count else { continue }
            let sid = Array(bytes[at + mark.count..<at + mark.count + 20])
            for index in self.packets.indices {
                var from = 0
                while let place = Self.find(sid, in: self.packets[index].bytes, from: from) {
                    self.packets[index].sidOffsets.append(place)
                    from = place + sid.count
                }
            }
            return
        }
    }

    private static func find(_ word: [UInt8], in bytes: [UInt8], from: Int) -> Int? {
        guard bytes.count >= word.count else { return nil }
        var offset = from
        while offset <= bytes.count - word.count {
            if bytes[offset] == word[0], bytes[offset..<offset + word.count].elementsEqual(word) { return offset }
            offset += 1
        }
        return nil
    }

    /// From behind the namespace's CONNECT to before the close frame.
    private mutating func findMiddle() {
        var dataPackets = 0
        var first: Int?
        var last: Int?
        for (index, packet) in self.packets.enumerated() {
            let payload = Self.payload(packet)
            guard !payload.isEmpty else { continue }
            dataPackets += 1
            // Request, 101, open or probe and upgrade, CONNECT and its answer are not repeated.
            if dataPackets == 10 { first = index }
            let opcode = packet.bytes[payload.lowerBound] & 0x0F
            if opcode == 8, dataPackets > 10 {
                last = index
                break
            }
        }
        guard let first, let last, last - first > 4 else { return }
        self.middle = first..<last
        for packet in self.packets[self.middle] {
            let count = UInt32(Self.payload(packet).count)
            if packet.isFromClient { self.clientBytes += count } else { self.serverBytes += count }
        }
        self.middleNs = self.packets[last].offsetNs - self.packets[first].offsetNs
    }

    /// Numbers of the packet shifted behind `rounds` repetitions of the middle.
    func shift(_ packet: inout Packet, rounds: UInt32) {
        let own = packet.isFromClient ? self.clientBytes : self.serverBytes
        let other = packet.isFromClient ? self.serverBytes : self.clientBytes
        Self.add(own &* rounds, to: &packet.bytes, at: packet.tcpOffset + 4)
        Self.add(other &* rounds, to: &packet.bytes, at: packet.tcpOffset + 8)
    }

    private static func add(_ value: UInt32, to bytes: inout [UInt8], at offset: Int) {
        let sum = bytes.span.network32(at: offset) &+ value
        for index in 0..<4 { bytes[offset + index] = UInt8(truncatingIfNeeded: sum >> UInt32(24 - 8 * index)) }
    }
}
