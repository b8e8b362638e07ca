import Testing
import TimelineModel

@testable import Faults

@Suite("Report")
struct ReportTests {
    @Test("beyond the limit findings are counted, and the count is told", arguments: [-1, 0, 1, 5])
    func limit(_ beyond: Int) {
        var report = Report(sessionID: 1)
        report.rule = 0
        for number in 0..<(Report.limit + beyond) {
            report.add("finding \(number)", at: Timestamp(nanoseconds: Int64(number)))
        }
        let drafts = report.takeDrafts()
        #expect(drafts.count == min(Report.limit + beyond, Report.limit) + (beyond > 0 ? 1 : 0))
        guard beyond > 0 else { return }
        #expect(drafts.last?.severity == .note)
        #expect(drafts.last?.message == "\(beyond) more finding\(beyond == 1 ? "" : "s") of this rule, not kept")
    }
}
