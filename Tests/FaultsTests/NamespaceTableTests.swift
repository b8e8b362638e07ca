import Testing
import TimelineModel

@testable import Faults

@Suite("NamespaceTable")
struct NamespaceTableTests {
    /// `C` and `S` with the packet's type digit: what the table makes of them, one after the other.
    @Test(
        "where a namespace stands",
        arguments: [
            ("", "nothing"), ("C0", "requested 1"), ("C0 S0", "connected 2"), ("C0 S4", "refused 2"),
            ("C0 C0 S0 S4", "connected 3"), ("C0 C0 S4 S0", "connected 4"), ("C0 S0 C0", "connected 2"),
            ("C0 C0", "requested 1"), ("C0 S0 C1", "left 3 client"), ("C0 S0 S1", "left 3 server"),
            ("C0 C1 S0", "left 2 client"), ("C0 S0 S1 C0", "requested 4"), ("C0 S4 C0 S0", "connected 4"),
            ("S0", "connected 1"), ("S0 S1 S0", "connected 3"), ("C2 S3", "nothing"),
        ])
    func standing(packets: String, expected: String) {
        for namespace in ["/", "/other"] {
            var table = NamespaceTable()
            for (index, packet) in packets.split(separator: " ").enumerated() {
                table.apply(Self.frame(packet, id: Int64(index) + 1, namespace))
            }
            #expect(Self.text(table[namespace]) == expected)
            #expect(table.names == (expected == "nothing" ? [] : [namespace]))
        }
    }

    @Test("under version 4 the root is joined from the open packet on")
    func root() {
        var table = NamespaceTable()
        table.connectRoot(Self.frame("S0", id: 1, "/"))
        table.apply(Self.frame("C0", id: 2, "/"))
        table.connectRoot(Self.frame("S0", id: 3, "/"))
        #expect(Self.text(table["/"]) == "connected 1")
    }

    @Test("names beyond the limit are not followed, known ones are")
    func limit() {
        var table = NamespaceTable()
        for number in 0..<NamespaceTable.limit { table.apply(Self.frame("C0", id: 1, "/\(number)")) }
        #expect(!table.isFull)
        table.apply(Self.frame("C0", id: 2, "/more"))
        table.apply(Self.frame("S0", id: 3, "/0"))
        table.apply(Self.frame("S0", id: 4, "/"))
        #expect(table.isFull)
        #expect(table["/more"] == nil)
        #expect(Self.text(table["/0"]) == "connected 3")
        #expect(Self.text(table["/"]) == "connected 4")
    }

    private static func frame(_ packet: some StringProtocol, id: Int64, _ namespace: String) -> Frame {
        Frame(
            id: id, connectionID: 1, at: Timestamp(nanoseconds: id), sender: packet.hasPrefix("C") ? .client : .server,
            transport: .websocket, layer: .engineio, engineIOType: .message,
            socketIOType: packet.last.flatMap { UInt8(String($0)) }.flatMap(SocketIOType.init), namespace: namespace,
            sizeBytes: 1, wireBytes: 1)
    }

    private static func text(_ state: NamespaceState?) -> String {
        switch state {
        case .requested(let mark): "requested \(mark.frameID)"
        case .connected(let mark): "connected \(mark.frameID)"
        case .refused(let mark): "refused \(mark.frameID)"
        case .left(let mark, let sender): "left \(mark.frameID) \(sender.rawValue)"
        case nil: "nothing"
        }
    }
}
