import EngineIO
import TimelineModel

// What is waited for, when it is given up, and what the end of a session means.
extension LifePlay {
    /// What the life waits for from the client, and until when.
    var waiting: (index: Int, until: Timestamp)? {
        var index: Int?
        for lane in self.lanes {
            guard let first = lane.steps.first, case .waits(let on) = self.head(lane, self.plan.steps[first]) else {
                continue
            }
            index = min(index ?? on, on)
        }
        guard let index = index ?? self.firstDemanded else { return nil }
        let gap = max(0, self.plan.atNs(index) - self.progress.recordedNs)
        // A client that has let a wait pass gets no grace in the next one.
        let grace = self.givenUpInARow == 0 ? LifeTiming.graceNs : 0
        let limit = gap.multipliedClamping(by: 3)
        let sum = limit.addingReportingOverflow(grace)
        return (index, self.progress.live.advanced(byNs: sum.overflow ? .max : sum.partialValue))
    }

    var firstDemanded: Int? {
        guard self.demandedLeft > 0 else { return nil }
        return self.plan.demanded[self.nextDemanded...].first { self.heard[$0] == nil }
    }

    /// When the life is over of itself; nil while something is to come.
    var closing: Timestamp? {
        guard self.waiting == nil, self.connectDue == nil, self.lanes.allSatisfy({ $0.steps.isEmpty }) else {
            return nil
        }
        return self.timing.closing(
            began: self.began, progress: self.progress.live, recordedNs: self.progress.recordedNs)
    }

    /// When the played server gives a client up that connects to nothing, as the recorded one did. A client's way to
    /// its first packet does not shrink with the pace.
    var connectDue: Timestamp? {
        guard case .reaction(.noConnect) = self.plan.end, !self.hasConnected else { return nil }
        return self.began.advanced(byNs: LifeTiming.late(self.plan.endNs))
    }

    /// False where no use is in going on.
    mutating func giveUp(_ index: Int, at now: Timestamp, _ outputs: inout [Output]) -> Bool {
        let what = PacketText.short(self.plan.packets[index].content)
        self.givenUpInARow += 1
        guard self.settings.policy != .strict, self.givenUpInARow < LifeTiming.mostGivenUp else {
            outputs.append(
                .stuck(
                    waitedFor: "\(what) of the client, recorded at \(PacketText.seconds(self.plan.atNs(index)))"
                        + (self.number > 1 ? " of connection \(self.number)" : "")))
            return false
        }
        self.heard[index] = .givenUp(now)
        self.expected.giveUp(index: index)
        self.skipHeard()
        return true
    }

    mutating func skipHeard() {
        while self.nextDemanded < self.plan.demanded.count, self.heard[self.plan.demanded[self.nextDemanded]] != nil {
            self.nextDemanded += 1
        }
    }

    /// What a life waits for now, for a person; nil where nothing is left.
    var waitedFor: String? {
        guard !self.isDone else { return nil }
        if let waiting = self.waiting {
            return "\(PacketText.short(self.plan.packets[waiting.index].content)) of the client"
        }
        if self.connectDue != nil || self.lanes.contains(where: { !$0.steps.isEmpty }) {
            return "a connect of the client"
        }
        return nil
    }

    /// The session has ended other than by the script.
    ///
    /// - Parameter isSilent: the played server's heartbeat had stayed away for longer than a client has to bear.
    mutating func end(_ end: EngineIOServerEnd, _ what: String?, isSilent: Bool = false, at now: Timestamp) {
        guard !self.isDone else { return }
        self.isDone = true
        let isWhole = self.firstDemanded == nil
        switch end {
        case .closedByServer where what == nil: return
        // A polling client that goes leaves a GET behind, and that is all there is to see of it.
        case .violation(.pollAborted) where self.mayLeave(at: now): return
        case .violation(.pollAborted) where isSilent, .heartbeatTimeout where isSilent: self.leftSilence = now
        case .violation, .heartbeatTimeout, .closedByServer:
            var isRecorded = false
            if case .reaction = self.plan.end { (self.hasReacted, isRecorded) = (true, isWhole) }
            // A fault of the client even where the recording has it.
            self.divergences.append(
                Divergence(
                    .unexpected, life: self.number, atNs: now.nanoseconds(since: self.origin), sender: .client,
                    what: what ?? end.description,
                    detail: "the played server ended the session for it, "
                        + (isRecorded ? "as the recorded one did" : self.leftOver)))
        case .closedByClient, .transportClosed:
            guard !self.mayLeave(at: now) else { return }
            guard !isSilent else {
                self.leftSilence = now
                return
            }
            self.divergences.append(
                Divergence(
                    .unexpected, life: self.number, atNs: now.nanoseconds(since: self.origin), sender: .client,
                    what: "end of the session",
                    detail: "\(end) after \(PacketText.seconds(now.nanoseconds(since: self.began))), \(self.leftOver)"))
        }
    }

