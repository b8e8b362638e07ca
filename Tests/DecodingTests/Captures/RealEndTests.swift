import Foundation
import TestSupport
import Testing
import TimelineModel

/// How the sessions of real captures ended and whose they were.
@Suite(
    "Ends of real sessions",
    .enabled(if: !TruthFolder.shared.isEmpty, "../shared/captures is not there: it is no part of the repository"))
struct RealEndTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let capture: String
        /// Of each session: class, who ended it, close code, lineage.
        let ends: [String]
        var testDescription: String { self.capture }

        init(_ capture: String, _ ends: [String]) {
            self.capture = capture
            self.ends = ends
        }
    }

    static let cases: [Case] = [
        .init("any-device-sll2", ["websocket-close client - 1"]),
        .init("bad-double-connect", ["websocket-close server - 1"]),
        .init("bad-event-before-connect", ["websocket-close server - 1"]),
        .init("bad-missing-attachment", ["websocket-close server - 1"]),
        .init("bad-never-connects", ["websocket-close server - 1"]),
        .init("bad-never-pongs", ["websocket-close server - 1"]),
        .init("bad-ping-in-polling", ["eio-close server - 1"]),
        .init("bad-poll-overlap", ["eio-close server - 1"]),
        .init("bad-probe-never-upgraded", ["eio-close client - 1"]),
        .init("bad-stray-binary", ["websocket-close server - 1"]),
        .init("bad-too-large", ["websocket-close server 1009 1"]),
        .init("bad-unknown-eio-type", ["websocket-close server - 1"]),
        .init("bad-unsolicited-pong", ["websocket-close client - 1"]),
        .init("capture-gap", ["websocket-close client - 1"]),
        .init("client-killed", ["fin client - 1", "fin client - 2"]),
        .init("eio3-v2-client", ["websocket-close client - 1"]),
        .init("fmt-cut-short", ["websocket-close client - 1"]),
        .init("fmt-empty", []),
        .init("fmt-null-loopback-v4", ["websocket-close client - 1"]),
        .init(
            "fmt-pcapng",
            [
                "websocket-close server - 1",
                "websocket-close server - 1",
                "websocket-close server - 1",
                "websocket-close server - 1",
                "websocket-close client 1000 1",
            ]),
        .init(
            "fmt-vlan",
            [
                "websocket-close server - 1",
                "websocket-close server - 1",
                "websocket-close server - 1",
                "websocket-close server - 1",
                "websocket-close client 1000 1",
            ]),
        .init(
            "go-buggy-node",
            [
                "websocket-close server - 1",
                "websocket-close server - 1",
                "websocket-close server - 1",
                "websocket-close server - 1",
                "websocket-close client 1000 1",
            ]),
        .init("go-buggy-python", ["websocket-close client 1000 1"]),
        .init("go-fixed-node", ["websocket-close client 1000 1"]),
        .init("go-fixed-python", ["websocket-close client 1000 1"]),
        .init("ipv6", ["websocket-close client - 1"]),
        .init("js-acks", ["websocket-close client - 1"]),
        .init("js-binary-polling", ["eio-close client - 1"]),
        .init("js-connect-error", ["eio-close client - 1", "websocket-close client - 1"]),
        .init("js-default-upgrade", ["websocket-close client - 1"]),
        .init("js-deflate", ["websocket-close client - 1"]),
        .init("js-namespaces", ["websocket-close server - 1"]),
        .init("js-recovery", ["fin server - 1", "websocket-close client - 1"]),
        .init("late-pong", ["websocket-close server - 1", "websocket-close client - 1"]),
        .init("link-reorder-dup", ["websocket-close client - 1"]),
        .init("mid-session", ["eio-close client - 1", "websocket-close client - 2"]),
        .init("nicegui-chromium", ["websocket-close client 1001 1"]),
        .init("odd-ws-fragments", ["websocket-close client - 1"]),
        .init("py-client-js-server", ["websocket-close client 1000 1"]),
        .init("py-py-aiohttp", ["websocket-close client 1000 1"]),
        .init("py-py-msgpack", ["websocket-close client 1000 1"]),
        .init("py-py-uvicorn-polling", ["eio-close client - 1"]),
        .init("server-killed", ["fin server - 1", "websocket-close client - 1"]),
        .init("wss-tls13", []),
    ]

    @Test("every capture is in the list")
    func complete() {
        #expect(TruthFolder.shared.map(\.name) == Self.cases.map(\.capture))
    }

    @Test("class, who ended it, close code and lineage", arguments: Self.cases)
    func ends(_ c: Case) throws {
        let folder = TestFiles.shared.appending(path: "captures/\(c.capture)")
        let decoded = try DecodedCapture(TestFiles.bytes(folder.appending(path: try Truth(folder).capture.file)))
        let ends = decoded.sessions.map { session in
            let code = session.closeCode.map(String.init) ?? "-"
            return "\(session.endClass?.rawValue ?? "-") \(session.endedBy?.rawValue ?? "-") \(code) \(session.lineage)"
        }
        #expect(ends == c.ends)
    }
}
