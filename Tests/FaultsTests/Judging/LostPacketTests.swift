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
        let bytes = try TestFiles.bytes(TestFiles.captures.appending(path: "\(name)/capture.pcap"))
        let file = PacketFile(bytes)
        try #require(file.data.count > 10)
        let known = try Self.alarms(bytes)
        for packet in file.data {
            let lost = try Self.alarms(file.without([packet]))
            #expect(lost.subtracting(known).isEmpty, "without packet \(packet)")
        }
        var random = SeededRandom(seed: 7)
        for _ in 0..<20 {
            let packets = Set(file.data.shuffled(using: &random).prefix(2))
            let lost = try Self.alarms(file.without(packets))
            #expect(lost.subtracting(known).isEmpty, "without packets \(packets.sorted())")
        }
    }

    /// Then no byte behind them tells that some are missing: that the session goes on does.
    @Test(
        "give none where answers to polls are lost with the rest of their connections",
        arguments: ["js-acks", "js-binary-polling", "js-default-upgrade", "js-namespaces", "mid-session"])
    func lostAnswers(_ name: String) throws {
        let bytes = try TestFiles.bytes(TestFiles.captures.appending(path: "\(name)/capture.pcap"))
        let file = PacketFile(bytes)
        let known = try Self.alarms(bytes)
        let tails = file.tails(from: "HTTP/1.1 200")
        #expect(tails.count >= 3)
        for tail in tails {
            let lost = try Self.alarms(file.without(tail))
            #expect(lost.subtracting(known).isEmpty, "without packets \(tail.sorted())")
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
            #expect(Self.rules(alarms).isEmpty, "without packet \(packet)")
            settled += live.settled.count
        }
        // A session whose end is lost goes on for all that is known.
        #expect(settled >= file.data.count / 2)
    }

    @Test("and all of one side do not blame the other")
    func oneSided() throws {
        for name in Self.names {
            let file = PacketFile(try TestFiles.bytes(TestFiles.captures.appending(path: "\(name)/capture.pcap")))
            let known = try Self.alarms(file.without([]))
            for sender in Sender.allCases {
                let alarms = try Self.alarms(file.without(file.packets(of: sender)))
                #expect(alarms.subtracting(known).isEmpty, "\(name) without the \(sender)'s side")
            }
        }
    }

    static func alarms(_ bytes: [UInt8]) throws -> Set<String> {
        Self.rules(try CaptureContents(bytes).analysed().findings)
    }

    private static func rules(_ findings: [Finding]) -> Set<String> {
        Set(findings.filter { $0.severity != .note && $0.rule != "capture-incomplete" }.map(\.rule))
    }
}
