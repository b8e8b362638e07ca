import JSONText
import Replay
import Testing
import TimelineModel

@Suite("Matching of packets") struct ExpectedPacketsTests {
    private func packets(_ texts: String...) -> [(index: Int, packet: RecordedPacket)] {
        texts.enumerated().map { index, text in
            (
                index,
                RecordedPacket(
                    frameID: Int64(index), at: Timestamp(nanoseconds: Int64(index) * 3_000_000), sender: .client,
                    transport: .websocket,
                    content: self.content(text))
            )
        }
    }

    private func content(_ text: String) -> RecordedPacket.Content {
        var reader = LivePacketReader(.socketIO(.v4, .json))
        guard case .packet(let packet)? = reader.receive(.text(text)).first else { return .message(.text(text)) }
        return .socketIO(packet)
    }

    @Test("the best of the window is taken, the first of several") func best() {
        var expected = ExpectedPackets(
            self.packets("2[\"a\",1]", "2[\"a\",\"x\"]", "2[\"a\",2]", "2[\"b\"]", "2[\"a\",1]"))
        #expect(expected.match(self.content("2[\"a\",2]"))?.index == 2)
        let first = expected.match(self.content("2[\"a\",1]"))
        #expect(first?.index == 0)
        #expect(first?.isReordered == true)
        #expect(expected.match(self.content("2[\"a\",9]"))?.differences.map(\.pointer) == ["/0"])
        #expect(expected.match(self.content("2[\"c\"]")) == nil)
        #expect(expected.remaining.map(\.index) == [1, 3])
        #expect(expected.matched == 3)
    }

    @Test("an event further away than the window is not seen") func window() {
        let far = (0..<ExpectedPackets.window).map { "2[\"a\(Character(Unicode.Scalar(UInt8(97 + $0))))\"]" }
        var expected = ExpectedPackets(
            (far + ["2[\"z\"]"]).enumerated().map { ($0.offset, self.packets($0.element)[0].packet) })
        #expect(expected.match(self.content("2[\"z\"]")) == nil)
        #expect(expected.match(self.content("2[\"aa\"]"))?.index == 0)
        #expect(expected.match(self.content("2[\"z\"]"))?.index == ExpectedPackets.window)
    }

    @Test("kinds and namespaces have queues of their own; acks go by their id") func queues() {
        var expected = ExpectedPackets(
            self.packets("0", "2/n,[\"a\"]", "31[1]", "32[2]", "1", "2[\"a\"]", "0/n,{\"token\":1}"))
        #expect(expected.match(self.content("0/n,{\"token\":2}"))?.index == 6)
        #expect(expected.match(self.content("2[\"a\"]"))?.index == 5)
        #expect(expected.match(self.content("2/n,[\"a\"]"))?.isReordered == false)
        #expect(expected.match(self.content("37[2]"), ackID: 2)?.index == 3)
        #expect(expected.match(self.content("37[2]"), ackID: 2) == nil)
        #expect(expected.match(self.content("37[2]")) == nil)
        #expect(expected.match(self.content("0"))?.differences == [])
        #expect(expected.match(self.content("1"))?.index == 4)
        #expect(expected.remaining.map(\.index) == [2])
    }

    @Test("events of one moment may change places, where their names differ") func races() {
        let texts = ["2[\"a\"]", "2[\"b\"]", "2[\"a\",1]"]
        var expected = ExpectedPackets(self.packets(texts[0], texts[1], texts[2]))
        #expect(expected.match(self.content(texts[1]))?.isReordered == false)
        #expect(expected.match(self.content(texts[2]))?.isReordered == false)
        #expect(expected.match(self.content(texts[0]))?.isReordered == true)
    }

    @Test("what is given up may still come, and is late") func late() {
        var expected = ExpectedPackets(self.packets("2[\"a\"]", "2[\"b\"]"))
        expected.giveUp(index: 1)
        #expect(expected.match(self.content("2[\"a\"]"))?.isLate == false)
        #expect(expected.match(self.content("2[\"b\"]"))?.isLate == true)
    }

    struct Pair: CustomTestStringConvertible, Sendable {
        let recorded: String
        let live: String
        let differs: [String]
        var testDescription: String { "\(self.recorded) and \(self.live)" }

