/// Finds the smallest part of a recording whose replay fails in the same way.
///
/// First whole sessions go, then events, messages and heartbeats. Each candidate is replayed once; the result is one of
/// which no part can be left out by itself.
public struct RecordingReducer: Sendable {
    /// How far the search is.
    public struct Progress: Hashable, Sendable {
        /// Replays so far.
        public var runs = 0
        /// Packets of the recording, and of the smallest part that fails.
        public var packets: Int
        public var smallest: Int
    }

    public struct Outcome: Sendable {
        public var lineage: RecordedLineage
        public var progress: Progress
        /// False where the search was stopped before its end.
        public var isMinimal: Bool
    }

    private let recording: ReducibleRecording
    private let verdict: ReplayVerdict
    private var lives: Set<Int>
    private var left: Set<Int> = []
    private var known: [Candidate: Bool] = [:]
    private var progress: Progress
    private var isStopped = false

    private struct Candidate: Hashable {
        var lives: Set<Int>
        var left: Set<Int>
    }

    /// - Parameter verdict: of the replay of all of it, which failed.
    public init(_ lineage: RecordedLineage, failing verdict: ReplayVerdict) {
        self.recording = ReducibleRecording(lineage)
        self.verdict = verdict
        self.lives = Set(lineage.lives.indices)
        let packets = Self.packets(lineage)
        self.progress = Progress(packets: packets, smallest: packets)
    }

    /// - Parameters:
    ///   - mayGoOn: asked before each replay; the search ends where it says no.
    ///   - replay: replays a part and says how it went.
    public mutating func reduce(
        isolation: isolated (any Actor)? = #isolation,
        mayGoOn: (Progress) -> Bool = { _ in true },
        replay: (RecordedLineage) async throws -> ReplayVerdict
    ) async throws -> Outcome {
        try await self.dropLives(mayGoOn, replay)
        // Heartbeats rarely matter: without them what is tried after is smaller.
        try await self.dropParts(mayGoOn, replay) { $0.isHeartbeat }
        try await self.dropParts(mayGoOn, replay) { !$0.isHeartbeat }
        try await self.dropSingly(mayGoOn, replay)
        return Outcome(
            lineage: self.recording.lineage(lives: self.lives, without: self.left), progress: self.progress,
            isMinimal: !self.isStopped)
    }

    private mutating func dropLives(
        isolation: isolated (any Actor)? = #isolation, _ mayGoOn: (Progress) -> Bool,
        _ replay: (RecordedLineage) async throws -> ReplayVerdict
    ) async throws {
        let all = self.lives.sorted()
        guard all.count > 1 else { return }
        let kept = try await DeltaDebugging.minimum(all) { kept in
            try await self.fails(Candidate(lives: Set(kept), left: []), mayGoOn, replay)
        }
        self.lives = Set(kept)
    }

    private mutating func dropParts(
        isolation: isolated (any Actor)? = #isolation, _ mayGoOn: (Progress) -> Bool,
        _ replay: (RecordedLineage) async throws -> ReplayVerdict, where isMeant: (ReducibleRecording.Part) -> Bool
    ) async throws {
        let parts = self.parts(where: isMeant)
        let (lives, without) = (self.lives, self.left)
        let kept = try await DeltaDebugging.minimum(parts) { kept in
            let left = without.union(Set(parts).subtracting(kept))
            return try await self.fails(Candidate(lives: lives, left: left), mayGoOn, replay)
        }
        self.left = without.union(Set(parts).subtracting(kept))
    }

    /// What was needed while there was more may be needed no longer.
    private mutating func dropSingly(
        isolation: isolated (any Actor)? = #isolation, _ mayGoOn: (Progress) -> Bool,
        _ replay: (RecordedLineage) async throws -> ReplayVerdict
    ) async throws {
        for life in self.lives.sorted() where self.lives.count > 1 {
            let left = self.left.filter { self.recording.parts[$0].life != life }
            let candidate = Candidate(lives: self.lives.subtracting([life]), left: left)
            if try await self.fails(candidate, mayGoOn, replay) == true {
                (self.lives, self.left) = (candidate.lives, candidate.left)
            }
        }
        for part in self.parts(where: \.isHeartbeat) where !self.left.contains(part) {
            let candidate = Candidate(lives: self.lives, left: self.left.union([part]))
            if try await self.fails(candidate, mayGoOn, replay) == true { self.left = candidate.left }
        }
    }

    /// Of the lives that are left.
    private func parts(where isMeant: (ReducibleRecording.Part) -> Bool) -> [Int] {
        self.recording.parts.indices.filter {
            self.lives.contains(self.recording.parts[$0].life) && isMeant(self.recording.parts[$0])
        }
    }

    /// Nil where the search is to end.
    private mutating func fails(
        isolation: isolated (any Actor)? = #isolation, _ candidate: Candidate, _ mayGoOn: (Progress) -> Bool,
        _ replay: (RecordedLineage) async throws -> ReplayVerdict
    ) async throws -> Bool? {
        if let known = self.known[candidate] { return known }
        // A client without any session cannot be told from one that never came.
        let lineage = self.recording.lineage(lives: candidate.lives, without: candidate.left)
        guard !lineage.sessions.isEmpty else { return false }
        guard !self.isStopped, mayGoOn(self.progress) else {
            self.isStopped = true
            return nil
        }
        self.progress.runs += 1
        let verdict = try await replay(lineage)
        // That the client says unexpected things must not hide that it misses what was left out: a mended client, which
        // says it as well, would fail for that.
        let fails =
            verdict.isSameFailure(as: self.verdict)
            && verdict.differences.isDisjoint(with: self.recording.unexpected(without: candidate.left))
        self.known[candidate] = fails
        if fails { self.progress.smallest = min(self.progress.smallest, Self.packets(lineage)) }
        return fails
    }

    private static func packets(_ lineage: RecordedLineage) -> Int {
        lineage.sessions.reduce(0) { $0 + $1.packets.count }
    }
}
