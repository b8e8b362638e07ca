import CPcap
import Glibc

/// An interface that packets can be recorded from.
public struct InterfaceEntry: Hashable, Sendable {
    public var name: String
    /// What the system says of it; nil for most.
    public var description: String?
    /// IPv4 and IPv6 addresses, as text.
    public var addresses: [String]
    public var isUp: Bool
    public var isLoopback: Bool

    /// All there are, in the system's order, `any` among them. Needs no permission.
    public static func all() throws(TapError) -> [InterfaceEntry] {
        var first: UnsafeMutablePointer<pcap_if_t>?
        var message = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
        guard pcap_findalldevs(&first, &message) == 0 else {
            throw TapError("cannot list the interfaces: \(String(message))")
        }
        defer { pcap_freealldevs(first) }
        return sequence(first: first) { $0?.pointee.next }.prefix { $0 != nil }.compactMap { $0?.pointee }
            .filter { Self.isNetwork($0) }.map { Self(device: $0) }
    }

    /// Interfaces of the network, which have an index, and `any`. libpcap also lists sources of other things: USB,
    /// Bluetooth, D-Bus, netfilter's queues.
    private static func isNetwork(_ device: pcap_if_t) -> Bool {
        if_nametoindex(device.name) != 0 || strcmp(device.name, "any") == 0
    }

    private init(device: pcap_if_t) {
        self.name = String(cString: device.name)
        self.description = device.description.map { String(cString: $0) }
        self.isUp = device.flags & UInt32(PCAP_IF_UP) != 0
        self.isLoopback = device.flags & UInt32(PCAP_IF_LOOPBACK) != 0
        self.addresses = sequence(first: device.addresses) { $0?.pointee.next }.prefix { $0 != nil }
            .compactMap { $0?.pointee.addr.flatMap(Self.text(of:)) }
    }

    private static func text(of address: UnsafeMutablePointer<sockaddr>) -> String? {
        let length: Int
        switch Int32(address.pointee.sa_family) {
        case AF_INET: length = MemoryLayout<sockaddr_in>.size
        case AF_INET6: length = MemoryLayout<sockaddr_in6>.size
        default: return nil
        }
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        guard getnameinfo(address, socklen_t(length), &host, socklen_t(host.count), nil, 0, NI_NUMERICHOST) == 0
        else { return nil }
        return String(host)
    }
}

extension String {
    /// What a C function wrote into a buffer, up to its first zero; what is no UTF-8 repaired.
    init(_ buffer: [CChar]) {
        self = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
