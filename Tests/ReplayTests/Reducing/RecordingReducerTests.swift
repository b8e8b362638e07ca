import EngineIO
import Replay
import Testing
import TimelineModel

/// Stands for a replay: fails by what is in the recording.
private struct Oracle {
    var rules: (RecordedLineage) -> Set<String>
    var missing: (RecordedLineage) -> [Int64] = { _ in [] }

    func callAsFunction(_ lineage: RecordedLineage) -> ReplayVerdict {
        var outcome = ReplayOutcome()
        outcome.divergences = self.missing(lineage).map {
            Divergence(.missing, life: 1, recordedFrameID: $0, sender: .client, what: "event")
        }
        return ReplayVerdict(rules: self.rules(lineage), outcomes: [outcome], hasFailed: false)
    }
}

@Suite("Reducing a recording")
struct RecordingReducerTests {
    static let session = """
        0 S 0{"sid":"aaaaaaaaaa"}
        1 C 40
        2 S 40{"sid":"AAAAAAAAAA"}
        3 C 40/chat,
        4 S 40/chat,{"sid":"BBBBBBBBBB"}
        10 C 420["a"]
        11 S 42["b"]
        12 S 430[1]
        13 S 451-["c",{"_placeholder":true,"num":0}]
        13 S #0102
        14 C 42/chat,["d"]
        20 S 2
        21 C 3
        30 C 42["e"]
        31 S 42/chat,7["f"]
        32 C 43/chat,7[]
        40 S 2
        41 C 3
        """

    private static func events(_ lineage: RecordedLineage) -> Set<String> {
        Set(
            lineage.sessions.flatMap(\.packets).compactMap { packet in
                if case .socketIO(let scripted) = packet.content { scripted.event } else { nil }
            })
    }

    private static func wire(_ lineage: RecordedLineage) -> [String] {
        lineage.sessions.flatMap(\.packets).map { packet in
            switch packet.content {
            case .engineIO(let type, let data): "\(type.rawValue)\(data)"
            case .socketIO(let scripted): "4\(scripted.header)"
            case .message, .unreadable: "message"
            }
        }
    }

    private static func reduce(
        _ lineage: RecordedLineage, _ oracle: Oracle, mayGoOn: (RecordingReducer.Progress) -> Bool = { _ in true }
    ) async throws -> RecordingReducer.Outcome {
        var reducer = RecordingReducer(lineage, failing: oracle(lineage))
        return try await reducer.reduce(mayGoOn: mayGoOn) { oracle($0) }
    }

