import CPcap
import Glibc
import TimelineModel
import Wire

/// An interface that libpcap has opened. Used by one thread at a time.
///
/// Not in libpcap's immediate mode: that gives each packet a slot of a whole snap length in the kernel's buffer, which
/// then holds some hundred of them. Packets come in blocks instead, at most `blockMs` late.
final class CaptureDevice: @unchecked Sendable {
    /// How long the kernel may keep a block that is not full, in milliseconds.
    static let blockMs: Int32 = 10

    let name: String
    let linkType: LinkType
    /// The BPF expression in effect.
    let filter: String
    /// Readable where there are packets.
    let descriptor: Int32
    private let handle: OpaquePointer
    /// The counts of libpcap have 32 bits and start over.
    private var last = pcap_stat()
    private var counted = PcapngEncoder.Statistics()

    /// - Throws: where the interface is not there or down, cannot be opened by this user, gives packets that are not
    ///   read here, or the filter is none.
    init(_ settings: InterfaceSettings) throws(TapError) {
        self.name = settings.device
        let interfaces = try InterfaceEntry.all()
        guard let entry = interfaces.first(where: { $0.name == settings.device }) else {
            let names = interfaces.map(\.name).joined(separator: ", ")
            throw TapError("no interface \(settings.device); there are: \(names)")
        }
        var message = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
        guard let handle = pcap_create(settings.device, &message) else {
            throw TapError("cannot open \(settings.device): \(String(message))")
        }
        do throws(TapError) {
            try Self.activate(handle, settings)
            self.linkType = try Self.chooseLinkType(handle, settings.device)
            self.filter = try Self.setFilter(
                handle, settings,
                settings.filter.candidates(isEthernet: self.linkType == .ethernet && !entry.isLoopback))
            guard pcap_setnonblock(handle, 1, &message) == 0 else {
                throw TapError("cannot read \(settings.device) without waiting: \(String(message))")
            }
            self.descriptor = pcap_get_selectable_fd(handle)
            guard self.descriptor >= 0 else {
                throw TapError("cannot wait for packets of \(settings.device): it has nothing to wait on")
            }
        } catch {
            pcap_close(handle)
            throw error
        }
        self.handle = handle
    }

    deinit { pcap_close(self.handle) }

    /// Gives the packets that are there to `packets`, `limit` at most.
    ///
    /// - Returns: how many there were.
    /// - Throws: where the interface went down or away.
    func read(limit: Int, _ packets: PacketCollector) throws(TapError) -> Int {
        let state = UnsafeMutableRawPointer(Unmanaged.passUnretained(packets).toOpaque())
            .assumingMemoryBound(to: UInt8.self)
        let count = pcap_dispatch(
            self.handle, Int32(clamping: limit),
            { state, header, bytes in
                guard let state, let header, let bytes else { return }
                let packets = Unmanaged<PacketCollector>.fromOpaque(UnsafeRawPointer(state)).takeUnretainedValue()
                // With nanosecond time stamps, which were asked for, this field counts nanoseconds.
                let at = Int64(header.pointee.ts.tv_sec) &* 1_000_000_000 &+ Int64(header.pointee.ts.tv_usec)
                packets.append(
                    Timestamp(nanoseconds: at), originalLength: Int(header.pointee.len),
                    UnsafeRawBufferPointer(start: bytes, count: Int(header.pointee.caplen)))
            }, state)
        guard count >= 0 else {
            throw TapError(
                "\(self.name) cannot be read any more: \(Self.message(self.handle)); what came before is kept")
        }
        return Int(count)
    }

    /// What the kernel has counted since the interface was opened.
    func statistics() -> PcapngEncoder.Statistics {
        var now = pcap_stat()
        guard pcap_stats(self.handle, &now) == 0 else { return self.counted }
        self.counted.received += Int64(now.ps_recv &- self.last.ps_recv)
        self.counted.droppedBySystem += Int64(now.ps_drop &- self.last.ps_drop)
        self.counted.droppedByInterface += Int64(now.ps_ifdrop &- self.last.ps_ifdrop)
        self.last = now
        return self.counted
    }

    // MARK: Opening

    private static func activate(_ handle: OpaquePointer, _ settings: InterfaceSettings) throws(TapError) {
        let name = settings.device
        pcap_set_snaplen(handle, Int32(clamping: settings.snapLength))
        pcap_set_promisc(handle, settings.isPromiscuous ? 1 : 0)
        pcap_set_immediate_mode(handle, 0)
        pcap_set_timeout(handle, Self.blockMs)
        pcap_set_buffer_size(handle, Int32(clamping: settings.bufferBytes))
        guard pcap_set_tstamp_precision(handle, PCAP_TSTAMP_PRECISION_NANO) == 0 else {
            throw TapError("\(name) gives no time stamps in nanoseconds")
        }
        let code = pcap_activate(handle)
        switch code {
        case 0...: return
        case PCAP_ERROR_PERM_DENIED, PCAP_ERROR_PROMISC_PERM_DENIED:
            throw Privileges.missing(for: name, program: Privileges.ownPath)
        case PCAP_ERROR_NO_SUCH_DEVICE:
            throw TapError("no interface \(name); sioscope record pcap --list-interfaces shows those there are")
        case PCAP_ERROR_IFACE_NOT_UP:
            throw TapError("\(name) is down; bring it up (ip link set \(name) up) and run this again")
        default:
            let text = Self.message(handle)
            throw TapError("cannot open \(name): \(text.isEmpty ? String(cString: pcap_statustostr(code)) : text)")
        }
    }

    /// The link type that the interface gives, or another one that it offers: version 2 of the cooked one, which says
    /// which interface a packet was on; or any that is read here.
    private static func chooseLinkType(_ handle: OpaquePointer, _ name: String) throws(TapError) -> LinkType {
        let given = LinkType(dataLink: pcap_datalink(handle))
        if given == .linuxSLL, pcap_set_datalink(handle, Int32(LinkType.linuxSLL2.rawValue)) == 0 { return .linuxSLL2 }
        if LinkDecoder.reads(given) { return given }
        var list: UnsafeMutablePointer<Int32>?
        let count = pcap_list_datalinks(handle, &list)
        defer { pcap_free_datalinks(list) }
        for index in 0..<Int(max(0, count)) {
            guard let number = list?[index], LinkDecoder.reads(LinkType(dataLink: number)) else { continue }
            if pcap_set_datalink(handle, number) == 0 { return LinkType(dataLink: number) }
        }
        throw TapError("\(name): \(LinkError.unsupported(given))")
    }

    private static func setFilter(
        _ handle: OpaquePointer, _ settings: InterfaceSettings, _ candidates: [String]
    ) throws(TapError) -> String {
        for expression in candidates {
            var program = bpf_program()
            guard pcap_compile(handle, &program, expression, 1, PCAP_NETMASK_UNKNOWN) == 0 else { continue }
            defer { pcap_freecode(&program) }
            if pcap_setfilter(handle, &program) == 0 { return expression }
        }
        let message = Self.message(handle)
        guard let expression = settings.filter.expression else {
            throw TapError("\(settings.device) cannot be filtered: \(message)")
        }
        throw TapError("-f \(expression): \(message); see man pcap-filter")
    }

    private static func message(_ handle: OpaquePointer) -> String {
        String(cString: pcap_geterr(handle))
    }
}

extension LinkType {
    /// libpcap's numbers are those of capture files but for those that differ from system to system; of these Linux has
    /// bare IP.
    init(dataLink: Int32) {
        self = dataLink == Int32(LinkType.rawBSD.rawValue) ? .raw : LinkType(rawValue: UInt32(max(0, dataLink)))
    }
}
