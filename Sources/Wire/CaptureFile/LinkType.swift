/// What the bytes of a record begin with, by its LINKTYPE number in capture files.
///
/// Source: the registry at tcpdump.org, "Link-layer header types".
public struct LinkType: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// BSD loopback: four bytes of address family in the order of the capturing machine.
    public static let null = LinkType(rawValue: 0)
    public static let ethernet = LinkType(rawValue: 1)
    /// Bare IP packets, as most systems number it when they write their own DLT_RAW.
    public static let rawBSD = LinkType(rawValue: 12)
    /// Bare IP packets, OpenBSD's DLT_RAW.
    public static let rawOpenBSD = LinkType(rawValue: 14)
    /// Bare IP packets, the registered number.
    public static let raw = LinkType(rawValue: 101)
    /// OpenBSD loopback: as `null`, in network order.
    public static let loop = LinkType(rawValue: 108)
    /// Linux "cooked" capture, version 1.
    public static let linuxSLL = LinkType(rawValue: 113)
    public static let ipv4 = LinkType(rawValue: 228)
    public static let ipv6 = LinkType(rawValue: 229)
    /// Linux netfilter log.
    public static let nflog = LinkType(rawValue: 239)
    /// Linux "cooked" capture, version 2; what `any` gives today.
    public static let linuxSLL2 = LinkType(rawValue: 276)

    /// Whether `name` is a name, not just the number.
    var isNamed: Bool { Self.names[self.rawValue] != nil }

    /// For messages: `IEEE 802.11 (105)`, and `link type 999` for a number without a name here.
    public var name: String {
        guard let name = Self.names[self.rawValue] else { return "link type \(self.rawValue)" }
        return "\(name) (\(self.rawValue))"
    }

    private static let names: [UInt32: String] = [
        0: "BSD loopback", 1: "Ethernet", 3: "AX.25", 6: "Token Ring", 7: "ARCNET", 8: "SLIP", 9: "PPP", 10: "FDDI",
        12: "raw IP", 14: "raw IP", 50: "PPP in HDLC framing", 51: "PPPoE", 100: "ATM", 101: "raw IP",
        104: "Cisco HDLC", 105: "IEEE 802.11", 107: "Frame Relay", 108: "OpenBSD loopback", 113: "Linux cooked v1",
        114: "LocalTalk", 117: "OpenBSD pflog", 119: "IEEE 802.11 with Prism header", 122: "IP over Fibre Channel",
        127: "IEEE 802.11 with radiotap header", 129: "Linux ARCNET", 138: "IP over IEEE 1394",
        163: "IEEE 802.11 with AVS header", 187: "Bluetooth HCI H4", 189: "Linux USB", 192: "PPI",
        195: "IEEE 802.15.4", 201: "Bluetooth HCI H4 with direction", 204: "PPP with direction",
        209: "Linux I2C", 220: "Linux USB, padded", 226: "Solaris IPNET", 227: "SocketCAN", 228: "IPv4", 229: "IPv6",
        230: "IEEE 802.15.4 without FCS", 231: "D-Bus", 239: "Linux NFLOG", 240: "netANALYZER",
        242: "IP over InfiniBand", 248: "SCTP", 249: "USBPcap", 251: "Bluetooth LE link layer", 253: "Linux netlink",
        254: "Bluetooth Linux monitor", 256: "Bluetooth LE with pseudo-header", 258: "Apple PKTAP",
        276: "Linux cooked v2", 277: "Z-Wave serial", 279: "ELEE", 283: "IEEE 802.15.4 TAP",
    ]
}
