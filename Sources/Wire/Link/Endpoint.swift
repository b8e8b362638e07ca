/// An IP address with a TCP port.
public struct Endpoint: Hashable, Sendable {
    /// The upper 64 bits of an IPv6 address; 0 for IPv4.
    public var addressHigh: UInt64
    /// The lower 64 bits of an IPv6 address; the 32 bits of an IPv4 one.
    public var addressLow: UInt64
    public var isIPv4: Bool
    public var port: UInt16

    public init(addressHigh: UInt64, addressLow: UInt64, isIPv4: Bool, port: UInt16) {
        self.addressHigh = addressHigh
        self.addressLow = addressLow
        self.isIPv4 = isIPv4
        self.port = port
    }

    @inlinable
    public init(ipv4 address: UInt32, port: UInt16) {
        self.init(addressHigh: 0, addressLow: UInt64(address), isIPv4: true, port: port)
    }

    /// Dotted decimal, or the one recommended form of an IPv6 address. Source: RFC 5952.
    public var addressText: String {
        self.isIPv4 ? Self.dotted(UInt32(truncatingIfNeeded: self.addressLow)) : self.groupedText
    }

    private static func dotted(_ address: UInt32) -> String {
        "\(address >> 24).\(address >> 16 & 255).\(address >> 8 & 255).\(address & 255)"
    }

    private var groupedText: String {
        // Section 5: a mapped IPv4 address is written as one.
        if self.addressHigh == 0, self.addressLow >> 32 == 0xFFFF {
            return "::ffff:" + Self.dotted(UInt32(truncatingIfNeeded: self.addressLow))
        }
        let groups = [self.addressHigh, self.addressLow].flatMap { half in
            [48, 32, 16, 0].map { UInt16(truncatingIfNeeded: half >> UInt64($0)) }
        }
        // Section 4.2: the longest run of two or more zero groups is left out, the first of equals.
        var longest = 0..<0
        var start = 0
        while start < groups.count {
            let end = groups[start...].firstIndex { $0 != 0 } ?? groups.count
            if end - start > max(1, longest.count) { longest = start..<end }
            start = end + 1
        }
        func text(_ part: ArraySlice<UInt16>) -> String {
            part.map { String($0, radix: 16) }.joined(separator: ":")
        }
        guard !longest.isEmpty else { return text(groups[...]) }
        return text(groups[..<longest.lowerBound]) + "::" + text(groups[longest.upperBound...])
    }
}
