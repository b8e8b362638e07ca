/// Why nothing of a capture file can be used. What breaks later, behind usable records, is a note of the decoder.
public enum CaptureFileError: Error, Hashable, Sendable, CustomStringConvertible {
    case empty
    /// The first bytes (at most 16) belong to no format that the decoder reads.
    case notACapture(first: [UInt8])
    /// A pcap or pcapng file of a version other than 2.x, or 1.x.
    case version(CaptureFormat, major: UInt16, minor: UInt16)
    /// The file ends inside its own header.
    case headerCutOff(CaptureFormat, bytes: Int, expected: Int)

    public var description: String {
        switch self {
        case .empty:
            return "the file is empty: expected a pcap or pcapng capture"
        case .notACapture(let first):
            let hex = first.prefix(8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
            return "begins with \(hex)\(Self.guess(first)): expected a pcap or pcapng capture"
        case .version(let format, let major, let minor):
            return "\(format.rawValue) version \(major).\(minor): expected version \(format == .pcap ? "2.x" : "1.x")"
        case .headerCutOff(let format, let bytes, let expected):
            return "\(format.rawValue) header cut off: \(bytes) of \(expected) bytes"
        }
    }

    private static func guess(_ first: [UInt8]) -> String {
        if first.starts(with: "snoop".utf8) { return ", a snoop capture" }
        return switch CaptureFormat.sniff(first.span) {
        case .gzip: ", gzip"
        case .json: ", JSON"
        case .text: ", text"
        case .pcap, .pcapng, .empty, .unknown: ""
        }
    }
}
