import ArgumentParser
import Taps
import Timeline
import TimelineModel

struct RecordPcap: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pcap",
        abstract: "Record what passes a network interface.",
        discussion: """
            Takes the packets of some TCP ports, or of a BPF expression, from an interface of this machine. Neither \
            side notices. TLS is not decrypted: record where it is plain, on the loopback interface behind a proxy for \
            example, or with 'record proxy'.

            A connection that was open before is recorded from where it is met; begin before the client connects to \
            see its handshake. Packets that the kernel had to drop, for its buffer was full, are counted in the \
            timeline (captures.dropped_packets); a larger --buffer-size helps.

            PERMISSION:
              Opening an interface needs root or two capabilities. Either of these will do:
                sudo sioscope record pcap -i eth0 -p 3000 -o run.db
                sudo setcap cap_net_raw,cap_net_admin=eip "$(command -v sioscope)"
              Once the interface is open, root and capabilities are given up, so the files belong to the user who \
            called, and only what that user may write can be written.

            EXAMPLES:
              sioscope record pcap --list-interfaces
              sioscope record pcap -i lo -p 3000 -o run.db
              sioscope record pcap -i any -p 80,3000-3010 -f 'host 10.0.0.7' -o run.db
              sioscope record pcap -i lo -p 80 -o a.db -w a.pcapng --ring-size 100

            EXIT STATUS:
              0    ended by itself (-c, --duration)
              1    ended by --exit-on
              2    the interface cannot be opened or went down, or a file not be written; what was recorded is kept
              130  ended by SIGINT, 143 by SIGTERM, 129 by SIGHUP; everything is written
            """
    )

    @Option(
        name: [.customShort("i"), .long],
        help: ArgumentHelp("The interface, or any for all of them.", valueName: "IF"))
    var interface: String?

    @Option(
        name: [.customShort("p"), .customLong("port")],
        help: ArgumentHelp("TCP ports of the server, or ranges of them.", valueName: "PORT[,PORT]"))
    var ports: String?

    @Option(
        name: [.customShort("f"), .long],
        help: ArgumentHelp("Only packets that match; with -p both must hold. See man pcap-filter.", valueName: "BPF"))
    var filter: String?

    @OptionGroup var recording: RecordingOptions

    @Flag(help: "List the interfaces that can be recorded from, and do nothing else.")
    var listInterfaces = false

    @Option(
        name: .customShort("c"), help: ArgumentHelp("End after so many packets.", valueName: "COUNT"),
        transform: NumberText.whole)
    var count: Int?

    @Option(help: ArgumentHelp("Where the interface stands; it decides what delays mean.", valueName: "position"))
    var tap: TapPosition = .unknown

    @Flag(help: "Take packets too that are for other machines.")
    var promiscuous = false

    @Option(
        help: ArgumentHelp("The kernel's buffer, in MiB. (default: 32)", valueName: "MiB"), transform: NumberText.whole)
    var bufferSize: Int = 32

    @Option(
        help: ArgumentHelp(
            "Bytes to keep of a packet, 64 or more; what is cut off is a gap. "
                + "(default: \(InterfaceSettings.largestSnapLength))",
            valueName: "bytes"),
        transform: NumberText.whole)
    var snaplen: Int = InterfaceSettings.largestSnapLength

    @Option(
        name: [.customShort("w"), .long],
        help: ArgumentHelp(
            "Write the packets to a new capture file too, as they are; not with --redact.", valueName: "FILE.pcapng"),
        completion: .file(extensions: ["pcapng"]))
    var write: String?

    @Option(
        help: ArgumentHelp(
            "Begin another capture file after so many MiB; they are named FILE_00001_YYYYmmddHHMMSS.pcapng and so on.",
            valueName: "MiB"), transform: NumberText.whole)
    var ringSize: Int?

    @Option(help: ArgumentHelp("Keep so many capture files, the newest.", valueName: "N"), transform: NumberText.whole)
    var ringFiles: Int?

    @OptionGroup(title: "Output of --list-interfaces") var output: OutputOptions

    func validate() throws {
        if self.listInterfaces { return }
        try self.recording.requireOutput()
        _ = try self.settings()
    }

    func run() throws {
        guard !self.listInterfaces else { return try self.printInterfaces() }
        // Before any file is made: making the tap gives up the rights of root.
        let tap = try InterfaceTap(self.settings())
        try RecordingRun(options: self.recording, tap: tap).run()
    }

    /// What was asked for, checked without a look at the system.
    func settings() throws -> InterfaceSettings {
        guard let interface, !interface.isEmpty else {
            throw ValidationError("name an interface with -i; --list-interfaces shows those there are")
        }
        for (flag, value, limits) in [
            ("-c", self.count, 1...Int.max), ("--buffer-size", self.bufferSize, 1...2_047),
            ("--snaplen", self.snaplen, 64...InterfaceSettings.largestSnapLength),
            ("--ring-size", self.ringSize, 1...1_000_000), ("--ring-files", self.ringFiles, 1...99_999),
        ] {
            guard let value, !limits.contains(value) else { continue }
            let range = limits.upperBound == .max ? "1 or more" : "\(limits.lowerBound) to \(limits.upperBound)"
            throw ValidationError("\(flag) is \(value); give \(range)")
        }
        var settings = InterfaceSettings(device: interface, filter: try self.chosenFilter())
        settings.tap = self.tap
        settings.isPromiscuous = self.promiscuous
        settings.bufferBytes = self.bufferSize << 20
        settings.snapLength = self.snaplen
        settings.packetLimit = self.count
        settings.file = try self.fileSettings()
        settings.application = "sioscope \(SioscopeCommand.version)"
        return settings
    }

    private func chosenFilter() throws -> CaptureFilter {
        let ports = try (self.ports ?? "").split(separator: ",").map { text in
            guard let ports = CaptureFilter.Ports(text) else {
                throw ValidationError("-p \(text) is no port; give numbers from 1 to 65535, or ranges like 3000-3010")
            }
            return ports
        }
        let filter = CaptureFilter(ports: ports, expression: self.filter)
        guard !filter.plain.isEmpty else {
            throw ValidationError("name the server's port with -p, or the packets to take with -f")
        }
        return filter
    }

    private func fileSettings() throws -> CaptureFileSettings? {
        guard let path = self.write else {
            guard self.ringSize == nil, self.ringFiles == nil else {
                throw ValidationError("--ring-size and --ring-files are for a capture file; name it with -w")
            }
            return nil
        }
        guard !path.isEmpty, path != "-" else {
            throw ValidationError("-w needs the name of a file; for a pipe run tcpdump -w - | sioscope import -")
        }
        guard !self.recording.redaction.isOn else {
            throw ValidationError(
                "-w writes packets as they are, with the secrets that --redact takes out; leave out -w, or --redact")
        }
        guard self.ringFiles == nil || self.ringSize != nil else {
            throw ValidationError("--ring-files needs --ring-size, the size at which another file is begun")
        }
        return CaptureFileSettings(path: path, ringBytes: self.ringSize.map { $0 << 20 }, ringFiles: self.ringFiles)
    }

    private func printInterfaces() throws {
        var printer = self.output.printer()
        try printer.begin(columns: ["name", "state", "addresses", "description"])
        for entry in try InterfaceEntry.all() {
            try printer.print(row: [
                .text(entry.name), .text(entry.isUp ? "up" : "down"),
                entry.addresses.isEmpty ? .null : .text(entry.addresses.joined(separator: " ")),
                entry.description.map { .text($0) } ?? .null,
            ])
        }
        try printer.end()
    }
}
