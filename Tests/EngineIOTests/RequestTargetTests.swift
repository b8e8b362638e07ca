import EngineIO
import Testing

struct TargetCase: CustomTestStringConvertible, Sendable {
    let target: String
    let path: String
    var version = EngineIOVersion.v4
    var transport: String?
    var sid: String?
    var isJSONP = false
    var isSocketIOPath: Bool? = true

    var testDescription: String { self.target }
}

@Suite("Request targets")
struct RequestTargetTests {
    static let cases: [TargetCase] = [
        .init(target: "/socket.io/?EIO=4&transport=polling", path: "/socket.io/", transport: "polling"),
        .init(
            target: "/socket.io/?transport=websocket&sid=aB-_3&t=x&EIO=4", path: "/socket.io/", transport: "websocket",
            sid: "aB-_3"),
        .init(
            target: "/socket.io/?EIO=3&transport=polling&j=0", path: "/socket.io/", version: .v3, transport: "polling",
            isJSONP: true),
        .init(target: "/socket.io/?transport=polling&b64=1", path: "/socket.io/", version: .v3, transport: "polling"),
        .init(target: "/socket.io/?EIO=5&transport=polling", path: "/socket.io/", version: .v3, transport: "polling"),
        .init(target: "/app/socket.io/?EIO=4", path: "/app/socket.io/"),
        .init(target: "/socket.io", path: "/socket.io", version: .v3),
        .init(target: "/socket.io/?", path: "/socket.io/", version: .v3),
        .init(
            target: "/engine.io/?EIO=4&transport=polling", path: "/engine.io/", transport: "polling",
            isSocketIOPath: false),
        .init(target: "/live/?EIO=4&transport=websocket", path: "/live/", transport: "websocket", isSocketIOPath: nil),
        .init(target: "/?transport=polling", path: "/", version: .v3, transport: "polling", isSocketIOPath: nil),
        .init(target: "/socket.io/?sid=a%2Bb%25%zz%+5%4&EIO=4", path: "/socket.io/", sid: "a+b%%zz%+5%4"),
        .init(target: "/socket.io/?EIO=4&sid=", path: "/socket.io/", sid: ""),
        .init(target: "/socket.io/?EIO=4&&sid", path: "/socket.io/", sid: ""),
        .init(target: "/socket.io/?EIO=4&sid=a=b?c", path: "/socket.io/", sid: "a=b?c"),
        // The absolute form, as a proxy is asked.
        .init(target: "http://h:80/socket.io/?EIO=4&sid=x", path: "/socket.io/", sid: "x"),
        .init(target: "http://h?EIO=4&transport=polling", path: "/", transport: "polling", isSocketIOPath: nil),
        .init(target: "http://h/socket.io/?EIO=4&back=http://other/x", path: "/socket.io/"),
        .init(
            target: "/socket.io/?EIO=4&transport=polling&back=http://h/x?y", path: "/socket.io/", transport: "polling"),
    ]

    @Test("a target of Engine.IO", arguments: Self.cases)
    func reads(_ c: TargetCase) throws {
        let target = try #require(EngineIOTarget(c.target))
        #expect(target.path == c.path)
        #expect(target.version == c.version)
        #expect(target.transport == c.transport)
        #expect(target.sid == c.sid)
        #expect(target.isJSONP == c.isJSONP)
        #expect(target.isSocketIOPath == c.isSocketIOPath)
    }

    @Test(
        "a target of something else",
        arguments: [
            "/", "", "*", "/index.html", "/socket.io/socket.io.js", "/api?sid=1", "/api?t=1&j=2", "/?transport=bus",
            "example.com:443",
            "http://h", "://", "?", "/xsocket.io2/", "http://h/api?back=/socket.io/?EIOx=4",
        ])
    func refuses(_ target: String) {
        #expect(EngineIOTarget(target) == nil)
    }
}
