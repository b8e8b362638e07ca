import Testing

/// Packets that a capture shows in another order than they had are no fault of the peers.
@Suite("Captures out of order")
struct ReorderedPacketTests {
    @Test(
        "give no alarm that those in order do not give",
        arguments: ["js-acks", "js-binary-polling", "js-default-upgrade", "late-pong", "py-py-msgpack"])
    func alarms(_ name: String) throws {
        let known = try KnownAlarms(name)
        let file = known.file
        var count = 0
        for first in file.packets.indices {
            for second in first + 1...first + 2 {
                guard let swapped = file.swapping(first, second) else { continue }
                count += 1
                try known.expectNoMore(in: swapped, "\(first) and \(second) swapped")
            }
        }
        #expect(count > file.packets.count / 2)
    }
}
