import TimelineModel

// What comes of a life once its session is over, and what it waits for until then.
extension LifeRun {
    /// A live server that ends a session so much before the client would have is no other server.
    private static let endToleranceNs: Int64 = 1_000_000_000

    /// The live session is over. What is missing, and whether it should have gone on, stands in the judgement then.
    mutating func finish(_ end: LinkEnd, at now: Timestamp) {
        self.deadline = nil
        let unsaid = self.script.steps[min(self.next, self.script.steps.count)...].count
        switch end {
        case .left: break
        case .ended where self.isOver && !self.isEarly(now): break
        case .ended(let how): self.judgement.endedEarly("by \(how)", unsaid: unsaid, at: now)
        case .dead(let ms):
            self.judgement.endedEarly(
                "by the client, for the server sent nothing for \(ms) ms", unsaid: unsaid, at: now)
        case .garbled(let problem):
            self.judgement.endedEarly(
                "by the client, for what the server sent is no Engine.IO: \(problem)", unsaid: unsaid, at: now)
        case .silent(let ms):
            self.judgement.refused("the server sent no open packet within \(ms) ms", at: now)
        case .refused(_, let reason): self.judgement.refused(reason, at: now)
        }
        self.judgement.finish()
    }

    private mutating func isEarly(_ now: Timestamp) -> Bool {
        switch self.script.ending {
        case .byServer: return false
        case .byClient, .unknown: break
        }
        if case .socketIO(let last)? = self.script.steps.last?.packet.content, last.kind == .disconnect { return false }
        return self.endDue(now).nanoseconds(since: now) > Self.endToleranceNs
    }

    /// What the next step waits for; nil where it waits for nothing but time.
    var waitsFor: String? {
        guard self.saidAt != nil else { return "the server's open packet" }
        if let what = self.judgement.waitsFor(
            before: self.next < self.script.steps.count ? self.script.steps[self.next].after : self.script.lines.count)
        {
            return what
        }
        let namespace = self.namespaces.filter { if case .connecting = $0.value { true } else { false } }.keys.sorted()
        return namespace.first.map { "the server's answer to CONNECT \($0)" }
    }
}
