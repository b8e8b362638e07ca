import Synchronization
import Testing
import TimelineModel

@testable import Taps

@Suite("Proxy: what is told of connections that come to nothing")
struct ClientTroubleTests {
    private final class Told: Sendable {
        let lines = Mutex<[String]>([])
    }

    @Test("the first at once, then at most every ten seconds with the number of those between")
    func limited() throws {
        let told = Told()
        let trouble = ClientTrouble("got no answer of the server") { line in told.lines.withLock { $0.append(line) } }
        #expect(trouble.text == nil)
        let failure = UpstreamFailure(cause: .unreachable("refused"), target: try ProxyTarget(url: "http://a:1"))
        for second in [0, 1, 2, 9, 10, 11, 25] as [Int64] {
            trouble.note(failure.text, at: Timestamp(nanoseconds: second * 1_000_000_000))
            if second == 0 { #expect(trouble.text == "1 connection of a client got no answer of the server") }
        }
        let line = "http://a:1 cannot be reached: refused"
        #expect(
            told.lines.withLock { $0 } == [
                line, "\(line); so it was for 3 more connections since the last such line",
                "\(line); so it was for 1 more connection since the last such line",
            ])
        #expect(trouble.text == "7 connections of clients got no answer of the server")
    }
}