    @Test("where nothing of it matters, what the protocol needs is left")
    func nothing() async throws {
        let lineage = WrittenSession(Self.session).lineage
        let outcome = try await Self.reduce(lineage, Oracle { _ in ["eio4-client-ping"] })
        #expect(
            Self.wire(outcome.lineage) == [
                #"0{"sid":"aaaaaaaaaa"}"#, "40", #"40{"sid":"AAAAAAAAAA"}"#, "40/chat,",
                #"40/chat,{"sid":"BBBBBBBBBB"}"#,
            ])
        #expect(outcome.isMinimal)
        #expect(outcome.progress.runs == 2)
        #expect(outcome.progress.packets == 17)
        #expect(outcome.progress.smallest == 5)
    }

    @Test("an event stays with its ack, and with its attachments")
    func units() async throws {
        let lineage = WrittenSession(Self.session).lineage
        let outcome = try await Self.reduce(
            lineage, Oracle { Self.events($0).isSuperset(of: ["a", "c", "f"]) ? ["x"] : [] })
        #expect(
            Self.wire(outcome.lineage).dropFirst(5).map { $0.prefix(5) } == [
                "420[\"", "430[1", "451-[", "42/ch", "43/ch",
            ])
        guard case .socketIO(let binary) = outcome.lineage.sessions[0].packets[7].content else {
            Issue.record("no packet there")
            return
        }
        #expect(binary.attachments == [[1, 2]])
    }

    @Test("whole lives go first")
    func lives() async throws {
        let lives = (1...6).map { WrittenSession(Self.session, id: $0).life }
        let outcome = try await Self.reduce(
            RecordedLineage(lives: lives), Oracle { $0.sessions.contains { $0.facts.id == 4 } ? ["x"] : [] })
        #expect(outcome.lineage.sessions.map(\.facts.id) == [4])
        #expect(outcome.lineage.sessions[0].packets.count == 5)
    }

    @Test("heartbeats stay where they matter")
    func heartbeats() async throws {
        let outcome = try await Self.reduce(
            WrittenSession(Self.session).lineage, Oracle { Self.wire($0).contains("3") ? ["x"] : [] })
        #expect(Self.wire(outcome.lineage).dropFirst(5) == ["2", "3", "2", "3"])
    }

    @Test("a ping of the wrong side stays alone")
    func wrongSide() async throws {
        let outcome = try await Self.reduce(
            WrittenSession(Self.session + "\n50 C 2\n60 C 2").lineage,
            Oracle { $0.sessions[0].packets.contains { $0.at.nanoseconds == 1_050_000_000 } ? ["x"] : [] })
        #expect(Self.wire(outcome.lineage).dropFirst(5) == ["2"])
    }

    @Test("what the client says all the same is not left out, though other things are unexpected, too")
    func own() async throws {
        let lineage = WrittenSession(Self.session).lineage
        // The client says "a", "d" and "e", and a "z" that the recording lacks.
        func verdict(_ lineage: RecordedLineage) -> ReplayVerdict {
            let known = Self.events(lineage)
            var outcome = ReplayOutcome()
            for (event, namespace) in [("a", "/"), ("d", "/chat"), ("e", "/"), ("z", "/")] where !known.contains(event)
            {
                outcome.divergences.append(
                    Divergence(
                        .unexpected, life: 1, sender: .client, namespace: namespace, what: "event [\"\(event)\",2]"))
            }
            return ReplayVerdict(rules: ["x"], outcomes: [outcome], hasFailed: false)
        }
        var whole = verdict(lineage)
        // So does a whole of which it had said an "a" more than the recording has.
        whole.differences.insert(Self.difference(.unexpected, nil, "event [\"a\"]"))
        whole.differences = Set(
            whole.differences.map { difference in
                var difference = difference
                difference.namespace = "/"
                return difference
            })
        var reducer = RecordingReducer(lineage, failing: whole)
        let outcome = try await reducer.reduce { verdict($0) }
        #expect(Self.events(outcome.lineage) == ["a", "d", "e"])
    }

    @Test("what the server ended the session for stays")
    func cause() async throws {
        for offence in ["2", "9what", "42{", "40"] {
            let session = Recordings.script(
                "0 S 0{}\n1 C 40\n2 S 40{\"sid\":\"s\"}\n9 C 42[\"a\"]\n99 C \(offence)\n100 S close")
            let outcome = try await Self.reduce(Recordings.lineage(session), Oracle { _ in ["x"] })
            #expect(outcome.lineage.sessions[0].packets.map(\.frameID) == [1, 2, 3, 5], "\(offence)")
        }
    }

    @Test("of equal lives the first is kept")
    func firstLife() async throws {
        let lives = (1...5).map { WrittenSession(Self.session, id: $0).life }
        let outcome = try await Self.reduce(RecordedLineage(lives: lives), Oracle { _ in ["x"] })
        #expect(outcome.lineage.sessions.map(\.facts.id) == [1])
    }

    @Test("another failure is not the same")
    func otherFailure() async throws {
        // Without "e" it fails by another rule as well; without "d" with a divergence that was not there before.
        let oracle = Oracle {
            Self.events($0).contains("e") ? ["x"] : ["x", "y"]
        } missing: {
            Self.events($0).contains("d") ? [] : [999]
        }
        let outcome = try await Self.reduce(WrittenSession(Self.session).lineage, oracle)
        #expect(Self.events(outcome.lineage) == ["d", "e"])
    }

    @Test("without rules the kinds of divergences count, and only what was missing before may be")
    func divergences() async throws {
        let lineage = WrittenSession(Self.session).lineage
        func frame(_ event: String, _ lineage: RecordedLineage) -> Int64? {
            lineage.sessions[0].packets.first {
                if case .socketIO(let scripted) = $0.content { scripted.event == event } else { false }
            }?.frameID
        }
        // The client never says "d" nor "e"; and says "a" only after "b".
        let oracle = Oracle { _ in
            []
        } missing: { lineage in
            let a = Self.events(lineage).contains("b") ? nil : frame("a", lineage)
            return [a, frame("d", lineage), frame("e", lineage)].compactMap { $0 }
        }
        let outcome = try await Self.reduce(lineage, oracle)
        #expect(Self.events(outcome.lineage).count == 1)
        #expect(Self.events(outcome.lineage).isSubset(of: ["d", "e"]))
    }

    @Test("keeps the best where it has to stop", arguments: 0..<8)
    func stops(_ limit: Int) async throws {
        let lives = (1...4).map { WrittenSession(Self.session, id: $0).life }
        let oracle = Oracle { Self.events($0).isSuperset(of: ["a", "e"]) ? ["x"] : [] }
        let outcome = try await Self.reduce(RecordedLineage(lives: lives), oracle) { $0.runs < limit }
        #expect(!outcome.isMinimal)
        #expect(outcome.progress.runs == limit)
        #expect(!oracle(outcome.lineage).isPass)
    }

    @Test("an error of the replay comes through")
    func error() async throws {
        struct Broken: Error {}
        let lineage = WrittenSession(Self.session).lineage
        var reducer = RecordingReducer(lineage, failing: ReplayVerdict(rules: ["x"]))
        await #expect(throws: Broken.self) {
            _ = try await reducer.reduce { _ in throw Broken() }
        }
    }

    struct Sameness: Sendable, CustomTestStringConvertible {
        let name: String
        let whole: ReplayVerdict
        let part: ReplayVerdict
        let isSame: Bool
        var testDescription: String { self.name }
    }

    static func difference(_ kind: Divergence.Kind, _ frame: Int64?, _ what: String = "event \"a\" [1]")
        -> ReplayVerdict.Difference
    {
        ReplayVerdict.Difference(Divergence(kind, life: 1, recordedFrameID: frame, sender: .client, what: what))
    }

    static let verdicts: [Sameness] = [
        .init(name: "both pass", whole: .init(), part: .init(), isSame: false),
        .init(name: "passes now", whole: .init(rules: ["x"]), part: .init(), isSame: false),
        .init(name: "same rule", whole: .init(rules: ["x"]), part: .init(rules: ["x"]), isSame: true),
        .init(name: "one rule of two", whole: .init(rules: ["x", "y"]), part: .init(rules: ["x"]), isSame: false),
        .init(
            name: "fewer divergences", whole: .init(rules: ["x"], differences: [difference(.missing, 1)]),
            part: .init(rules: ["x"]), isSame: true),
        .init(
            name: "a new one", whole: .init(rules: ["x"]),
            part: .init(rules: ["x"], differences: [difference(.missing, 1)]), isSame: false),
        .init(
            name: "one of two that are missing",
            whole: .init(differences: [difference(.missing, 1), difference(.missing, 2)]),
            part: .init(differences: [difference(.missing, 2)]), isSame: true),
        .init(
            name: "one kind of two", whole: .init(differences: [difference(.missing, 1), difference(.changed, 2)]),
            part: .init(differences: [difference(.missing, 1)]), isSame: false),
        .init(
            name: "unexpected ones by name, not by data",
            whole: .init(differences: [difference(.unexpected, nil, #"event "a" ["a",1]"#)]),
            part: .init(differences: [difference(.unexpected, nil, #"event "a" ["a",2]"#)]), isSame: true),
        .init(
            name: "cut short as before", whole: .init(isCutShort: true), part: .init(isCutShort: true), isSame: true),
        .init(
            name: "cut short now", whole: .init(rules: ["x"]), part: .init(rules: ["x"], isCutShort: true),
            isSame: false),
    ]

    @Test("what is the same failure", arguments: Self.verdicts)
    func sameness(_ test: Sameness) {
        #expect(test.part.isSameFailure(as: test.whole) == test.isSame)
    }
}
