import Testing
import TimelineModel

@testable import sioscope

@Suite("Losses that are told while they happen")
struct LossNewsTests {
    @Test("at once, then every five seconds at most, and nothing where nothing was lost")
    func limited() {
        var news = LossNews()
        var told: [String] = []
        for (second, dropped) in [(0, 0), (1, 3), (2, 5), (5, 9), (6, 10), (7, 10), (20, 10), (21, 11)]
            as [(Int64, Int64)]
        {
            if let line = news.line(dropped: dropped, at: Timestamp(nanoseconds: second * 1_000_000_000)) {
                told.append("\(second) \(line.drop { $0 != " " }.dropFirst())")
            }
        }
        #expect(told == ["1 3 packets dropped", "6 7 packets dropped, 10 in all", "21 1 packet dropped, 11 in all"])
    }
}
