import TestSupport
import Testing

/// Packets that a capture shows in another order than they had are no fault of the peers.
@Suite("Captures out of order")
struct ReorderedPacketTests {
    @Test(
        "give no alarm that those in order do not give",
        arguments: ["js-acks", "js-binary-polling", "js-default-upgrade", "late-pong", "py-py-msgpack"])
    func alarms(_ name: String) throws {
        let bytes = try TestFiles.bytes(TestFiles.captures.appending(path: "\(name)/capture.pcap"))
        let file = PacketFile(bytes)
        let known = try LostPacketTests.alarms(bytes)
        var count = 0
        for first in file.packets.indices {
            for second in first + 1...first + 2 {
                guard let swapped = file.swapping(first, second) else { continue }
                count += 1
                let alarms = try LostPacketTests.alarms(swapped)
                #expect(alarms.subtracting(known).isEmpty, "\(first) and \(second) swapped")
            }
        }
        #expect(count > file.packets.count / 2)
    }
}
