import Foundation
import FuzzTargets
import Testing

/// The committed corpus, and seeded mutations of it, through the same functions as fuzzing: the short run that every
/// test run makes. The long one is `make fuzz`.
@Suite("Fuzz corpus")
struct ReplayTests {
    struct Input: CustomStringConvertible, Sendable {
        let name: String
        let bytes: [UInt8]
        var description: String { self.name }
    }

    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fuzz/Corpus")

    static func corpus(_ target: FuzzTarget) throws -> [Input] {
        let folder = self.root.appending(path: target.name)
        return try FileManager.default.contentsOfDirectory(atPath: folder.path()).sorted().map {
            Input(name: "\(target.name)/\($0)", bytes: [UInt8](try Data(contentsOf: folder.appending(path: $0))))
        }
    }

    /// Mutations of one target; the seconds of all together are what counts.
    static let rounds = 400
    static let largest = 4096

    @Test("every input passes", arguments: FuzzTarget.all)
    func replays(_ target: FuzzTarget) throws {
        let inputs = try Self.corpus(target)
        #expect(!inputs.isEmpty)
        for input in inputs { self.expectPass(target, input) }
    }

    @Test("mutations pass", arguments: FuzzTarget.all)
    func mutates(_ target: FuzzTarget) throws {
        let inputs = try Self.corpus(target).filter { $0.bytes.count <= Self.largest }
        var mutator = Mutator(seed: 1, inputs.map(\.bytes))
        for round in 0..<Self.rounds {
            self.expectPass(target, Input(name: "\(target.name), mutation \(round)", bytes: mutator.next()))
        }
    }

    /// Without bytes, and with the few that leave least room.
    @Test("the shortest inputs pass", arguments: FuzzTarget.all)
    func shortest(_ target: FuzzTarget) {
        self.expectPass(target, Input(name: "no bytes", bytes: []))
        for byte in UInt8.min...UInt8.max { self.expectPass(target, Input(name: "byte \(byte)", bytes: [byte])) }
    }

    private func expectPass(_ target: FuzzTarget, _ input: Input) {
        do {
            try target.run(input.bytes.span)
        } catch {
            Issue.record("\(input): \(error)\nbase64: \(Data(input.bytes).base64EncodedString())")
        }
    }
}

extension FuzzTarget: CustomTestStringConvertible {
    public var testDescription: String { self.name }
}
