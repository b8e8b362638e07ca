import Replay
import Testing

@Suite("Cookies")
struct CookieJarTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let set: [String]
        let target: String
        let sent: String?
        var testDescription: String { "\(self.set) \(self.target)" }
    }

    static let cases = [
        Case(set: [], target: "/", sent: nil),
        Case(set: ["io=abc"], target: "/socket.io/?EIO=4", sent: "io=abc"),
        Case(set: ["io=abc; Path=/; HttpOnly; SameSite=Strict"], target: "/socket.io/", sent: "io=abc"),
        Case(set: ["a=1", "b=x=y; path=/"], target: "/", sent: "a=1; b=x=y"),
        Case(set: ["a=1", "a=2"], target: "/", sent: "a=2"),
        Case(set: ["a=1", "a=; Max-Age=0"], target: "/", sent: nil),
        Case(set: ["a=1; Path=/chat"], target: "/socket.io/", sent: nil),
        Case(set: ["a=1; Path=/chat"], target: "/chat?x", sent: "a=1"),
        Case(set: ["a=1; Path=/chat"], target: "/chat/x", sent: "a=1"),
        Case(set: ["a=1; Path=/chat"], target: "/chatter", sent: nil),
        Case(set: ["a=1; Path=no"], target: "/", sent: "a=1"),
        Case(set: ["nothing", "=x", ""], target: "/", sent: nil),
        Case(set: ["  a = 1  "], target: "/", sent: "a=1"),
    ]

    @Test("come back where they belong", arguments: cases)
    func comeBack(_ test: Case) {
        var jar = CookieJar()
        jar.take(from: test.set.map { HTTPField("Set-Cookie", $0) } + [HTTPField("Other", "c=1")])
        #expect(jar.field(for: test.target) == test.sent)
    }

    @Test("are so many at most")
    func limit() {
        var jar = CookieJar()
        for number in 0..<1_000 { jar.take(from: [HTTPField("Set-Cookie", "c\(number)=1")]) }
        let sent = jar.field(for: "/")
        #expect(sent?.split(separator: ";").count == 180)
        #expect(sent?.hasSuffix("c999=1") == true)
    }
}
