import Decoding
import Testing
import TimelineModel

/// Malformed traffic is told with its connection, its offset and what was expected. `Traffic.decoded` and
/// `DecodedCapture` hold that for every capture of these tests; here is each kind that they might not make.
@Suite("Places of anomalies")
struct AnomalyPlaceTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let code: String
        /// The end of the place that it must name.
        let place: String
        let write: @Sendable (inout Traffic) -> Void
        var testDescription: String { self.code }

        init(_ code: String, _ place: String, _ write: @escaping @Sendable (inout Traffic) -> Void) {
            self.code = code
            self.place = place
            self.write = write
        }

        /// Messages of the client in a session.
        init(_ code: String, _ place: String, messages: [(opcode: UInt8, [UInt8])]) {
            self.init(code, place) { traffic in
                let connection = traffic.session("a")
                for (opcode, bytes) in messages {
                    traffic.send(connection, .client, Peer.frame(.client, bytes, opcode: opcode))
                }
            }
        }

        /// A body of the client in a session that polls.
        init(_ code: String, _ place: String, body: String, _ fields: String...) {
            self.init(code, place) { traffic in
                let connection = traffic.open()
                traffic.exchange(connection, Peer.get(Peer.polling), Peer.answer("200 OK", Peer.open("a")))
                traffic.exchange(
                    connection, Peer.request("POST", Peer.polling + "&sid=a", fields, body), Peer.answer("200 OK", "ok")
                )
            }
        }
    }

    static let cases: [Case] = [
        Case("socketio.orphan-attachment", "at offset 0 of the message", messages: [(2, [1, 2, 3])]),
        Case(
            "socketio.attachment-interleaved", "at offset 0 of the message",
            messages: [(1, Array(#"451-["a",{"_placeholder":true,"num":0}]"#.utf8)), (1, Array(#"42["b"]"#.utf8))]),
        Case("socketio.malformed-packet", "at offset 0 of the Socket.IO packet", messages: [(1, Array("4x".utf8))]),
        Case("socketio.malformed-packet", "at offset 0 of it", messages: [(1, Array("4".utf8))]),
        Case("engineio.malformed-packet", "at offset 0 of it", messages: [(1, [])]),
        Case("engineio.malformed-packet", "at offset 0 of the packet", messages: [(1, Array("x".utf8))]),
        Case("websocket.invalid-close", "at offset 0 of the body of a close frame", messages: [(8, [3])]),
        Case("http.undecodable-body", "at offset 0 of the client's body", body: "abc", "Content-Encoding: br"),
        Case("http.undecodable-body", "at offset 0 of the client's body", body: "abc", "Content-Encoding: gzip"),
        Case("engineio.empty-payload", "at offset 0 of it") { traffic in
            let connection = traffic.open()
            traffic.exchange(connection, Peer.get(Peer.polling), Peer.answer("200 OK", Peer.open("a")))
            traffic.exchange(connection, Peer.get(Peer.polling + "&sid=a"), Peer.answer("200 OK", ""))
        },
        Case("engineio.refused-packet", "at offset 3 of the body") { traffic in
            let connection = traffic.open()
            traffic.exchange(
                connection, Peer.post(Peer.polling + "&sid=gone", "40\u{1E}41"), Peer.answer("400 Bad Request", "no"))
        },
        Case("tls.not-decrypted", "at offset 0 of the client's stream") { traffic in
            let connection = traffic.open()
            traffic.send(connection, .client, [0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0])
        },
        Case("http.http2-not-read", "at offset 0 of the client's stream") { traffic in
            let connection = traffic.open()
            traffic.send(connection, .client, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        },
        Case("tcp.gap", "of the client's stream") { traffic in
            let connection = traffic.session("a")
            traffic.lose(connection, .client, Peer.text(.client, "42[\"a\"]"))
            traffic.text(connection, .client, "42[\"b\"]")
        },
        Case("websocket.unreadable-message", "of the client's stream") { traffic in
            let connection = traffic.session("a")
            let frame = Peer.text(.client, "42[\"a\"]")
            traffic.send(connection, .client, Array(frame[..<6]))
            traffic.lose(connection, .client, Array(frame[6...]))
            traffic.text(connection, .client, "42[\"b\"]")
        },
    ]

    @Test("each kind names its place", arguments: cases)
    func place(_ c: Case) throws {
        var traffic = Traffic()
        c.write(&traffic)
        let found = try traffic.decoded().anomalies.filter { $0.code.text == c.code }
        #expect(!found.isEmpty)
        #expect(found.contains { $0.detail.contains(c.place) }, "\(found.map(\.detail))")
    }
}
