import Testing
import Wire

@Suite("What a file is, by its first bytes")
struct CaptureFormatTests {
    static let cases: [(String, [UInt8], CaptureFormat)] = [
        ("nothing", [], .empty),
        ("pcap, µs, little", PcapBytes().bytes, .pcap),
        ("pcap, µs, big", PcapBytes(isBig: true).bytes, .pcap),
        ("pcap, ns, little", PcapBytes(magic: 0xA1B2_3C4D).bytes, .pcap),
        ("pcap, ns, big", PcapBytes(isBig: true, magic: 0xA1B2_3C4D).bytes, .pcap),
        ("pcap, Kuznetsov", PcapBytes(magic: 0xA1B2_CD34).bytes, .pcap),
        ("pcapng, little", PcapngBytes().section().bytes, .pcapng),
        ("pcapng, big", PcapngBytes().section(isBig: true).bytes, .pcapng),
        ("pcapng, four bytes", [0x0A, 0x0D, 0x0D, 0x0A], .pcapng),
        ("pcapng without byte-order magic", [0x0A, 0x0D, 0x0D, 0x0A, 28, 0, 0, 0, 1, 2, 3, 4], .unknown),
        ("gzip", [0x1F, 0x8B, 8, 0], .gzip),
        ("a JSON object", Array("{\"log\":{}}".utf8), .json),
        ("a JSON array behind a byte-order mark and space", [0xEF, 0xBB, 0xBF] + Array(" \r\n\t[1]".utf8), .json),
        ("text", Array("hello {}\n".utf8), .text),
        ("text in UTF-8", Array("größer".utf8), .text),
        ("blank", [0x20], .text),
        ("SQLite", Array("SQLite format 3\0".utf8), .unknown),
        ("three bytes of a magic", [0xD4, 0xC3, 0xB2], .text),
        ("zeros", [0, 0, 0, 0], .unknown),
    ]

    @Test("sniff", arguments: cases)
    func sniffs(_ name: String, _ bytes: [UInt8], _ expected: CaptureFormat) {
        #expect(CaptureFormat.sniff(bytes.span) == expected, "\(name)")
    }

    static let errors: [(CaptureFileError, String)] = [
        (.empty, "the file is empty: expected a pcap or pcapng capture"),
        (.notACapture(first: [0x1F, 0x8B, 8]), "begins with 1f 8b 08, gzip: expected a pcap or pcapng capture"),
        (
            .notACapture(first: Array("snoop\0\0\0\0".utf8)),
            "begins with 73 6e 6f 6f 70 00 00 00, a snoop capture: expected a pcap or pcapng capture"
        ),
        (.notACapture(first: [0, 1]), "begins with 00 01: expected a pcap or pcapng capture"),
        (.version(.pcap, major: 9, minor: 1), "pcap version 9.1: expected version 2.x"),
        (.headerCutOff(.pcapng, bytes: 20, expected: 28), "pcapng header cut off: 20 of 28 bytes"),
    ]

    @Test("error texts", arguments: errors)
    func describes(_ error: CaptureFileError, _ text: String) {
        #expect(error.description == text)
    }

    @Test("link type names")
    func namesLinkTypes() {
        #expect(LinkType(rawValue: 105).name == "IEEE 802.11 (105)")
        #expect(LinkType(rawValue: 9_999).name == "link type 9999")
        let refused = LinkError.unsupported(LinkType(rawValue: 105)).description
        #expect(refused.hasPrefix("packets of link type IEEE 802.11 (105) cannot be read"))
        let nameless = LinkError.unsupported(LinkType(rawValue: 147)).description
        #expect(nameless.hasPrefix("packets of link type 147 cannot be read"))
    }
}
