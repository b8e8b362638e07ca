import EngineIO
import NIOCore
import Replay
import Testing

@testable import ReplayDrivers

struct FrameCase: CustomTestStringConvertible, Sendable {
    let name: String
    /// Header bytes and payload, not masked.
    let wire: [UInt8]
    let expected: Result<[WebSocketReader.Item], WebSocketFault>
    var testDescription: String { self.name }

    private static func failure(_ code: UInt16, _ reason: String) -> Result<[WebSocketReader.Item], WebSocketFault> {
        .failure(WebSocketFault(code: code, reason: reason))
    }

    static let all: [FrameCase] = [
        FrameCase(name: "text", wire: [0x81, 2, 0x68, 0x69], expected: .success([.message(.text("hi"))])),
        FrameCase(name: "empty text", wire: [0x81, 0], expected: .success([.message(.text(""))])),
        FrameCase(name: "binary", wire: [0x82, 1, 7], expected: .success([.message(.binary([7]))])),
        FrameCase(
            name: "fragments with a ping between them", wire: [0x01, 1, 0x68, 0x89, 0, 0x80, 1, 0x69],
            expected: .success([.control(.ping([])), .message(.text("hi"))])),
        FrameCase(
            name: "a character cut in two", wire: [0x01, 1, 0xC3, 0x80, 1, 0xA9],
            expected: .success([.message(.text("é"))])),
        FrameCase(name: "pong", wire: [0x8A, 1, 1], expected: .success([.control(.pong([1]))])),
        FrameCase(name: "empty close", wire: [0x88, 0], expected: .success([.control(.close(code: nil, reason: ""))])),
        FrameCase(
            name: "close with a code", wire: [0x88, 3, 0x03, 0xE9, 0x78],
            expected: .success([.control(.close(code: 1001, reason: "x"))])),
        FrameCase(
            name: "half a code", wire: [0x88, 1, 3], expected: Self.failure(1002, "a close frame with half a code")),
        FrameCase(
            name: "reserved bit", wire: [0xC1, 0], expected: Self.failure(1002, "a reserved bit of a frame is set")),
        FrameCase(
            name: "reserved type", wire: [0x83, 0], expected: Self.failure(1002, "a frame of the reserved type 3")),
        FrameCase(
            name: "fragmented ping", wire: [0x09, 0],
            expected: Self.failure(1002, "a control frame that is fragmented or too long")),
        FrameCase(
            name: "long ping", wire: [0x89, 126, 0, 126],
            expected: Self.failure(1002, "a control frame that is fragmented or too long")),
        FrameCase(
            name: "continuation of nothing", wire: [0x80, 0],
            expected: Self.failure(1002, "a continuation without a beginning")),
        FrameCase(
            name: "a message in a message", wire: [0x01, 0, 0x81, 0],
            expected: Self.failure(1002, "a new message inside a fragmented one")),
        FrameCase(
            name: "no UTF-8", wire: [0x81, 1, 0xFF], expected: Self.failure(1007, "a text message is no UTF-8")),
        FrameCase(
            name: "too long, told by its header alone", wire: [0x82, 126, 0x03, 0xE9],
            expected: Self.failure(1009, "a message of more than 1000 bytes")),
        FrameCase(
            name: "too long in sum", wire: [0x02, 126, 0x03, 0xE8] + [UInt8](repeating: 1, count: 1000) + [0x80, 1],
            expected: Self.failure(1009, "a message of more than 1000 bytes")),
        FrameCase(
            name: "a length that cannot be", wire: [0x82, 127, 0xFF, 0, 0, 0, 0, 0, 0, 0],
            expected: Self.failure(1002, "a frame with a length that cannot be")),
    ]
}

@Suite("WebSocket bytes")
struct WebSocketTests {
    @Test("reads, whole and byte by byte", arguments: FrameCase.all)
    func reads(_ item: FrameCase) {
        for piece in [item.wire.count, 1] {
            let reader = WebSocketReader(expectsMask: false, limitBytes: 1_000, deflate: nil)
            let actual = Self.read(item.wire, by: reader, piece: piece)
            #expect(actual == item.expected)
        }
    }

    private static func read(
        _ wire: [UInt8], by reader: WebSocketReader, piece: Int
    ) -> Result<[WebSocketReader.Item], WebSocketFault> {
        var items: [WebSocketReader.Item] = []
        do throws(WebSocketFault) {
            for start in stride(from: 0, to: wire.count, by: piece) {
                reader.feed(ByteBuffer(bytes: wire[start..<min(start + piece, wire.count)]))
                while let item = try reader.next() { items.append(item) }
            }
        } catch {
            return .failure(error)
        }
        return .success(items)
    }

