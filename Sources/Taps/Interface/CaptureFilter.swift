/// Which packets to take, as a BPF expression: TCP of some ports, an expression of the user's own, or both together.
public struct CaptureFilter: Hashable, Sendable {
    /// A port, or all from one to another.
    public struct Ports: Hashable, Sendable {
        public let first: UInt16
        public let last: UInt16

        /// `3000` or `3000-3010`; nil for anything else.
        public init?(_ text: some StringProtocol) {
            let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
            let numbers = ends.compactMap { end in end.allSatisfy(\.isASCIIDigit) ? UInt16(end) : nil }
            guard let first = numbers.first, let last = numbers.last, numbers.count == ends.count, first > 0,
                first <= last
            else { return nil }
            self.first = first
            self.last = last
        }

        var expression: String {
            self.first == self.last ? "tcp port \(self.first)" : "tcp portrange \(self.first)-\(self.last)"
        }
    }

    public var ports: [Ports]
    /// In the words of pcap-filter(7).
    public var expression: String?

    public init(ports: [Ports], expression: String? = nil) {
        self.ports = ports
        self.expression = expression
    }

    /// Without regard to the device. Empty where nothing is chosen: all packets.
    public var plain: String {
        var parts: [String] = []
        if !self.ports.isEmpty { parts.append(self.ports.map(\.expression).joined(separator: " or ")) }
        if let expression, !expression.allSatisfy(\.isWhitespace) { parts.append(expression) }
        guard parts.count > 1 else { return parts.first ?? "" }
        return parts.map { "(\($0))" }.joined(separator: " and ")
    }

    /// What to try for a device, best first; a device whose packets cannot tell what an expression asks for refuses it,
    /// and the last one is what the user asked for.
    ///
    /// Nothing here may ask for the direction of a packet: what came before the kernel had the filter is judged by
    /// libpcap itself, which does not know it, and lets nothing through.
    ///
    /// - Parameter isEthernet: a packet may carry its VLAN tag in its bytes, where `tcp port` would look at the wrong
    ///   place. `vlan` moves the offsets of all that stands behind it, so it comes last.
    func candidates(isEthernet: Bool) -> [String] {
        let plain = self.plain
        guard !plain.isEmpty else { return [""] }
        // An expression that speaks of tags itself knows better.
        guard isEthernet, !(self.expression ?? "").contains("vlan") else { return [plain] }
        return ["(\(plain)) or (vlan and (\(plain)))", plain]
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { self.isASCII && self.isNumber }
}
