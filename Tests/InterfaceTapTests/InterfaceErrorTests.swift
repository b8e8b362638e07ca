import Foundation
import Testing

/// What is said where an interface cannot be recorded.
@Suite("Errors of record pcap")
struct InterfaceErrorTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let arguments: [String]
        let talk: String
        var testDescription: String { self.arguments.joined(separator: " ") }
    }

    @Test(
        "usage",
        arguments: [
            Row(arguments: ["-i", "lo", "-p", "80"], talk: "name the timeline to record into: -o OUT.db"),
            Row(
                arguments: ["-p", "80", "-o", "x.db"],
                talk: "name an interface with -i; --list-interfaces shows those there are"),
            Row(
                arguments: ["-i", "lo", "-o", "x.db"],
                talk: "name the server's port with -p, or the packets to take with -f"),
            Row(
                arguments: ["-i", "lo", "-p", "80,http", "-o", "x.db"],
                talk: "-p http is no port; give numbers from 1 to 65535, or ranges like 3000-3010"),
            Row(arguments: ["-i", "lo", "-p", "80", "-o", "x.db", "-c", "0"], talk: "-c is 0; give 1 or more"),
            Row(
                arguments: ["-i", "lo", "-p", "80", "-o", "x.db", "--buffer-size", "4096"],
                talk: "--buffer-size is 4096; give 1 to 2047"),
            Row(
                arguments: ["-i", "lo", "-p", "80", "-o", "x.db", "--snaplen", "10"],
                talk: "--snaplen is 10; give 64 to 262144"),
            Row(
                arguments: ["-i", "lo", "-p", "80", "-o", "x.db", "--ring-files", "3"],
                talk: "--ring-size and --ring-files are for a capture file; name it with -w"),
            Row(
                arguments: ["-i", "lo", "-p", "80", "-o", "x.db", "-w", "y", "--ring-files", "3"],
                talk: "--ring-files needs --ring-size, the size at which another file is begun"),
            Row(
                arguments: ["-i", "lo", "-p", "80", "-o", "x.db", "-w", "-"],
                talk: "-w needs the name of a file; for a pipe run tcpdump -w - | sioscope import -"),
        ])
    func usage(row: Row) throws {
        let ended = try Program.run(["record", "pcap"] + row.arguments)
        #expect(
            ended
                == Program.Ended(
                    output: "", talk: "sioscope: error: \(row.talk) (see 'sioscope record pcap --help')\n", status: 2))
    }

    @Test("an interface that is not there, with those that are")
    func unknownInterface() throws {
        try withFolder { folder in
            let ended = try Program.run(["record", "pcap", "-i", "eth98765", "-p", "80", "-o", "\(folder)/x.db"])
            #expect(ended.status == 2)
            #expect(ended.talk.hasPrefix("sioscope: error: no interface eth98765; there are: "))
            #expect(ended.talk.contains("lo"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }

    @Test("the interfaces are listed without a timeline")
    func list() throws {
        let ended = try Program.run(["record", "pcap", "--list-interfaces", "--format", "jsonl"])
        #expect(ended.status == 0, "\(ended.talk)")
        let rows = ended.output.split(separator: "\n")
        #expect(rows.contains { $0.hasPrefix(#"{"name":"lo","state":"#) })
        #expect(rows.allSatisfy { $0.hasPrefix(#"{"name":""#) })
    }

    @Test(
        "a filter that is none",
        .enabled(if: Capture.isAllowed, Capture.needed))
    func badFilter() throws {
        try withFolder { folder in
            let ended = try Program.run(
                ["record", "pcap", "-i", "lo", "-p", "80", "-f", "port port", "-o", "\(folder)/x.db"])
            #expect(ended.status == 2)
            #expect(ended.talk.hasPrefix("sioscope: error: -f port port: "))
            #expect(ended.talk.hasSuffix("; see man pcap-filter\n"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }

    @Test(
        "without permission the command that gives it is named",
        .enabled(if: getuid() != 0 && !Capture.isAllowed || Capture.has("setpriv"), "setpriv is not installed"))
    func noPermission() throws {
        let isAllowed = getuid() == 0 || Capture.isAllowed
        let ended = try Program.run(
            ["record", "pcap", "-i", "lo", "-p", "80", "-o", "/nonexistent/x.db"],
            through: isAllowed
                ? ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--bounding-set=-all"] : [])
        #expect(ended.status == 2)
        #expect(ended.talk.hasPrefix("sioscope: error: no permission to capture on lo; run this with sudo, or "))
        #expect(ended.talk.contains("sudo setcap cap_net_raw,cap_net_admin=eip "))
        #expect(ended.talk.hasSuffix("/sioscope\n"))
    }
}