    @Test("a client masks, a server does not")
    func masks() {
        let masked = WebSocketWriter(masks: true, deflate: nil).message(.text("hi"))
        let server = WebSocketReader(expectsMask: true, limitBytes: 10, deflate: nil)
        #expect(Self.read(Array(buffer: masked), by: server, piece: 1) == .success([.message(.text("hi"))]))
        let client = WebSocketReader(expectsMask: false, limitBytes: 10, deflate: nil)
        #expect(
            Self.read(Array(buffer: masked), by: client, piece: 9)
                == .failure(WebSocketFault(code: 1002, reason: "a server's frame is masked")))
        let bare = WebSocketWriter(masks: false, deflate: nil).message(.text("hi"))
        let other = WebSocketReader(expectsMask: true, limitBytes: 10, deflate: nil)
        #expect(
            Self.read(Array(buffer: bare), by: other, piece: 9)
                == .failure(WebSocketFault(code: 1002, reason: "a client's frame is not masked")))
    }

    private static let contents: [EngineIOPacket.Content] = [
        .text(""), .text("4hello"), .binary([]), .binary([1, 2, 3]), .text(String(repeating: "abc", count: 100)),
        .text(String(repeating: "é", count: 40_000)), .text("4hello"),
    ]

    @Test(
        "what is written is read, deflated and in fragments, too",
        arguments: ["", "; server_no_context_takeover; client_no_context_takeover", "; server_max_window_bits=9"])
    func roundTrip(_ parameters: String) throws {
        let agreement = try #require(DeflateAgreement(offers: ["permessage-deflate" + parameters]))
        for deflate in [nil, agreement] {
            let writer = WebSocketWriter(masks: false, deflate: deflate)
            let reader = WebSocketReader(expectsMask: false, limitBytes: 1 << 20, deflate: deflate)
            for content in Self.contents {
                let bytes = Array(buffer: writer.message(content))
                #expect(Self.read(bytes, by: reader, piece: 1_000) == .success([.message(content)]))
                let pieces = Array(buffer: writer.fragments(content, pieces: 3, pings: true))
                #expect(
                    Self.read(pieces, by: reader, piece: 7)
                        == .success([
                            .control(.ping(Array("piece 1".utf8))), .control(.ping(Array("piece 2".utf8))),
                            .message(content),
                        ]))
            }
        }
    }

    @Test("deflate makes what repeats smaller")
    func smaller() throws {
        let agreement = try #require(DeflateAgreement(offers: ["permessage-deflate"]))
        let writer = WebSocketWriter(masks: false, deflate: agreement)
        #expect(writer.message(.text(String(repeating: "abc", count: 1_000))).readableBytes < 100)
    }

    @Test("a bomb is stopped at the limit, and bytes that are no deflate are refused")
    func bomb() throws {
        let agreement = try #require(DeflateAgreement(offers: ["permessage-deflate"]))
        let bomb = WebSocketWriter(masks: false, deflate: agreement)
            .message(.binary([UInt8](repeating: 0, count: 100_000)))
        let reader = WebSocketReader(expectsMask: false, limitBytes: 10_000, deflate: agreement)
        reader.feed(bomb)
        #expect(throws: WebSocketFault(code: 1009, reason: "inflates to more than 10000 bytes")) { try reader.next() }
        let other = WebSocketReader(expectsMask: false, limitBytes: 10_000, deflate: agreement)
        other.feed(ByteBuffer(bytes: [0xC2, 2, 0xFF, 0xFF]))
        #expect(throws: WebSocketFault.self) { try other.next() }
    }

    @Test("reasons of closes are cut between characters")
    func longReason() throws {
        let reader = WebSocketReader(expectsMask: false, limitBytes: 10, deflate: nil)
        reader.feed(
            WebSocketWriter(masks: false, deflate: nil)
                .control(.close(code: 1000, reason: String(repeating: "é", count: 100))))
        #expect(try reader.next() == .control(.close(code: 1000, reason: String(repeating: "é", count: 61))))
    }

    /// The example of RFC 6455, section 1.3.
    @Test("the accept value")
    func accept() {
        #expect(WebSocketAccept.value(forKey: "dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        #expect(WebSocketAccept.isKey("dGhlIHNhbXBsZSBub25jZQ=="))
        #expect(!WebSocketAccept.isKey("dGhlIHNhbXBsZSBub25jZQ="))
        #expect(!WebSocketAccept.isKey(""))
    }

    @Test(
        "which offers of permessage-deflate are taken",
        arguments: [
            (["permessage-deflate"], "permessage-deflate"),
            (["permessage-deflate; client_max_window_bits"], "permessage-deflate"),
            (
                ["x-other, permessage-deflate; server_max_window_bits=10"],
                "permessage-deflate; server_max_window_bits=10"
            ),
            (
                ["permessage-deflate; server_max_window_bits=8, permessage-deflate; server_no_context_takeover"],
                "permessage-deflate; server_no_context_takeover"
            ),
            (["permessage-deflate; server_max_window_bits=\"12\""], "permessage-deflate; server_max_window_bits=12"),
            (["permessage-deflate; unknown"], nil), (["x-other"], nil), ([], nil),
        ] as [([String], String?)])
    func offers(_ offers: [String], _ answer: String?) {
        #expect(DeflateAgreement(offers: offers)?.answer == answer)
    }
}
