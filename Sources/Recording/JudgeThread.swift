internal import Faults
internal import Foundation
internal import TimelineModel

/// Judges what is recorded on a thread of its own: writing takes one core, judging another.
final class JudgeThread: @unchecked Sendable {
    /// Rows that wait may take so many bytes; then writing waits for judging.
    private let queue = RecordingQueue<RecordedRows>(limit: 32 << 20)
    private let ended = DispatchSemaphore(value: 0)
    private let told: @Sendable (LiveRecording.Alert) -> Void

    // Guards the news.
    private let lock = NSLock()
    private var news: [LiveAnalysis.News] = []

    /// Of each capture, `LiveAnalysis.judgedUntil` at the end; to be read behind `stop`.
    private(set) var judgedUntil: [Timestamp?] = []

    /// - Parameter told: gets each finding when it is made, or taken back, on the judge's thread.
    init(
        _ captures: [CaptureFacts], _ configuration: Configuration,
        told: @escaping @Sendable (LiveRecording.Alert) -> Void
    ) {
        self.told = told
        let judges = captures.map { LiveAnalysis($0, configuration: configuration) }
        let thread = Thread { [self] in
            self.run(judges)
            self.ended.signal()
        }
        thread.name = "judge"
        thread.start()
    }

    func see(_ rows: RecordedRows) {
        _ = self.queue.push(rows, weight: rows.weight)
    }

    /// What came since the last time.
    func takeNews() -> [LiveAnalysis.News] {
        self.lock.withLock {
            defer { self.news = [] }
            return self.news
        }
    }

    /// Waits until all is judged.
    func stop() {
        self.queue.close()
        self.ended.wait()
    }

    private func run(_ judges: [LiveAnalysis]) {
        var judges = judges
        let interval = 0.25
        var due = Date(timeIntervalSinceNow: interval)
        while let rows = self.queue.popAll(until: due) {
            for rows in rows {
                self.take(judges[rows.capture].see(rows.batch, rows.facts, at: rows.at))
            }
            // Many sessions take long to ask: at most a tenth of the time goes into it.
            guard Date() >= due else { continue }
            let began = Date()
            for index in judges.indices { self.take(judges[index].tick(at: .now())) }
            due = Date(timeIntervalSinceNow: max(interval, -began.timeIntervalSinceNow * 9))
        }
        for index in judges.indices { self.take(judges[index].finish(at: .now())) }
        self.judgedUntil = judges.map(\.judgedUntil)
    }

    private func take(_ news: [LiveAnalysis.News]) {
        guard !news.isEmpty else { return }
        self.lock.withLock { self.news += news }
        for news in news {
            switch news {
            case .finding(let finding, _): self.told(.found(finding))
            case .takenBack(let takenBack): self.told(.takenBack(takenBack))
            case .settled, .released: break
            }
        }
    }
}
