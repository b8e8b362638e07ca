import TestSupport
import Testing
import TimelineModel

@testable import Faults

/// The alarms that a bundled capture gives as it is, to be compared with those of what could have been captured instead.
struct KnownAlarms {
    let file: PacketFile
    private let rules: Set<String>

    init(_ name: String) throws {
        let bytes = try TestFiles.bytes(TestFiles.captures.appending(path: "\(name)/capture.pcap"))
        self.file = PacketFile(bytes)
        self.rules = try Self.alarms(of: bytes)
    }

    func expectNoMore(
        in bytes: [UInt8], _ what: String, _ location: SourceLocation = #_sourceLocation
    ) throws {
        let more = try Self.alarms(of: bytes).subtracting(self.rules)
        #expect(more.isEmpty, "\(what)", sourceLocation: location)
    }

    private static func alarms(of bytes: [UInt8]) throws -> Set<String> {
        self.rules(try CaptureContents(bytes).analysed().findings)
    }

    /// That packets are missing is no alarm.
    static func rules(_ findings: [Finding]) -> Set<String> {
        Set(findings.filter { $0.severity != .note && $0.rule != "capture-incomplete" }.map(\.rule))
    }
}