    /// A body was too big to be taken: lost for the application, though the session lives.
    mutating func refused(bytes: Int, limit: Int, at now: Timestamp) {
        self.divergences.append(
            Divergence(
                .unexpected, life: self.number, atNs: now.nanoseconds(since: self.origin), sender: .client,
                what: "a body that is too big",
                detail: "\(bytes) bytes, where maxPayload is \(limit); the played server refused it with 413"))
    }

    var leftOver: String {
        let steps = self.lanes.reduce(0) { $0 + $1.steps.count } + self.dueAcks.count
        return "with \(steps) packets of the server and \(self.demandedLeft) of the client still to come"
    }

    /// A client that hangs up has done what was recorded: all is said, and the recorded client left as well, at about
    /// that time or as soon as it had what it wanted.
    func mayLeave(at now: Timestamp) -> Bool {
        guard self.demandedLeft == 0, self.connectDue == nil else { return false }
        let rest = self.lanes.compactMap { $0.steps.first } + self.dueAcks.map(\.step)
        let firstLeft = rest.map { self.plan.steps[$0].atNs }.min()
        let lived = now.nanoseconds(since: self.began)
        let recorded = self.settings.pace.scaled(self.plan.endNs)
        let isOldEnough = lived >= min(recorded, self.plan.endNs) / 10 * 8
        switch self.plan.end {
        case .client: return firstLeft.map { isOldEnough || $0 >= self.plan.endNs - LifeTiming.raceNs } ?? true
        case .unknown, .reaction: return firstLeft == nil
        case .server: return firstLeft == nil && (isOldEnough || self.namespaces.isEmpty)
        }
    }

    mutating func diverge(
        _ kind: Divergence.Kind, _ match: ExpectedPackets.Match? = nil, content: RecordedPacket.Content? = nil,
        at now: Timestamp, detail: String
    ) {
        self.diverge(kind, match, content ?? .message(.text("")), at: now, detail: detail)
    }

    mutating func diverge(
        _ kind: Divergence.Kind, _ match: ExpectedPackets.Match?, _ content: RecordedPacket.Content, at now: Timestamp,
        detail: String
    ) {
        if kind == .unexpected, self.isBeyond(now) { return }
        // How a client says what the recorded one should not have said is its own affair.
        if let match, self.plan.violations.contains(where: { $0.index == match.index }) { return }
        self.divergences.append(
            Divergence(
                kind, life: self.number, recordedFrameID: match.map { self.plan.packets[$0.index].frameID },
                atNs: now.nanoseconds(since: self.origin), sender: .client, namespace: PacketText.namespace(content),
                what: PacketText.short(content, namespace: false), differences: match?.differences ?? [], detail: detail
            ))
    }

    /// The recording has nothing to say of what comes now.
    func isBeyond(_ now: Timestamp) -> Bool {
        guard self.demandedLeft == 0, self.lanes.allSatisfy({ $0.steps.isEmpty }) else { return false }
        // The server cut the recorded client off: what that would have said next nobody knows.
        if case .reaction = self.plan.end { return true }
        if self.plan.connectsNothing { return true }
        return now
            >= self.timing.beyond(
                began: self.began, progress: self.progress.live, recordedNs: self.progress.recordedNs)
    }

    /// A client that has left a silent server could not say what it would have said later. Its own pauses do not
    /// shrink with the pace.
    private func isExcused(_ index: Int) -> Bool {
        guard let leftSilence else { return false }
        return LifeTiming.late(self.plan.atNs(index)) >= leftSilence.nanoseconds(since: self.began)
    }

    /// What the client has not said, once nothing more comes.
    func missing() -> [Divergence] {
        self.plan.demanded.filter { index in
            if case .at = self.heard[index] { false } else { !self.isExcused(index) }
        }.map { index in
            let packet = self.plan.packets[index]
            return Divergence(
                .missing, life: self.number, recordedFrameID: packet.frameID, sender: .client,
                namespace: PacketText.namespace(packet.content),
                what: PacketText.short(packet.content, namespace: false),
                detail: "recorded at \(PacketText.seconds(self.plan.atNs(index))), never said")
        }
    }
}
