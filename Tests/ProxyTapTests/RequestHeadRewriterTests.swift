import NIOCore
import TestSupport
import Testing

@testable import Taps

struct RewriteCase: CustomTestStringConvertible, Sendable {
    let name: String
    let sent: String
    let expected: String
    var testDescription: String { self.name }
}

@Suite("Proxy: Host written anew")
struct RequestHeadRewriterTests {
    static let target = ProxyTarget(isSecure: true, address: HostPort(host: "chat.example.com", port: 443))

    static func head(_ host: String, _ line: String = "GET / HTTP/1.1", _ fields: String = "") -> String {
        "\(line)\r\nHost: \(host)\r\n\(fields)\r\n"
    }

    static let old = "127.0.0.1:9000"
    static let new = "chat.example.com"
    static let upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n"

    static let cases: [RewriteCase] = [
        .init(name: "one request", sent: head(old), expected: head(new)),
        .init(name: "two in a row", sent: head(old) + head(old), expected: head(new) + head(new)),
        .init(
            name: "an origin of the same host",
            sent: head(old, "GET / HTTP/1.1", "Origin: http://127.0.0.1:9000\r\n"),
            expected: head(new, "GET / HTTP/1.1", "Origin: https://chat.example.com\r\n")),
        .init(
            name: "an origin of another host", sent: head(old, "GET / HTTP/1.1", "Origin: http://other\r\n"),
            expected: head(new, "GET / HTTP/1.1", "Origin: http://other\r\n")),
        .init(
            name: "a body with a length, that looks like a request",
            sent: head(old, "POST / HTTP/1.1", "Content-Length: 31\r\n") + "GET / HTTP/1.1\r\nHost: body\r\n\r\n\n"
                + head(old),
            expected: head(new, "POST / HTTP/1.1", "Content-Length: 31\r\n") + "GET / HTTP/1.1\r\nHost: body\r\n\r\n\n"
                + head(new)),
        .init(
            name: "a chunked body with trailers",
            sent: head(old, "POST / HTTP/1.1", "Transfer-Encoding: chunked\r\n")
                + "a;x=1\r\n0123456789\r\n3\r\n\r\n\r\r\n0\r\nHost: trailer\r\n\r\n" + head(old),
            expected: head(new, "POST / HTTP/1.1", "Transfer-Encoding: chunked\r\n")
                + "a;x=1\r\n0123456789\r\n3\r\n\r\n\r\r\n0\r\nHost: trailer\r\n\r\n" + head(new)),
        .init(
            name: "behind an upgrade everything is left alone",
            sent: head(old, "GET / HTTP/1.1", upgrade) + "\u{1}\u{5}\r\n\r\n" + head(old),
            expected: head(new, "GET / HTTP/1.1", upgrade) + "\u{1}\u{5}\r\n\r\n" + head(old)),
        .init(
            name: "a request behind an upgrade that was refused",
            sent: head(old, "GET / HTTP/1.1", upgrade) + head(old),
            expected: head(new, "GET / HTTP/1.1", upgrade) + head(new)),
        .init(
            name: "no HTTP at all", sent: "\u{16}\u{3}\u{1}hello\r\n\r\nHost: a\r\n\r\n",
            expected: "\u{16}\u{3}\u{1}hello\r\n\r\nHost: a\r\n\r\n"),
        .init(
            name: "a head that never ends", sent: head(old) + "GET / HTTP/1.1\r\nHost: a\r\n",
            expected: head(new) + "GET / HTTP/1.1\r\nHost: a\r\n"),
        .init(
            name: "other spellings, and spaces that stay",
            sent: "GET /a HTTP/1.1\r\nhost:x\r\nX-Host:  y \r\n\r\n",
            expected: "GET /a HTTP/1.1\r\nhost: chat.example.com\r\nX-Host:  y \r\n\r\n"),
        .init(
            name: "a head longer than 64 KiB",
            sent: "GET /" + String(repeating: "a", count: 70_000) + " HTTP/1.1\r\nHost: a\r\n\r\n" + head(old),
            expected: "GET /" + String(repeating: "a", count: 70_000) + " HTTP/1.1\r\nHost: a\r\n\r\n" + head(old)),
        .init(
            name: "a length that is no number",
            sent: head(old, "POST / HTTP/1.1", "Content-Length: 99999999999999999999\r\n") + head(old),
            expected: head(new, "POST / HTTP/1.1", "Content-Length: 99999999999999999999\r\n") + head(old)),
    ]

    private static func rewrite(_ bytes: [UInt8], cuts: () -> Int) -> [UInt8] {
        var rewriter = RequestHeadRewriter(Self.target)
        var output = ByteBuffer()
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(cuts())
            rewriter.receive(ByteBuffer(bytes: piece), into: &output)
            rest = rest.dropFirst(piece.count)
        }
        output.writeBytes(rewriter.finish())
        return Array(output.readableBytesView)
    }

    @Test("a stream of requests, however it is cut", arguments: cases)
    func rewrites(_ c: RewriteCase) {
        let sent = Array(c.sent.utf8), expected = Array(c.expected.utf8)
        #expect(Self.rewrite(sent) { sent.count } == expected)
        #expect(Self.rewrite(sent) { 1 } == expected)
        var random = SeededRandom(seed: 7)
        for _ in 0..<10 { #expect(Self.rewrite(sent) { Int.random(in: 1...40, using: &random) } == expected) }
    }

    @Test("no bytes break it, and what it does not know stays whole")
    func noise() {
        var random = SeededRandom(seed: 11)
        for c in Self.cases where c.sent.utf8.count < 1_000 {
            for _ in 0..<50 {
                let noise = random.mutated(Array(c.sent.utf8))
                let whole = Self.rewrite(noise) { max(1, noise.count) }
                #expect(Self.rewrite(noise) { 3 } == whole)
            }
        }
    }
}
