/// What an input is, by its first bytes. File names are never asked.
public enum CaptureFormat: String, Hashable, Sendable, CaseIterable {
    case pcap
    case pcapng
    case gzip
    /// Begins with `{` or `[`: a HAR or a hook log.
    case json
    case empty
    /// Text, but none of the above.
    case text
    case unknown

    /// Judges the first bytes. Four tell a capture; give some dozen (up to 512 are looked at), so that text and
    /// space before JSON are known too.
    public static func sniff(_ first: Span<UInt8>) -> CaptureFormat {
        guard first.count > 0 else { return .empty }
        if PcapMagic(first) != nil { return .pcap }
        if first.count >= 4, first.network32(at: 0) == PcapngSection.sectionHeaderType {
            guard first.count >= 12 else { return .pcapng }
            return PcapngSection.byteOrder(ofSection: first) == nil ? .unknown : .pcapng
        }
        if first.count >= 2, first[0] == 0x1F, first[1] == 0x8B { return .gzip }
        return Self.sniffText(first)
    }

    private static func sniffText(_ first: Span<UInt8>) -> CaptureFormat {
        var start = 0
        if first.count >= 3, first[0] == 0xEF, first[1] == 0xBB, first[2] == 0xBF { start = 3 }
        let end = min(first.count, 512)
        var isBlank = true
        for index in start..<end {
            let byte = first[index]
            switch byte {
            case 0x09, 0x0A, 0x0D, 0x20:
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                if isBlank { return .json }
            case 0x00..<0x20, 0x7F:
                return .unknown
            default:
                break
            }
            isBlank = false
        }
        return .text
    }
}