        init(_ recorded: String, _ live: String, _ differs: [String] = []) {
            self.recorded = recorded
            self.live = live
            self.differs = differs
        }
    }

    @Test(
        "what changes with every run is no difference",
        arguments: [
            Pair(#"{"a":1,"b":2}"#, #"{"b":2.0,"a":1}"#),
            Pair(#""a""#, #""b""#, ["/0"]),
            Pair(#""redacted:0123456789abcdef""#, #""secret""#),
            Pair(#""redacted:0123456789abcde""#, #""secret""#, ["/0"]),
            Pair(#""redacted:0123456789abcdef""#, "17"),
            Pair(
                #""3f2504e0-4f89-11d3-9a0c-0305e82c3301""#, #""6F9619FF-8B86-D011-B42D-00C04FC964FF""#),
            Pair(#""3f2504e0-4f89-11d3-9a0c-0305e82c3301""#, #""6F9619FF""#, ["/0"]),
            Pair(#""2025-11-24T10:00:00.123Z""#, #""2026-01-02T03:04:05+01:00""#),
            Pair(#""2025-11-24T10:00:00Z""#, #""yesterday""#, ["/0"]),
            Pair("1764000000000", "1790000000123"),
            Pair("1764000000.5", "1790000000"),
            Pair("1764000000000", "1764000000", ["/0"]),
            Pair("7", "8", ["/0"]),
            Pair(#""eyJhbGciOiJIUzI1NiJ9.e30.abc""#, #""eyJhbGciOiJIUzI1NiJ9.e31.xyz""#),
            Pair(#"{"access_token":"a","n":1}"#, #"{"access_token":"b","n":1}"#),
            Pair(#"{"time":12.5}"#, #"{"time":99}"#),
            Pair(#"{"time":12.5}"#, #"{"time":"noon"}"#, ["/0/time"]),
            Pair(#"{"tokens":"a"}"#, #"{"tokens":"b"}"#, ["/0/tokens"]),
            Pair(#"{"id":7,"n":1}"#, #"{"id":8,"n":1}"#),
            Pair(#"{"list":[1,{"id":1}],"n":1}"#, #"{"list":[1,{"id":2}],"n":2}"#, ["/0/n"]),
        ])
    func volatile(pair: Pair) {
        let comparison = PacketComparison(ignoring: ["/0/id", "/0/list/*/id"])
        let differences = comparison.differences(
            self.content("2[\"e\",\(pair.recorded)]"), self.content("2[\"e\",\(pair.live)]"))
        #expect(differences.map(\.pointer) == pair.differs)
    }

    @Test("attachments are compared as bytes; one that the recording lacks is not") func attachments() {
        func event(_ attachments: [[UInt8]], announced: Int = 1) -> RecordedPacket.Content {
            .socketIO(
                ScriptedPacket(
                    type: .binaryEvent, event: "a", payload: "[\"a\",{\"_placeholder\":true,\"num\":0}]",
                    announced: announced, attachments: attachments))
        }
        let comparison = PacketComparison()
        #expect(comparison.differences(event([[1]]), event([[1]])).isEmpty)
        #expect(
            comparison.differences(event([[1]]), event([[1, 255]])) == [
                JSONDifference(pointer: "attachment 0", recorded: "1 bytes: 01", live: "2 bytes: 01ff")
            ])
        #expect(comparison.differences(event([]), event([[1]])).isEmpty)
    }

    @Test("messages become units") func units() {
        var reader = LivePacketReader(.socketIO(.v4, .json))
        #expect(reader.receive(.text("52-/n,7[\"a\"]")).isEmpty)
        #expect(reader.receive(.binary([1])).isEmpty)
        #expect(
            reader.receive(.binary([2])) == [
                .packet(
                    ScriptedPacket(
                        type: .binaryEvent, namespace: "/n", event: "a", ackID: 7, payload: "[\"a\"]", announced: 2,
                        attachments: [[1], [2]]))
            ])
        guard case .malformed? = reader.receive(.binary([3])).first else {
            Issue.record("a binary message that nobody announced")
            return
        }
        #expect(reader.receive(.text("51-[\"a\"]")).isEmpty)
        #expect(reader.receive(.text("2[\"b\"]")).count == 2)
    }
}
