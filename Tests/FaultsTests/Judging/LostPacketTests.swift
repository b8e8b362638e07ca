import TestSupport
import Testing
import TimelineModel

@testable import Faults

/// A packet that the capture lost is no fault of the peers: nothing but `capture-incomplete` comes of it.
@Suite("Captures that lost packets")
struct LostPacketTests {
    static let names = [
        "capture-gap", "eio3-v2-client", "js-acks", "js-default-upgrade", "js-namespaces", "js-recovery",
        "odd-ws-fragments", "py-py-aiohttp", "py-py-msgpack",
    ]

    @Test("give no alarm that the whole one does not give", arguments: Self.names)
    func alarms(_ name: String) throws {
        let known = try KnownAlarms(name)
        let file = known.file
        try #require(file.data.count > 10)
        for packet in file.data {
            try known.expectNoMore(in: file.without([packet]), "without packet \(packet)")
        }
        var random = SeededRandom(seed: 7)
        for _ in 0..<20 {
            let packets = Set(file.data.shuffled(using: &random).prefix(2))
            try known.expectNoMore(in: file.without(packets), "without packets \(packets.sorted())")
        }
    }

    /// Then no byte behind them tells that some are missing: that the session goes on does.
    @Test(
        "give none where answers to polls are lost with the rest of their connections",
        arguments: ["js-acks", "js-binary-polling", "js-default-upgrade", "js-namespaces", "mid-session"])
    func lostAnswers(_ name: String) throws {
        let known = try KnownAlarms(name)
        let file = known.file
        let tails = file.tails(from: "HTTP/1.1 200")
        #expect(tails.count >= 3)
        for tail in tails {
            try known.expectNoMore(in: file.without(tail), "without packets \(tail.sorted())")
        }
    }

    /// What shows only afterwards takes back what was told: what a session comes to in the end counts.
    @Test("give none in the end while they are recorded", arguments: ["js-default-upgrade", "py-py-aiohttp"])
    func live(_ name: String) throws {
        let file = PacketFile(try TestFiles.bytes(TestFiles.captures.appending(path: "\(name)/capture.pcap")))
        var settled = 0
        for packet in file.data {
            let live = try LiveReplay(CaptureContents(file.without([packet])))
            let alarms = live.told.map(\.finding).filter { $0.sessionID == nil } + live.settled.values.joined()
            #expect(KnownAlarms.rules(alarms).isEmpty, "without packet \(packet)")
            settled += live.settled.count
        }
        // A session whose end is lost goes on for all that is known.
        #expect(settled >= file.data.count / 2)
    }

    @Test("and all of one side do not blame the other")
    func oneSided() throws {
        for name in Self.names {
            let known = try KnownAlarms(name)
            for sender in Sender.allCases {
                let lost = known.file.packets(of: sender)
                try known.expectNoMore(in: known.file.without(lost), "\(name) without the \(sender)'s side")
            }
        }
    }
}
