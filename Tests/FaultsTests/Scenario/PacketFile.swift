import TimelineModel

/// A pcap file of Ethernet, little endian as all bundled ones are, cut into its packets.
struct PacketFile {
    private let head: [UInt8]
    let packets: [[UInt8]]
    /// Numbers of the packets that carry bytes of TCP.
    let data: [Int]

    init(_ bytes: [UInt8]) {
        var packets: [[UInt8]] = []
        var rest = bytes.dropFirst(24)
        while rest.count >= 16 {
            let length = Self.number(rest.dropFirst(8).prefix(4).reversed())
            packets.append(Array(rest.prefix(16 + length)))
            rest = rest.dropFirst(16 + length)
        }
        self.head = Array(bytes.prefix(24))
        self.packets = packets
        self.data = packets.indices.filter { !Self.payload(packets[$0].dropFirst(16 + 14)).isEmpty }
    }

    /// The file without some of them, as if the capturing program had not been fast enough.
    func without(_ lost: Set<Int>) -> [UInt8] {
        self.head + self.packets.indices.filter { !lost.contains($0) }.flatMap { self.packets[$0] }
    }

    /// Numbers of the packets that one side sent. In all bundled captures the server has the lower port.
    func packets(of sender: Sender) -> Set<Int> {
        Set(
            self.packets.indices.filter { index in
                guard let tcp = Self.tcp(self.packets[index].dropFirst(16 + 14)) else { return false }
                let isServer = Self.number(tcp.prefix(2)) < Self.number(tcp.dropFirst(2).prefix(2))
                return isServer == (sender == .server)
            })
    }

    /// The file as a machine writes it that takes packets from several queues: two of them changed places, and the times
    /// stay. Nil where more than 3 ms lie between them.
    func swapping(_ first: Int, _ second: Int) -> [UInt8]? {
        guard self.packets.indices.contains(second), self.microseconds(second) - self.microseconds(first) <= 3_000
        else { return nil }
        var packets = self.packets
        packets[first] = Array(self.packets[first].prefix(8) + self.packets[second].dropFirst(8))
        packets[second] = Array(self.packets[second].prefix(8) + self.packets[first].dropFirst(8))
        return self.head + packets.joined()
    }

    private func microseconds(_ packet: Int) -> Int {
        let time = self.packets[packet].prefix(8)
        return Self.number(time.prefix(4).reversed()) * 1_000_000 + Self.number(time.suffix(4).reversed())
    }

    /// For each packet that begins with some text: it and all behind it of the same connection.
    func tails(from text: String) -> [Set<Int>] {
        let ports = self.packets.map { packet in
            Self.tcp(packet.dropFirst(16 + 14)).map { Set([Array($0.prefix(2)), Array($0.dropFirst(2).prefix(2))]) }
        }
        return self.data.filter { Self.payload(self.packets[$0].dropFirst(16 + 14)).starts(with: text.utf8) }
            .map { first in Set(self.packets.indices.filter { $0 >= first && ports[$0] == ports[first] }) }
    }

    private static func number(_ bytes: some Sequence<UInt8>) -> Int { bytes.reduce(0) { $0 << 8 | Int($1) } }

    /// Of TCP in a packet of IP; none of anything else.
    private static func payload(_ packet: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard let tcp = Self.tcp(packet), tcp.count > 12 else { return [] }
        return tcp.dropFirst(Int(tcp[tcp.startIndex + 12] >> 4) * 4)
    }

    /// The segment in a packet of IP; nil where it carries something else.
    private static func tcp(_ packet: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard let first = packet.first, packet.count >= 40 else { return nil }
        let start = packet.startIndex
        let isVersion4 = first >> 4 == 4
        let header = isVersion4 ? Int(first & 15) * 4 : 40
        let total =
            isVersion4
            ? Self.number(packet[start + 2..<start + 4]) : Self.number(packet[start + 4..<start + 6]) + 40
        guard packet[start + (isVersion4 ? 9 : 6)] == 6, total > header, packet.count >= total else { return nil }
        return packet[start + header..<start + total]
    }
}
