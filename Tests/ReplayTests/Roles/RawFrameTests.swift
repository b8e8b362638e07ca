import Testing

@testable import Replay

@Suite("Raw frames")
struct RawFrameTests {
    struct Row: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let control: WebSocketControl
        let isMasked: Bool
        let bytes: [UInt8]

        init(_ name: String, _ control: WebSocketControl, masked: Bool = false, _ bytes: [UInt8]) {
            self.testDescription = name
            self.control = control
            self.isMasked = masked
            self.bytes = bytes
        }
    }

    private static let room = String(repeating: "a", count: 122)

    @Test(
        "control frames",
        arguments: [
            Row("a ping", .ping([1, 2]), [0x89, 2, 1, 2]),
            Row(
                "a pong of too many bytes", .pong(Array(repeating: 7, count: 126)),
                [0x8A, 125] + Array(repeating: 7, count: 125)),
            Row("a close without a code has no reason", .close(code: nil, reason: "gone"), [0x88, 0]),
            Row("a close", .close(code: 1001, reason: "hé"), [0x88, 5, 0x03, 0xE9, 0x68, 0xC3, 0xA9]),
            Row("masked", .close(code: 1000, reason: ""), masked: true, [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE8]),
            Row(
                "a reason that just fits", .close(code: 1000, reason: room + "b"),
                [0x88, 125, 0x03, 0xE8] + Array((room + "b").utf8)),
            Row(
                "a reason is cut before the first character that does not fit",
                .close(code: 1000, reason: room + "éb"), [0x88, 124, 0x03, 0xE8] + Array(room.utf8)),
        ])
    func control(_ row: Row) {
        #expect(RawFrame(row.control, isMasked: row.isMasked).bytes(key: 0) == row.bytes)
    }
}
