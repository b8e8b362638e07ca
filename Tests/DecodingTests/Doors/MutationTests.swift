import Testing
import TimelineModel

@testable import Decoding

/// Inputs that are nearly right: whatever they are turned into, a door gives rows in order, or its error.
@Suite("Doors for messages, damaged input")
struct MutationTests {
    /// Small changes at random places: bytes replaced, left out, doubled, the end cut off, pieces of JSON put in.
    static func mutate(_ bytes: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        var bytes = bytes
        let pieces = [
            "null", "[]", "{}", "-1", "1e999", "9223372036854775808", "\"\"", "\\ud800", "\u{0}", "\n", "true", "\"",
            ":", "===",
        ]
        for _ in 0..<Int.random(in: 1...8, using: &random) where !bytes.isEmpty {
            let at = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<7, using: &random) {
            case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes[at] = UInt8(ascii: "0") + UInt8.random(in: 0...9, using: &random)
            case 2: bytes.remove(at: at)
            case 3: bytes.removeSubrange(at..<min(at + Int.random(in: 1...60, using: &random), bytes.count))
            case 4:
                bytes.insert(
                    contentsOf: bytes[at..<min(at + Int.random(in: 1...60, using: &random), bytes.count)], at: at)
            case 5: bytes.insert(contentsOf: Array(pieces.randomElement(using: &random)!.utf8), at: at)
            default: if Bool.random(using: &random) { bytes.removeSubrange(at...) }
            }
        }
        return bytes
    }

    static func check(_ output: DoorOutput) throws {
        #expect(output.frames.map(\.id) == (0..<Int64(output.frames.count)).map { $0 + 1 })
        let connections = Set(output.connections.map(\.id))
        let sessions = Set(output.sessions.map(\.id))
        #expect(connections.count == output.connections.count)
        for frame in output.frames {
            #expect(connections.contains(frame.connectionID))
            if let id = frame.sessionID { #expect(sessions.contains(id)) }
        }
        // Whatever came in can be exported, and read again.
        if !output.frames.isEmpty {
            #expect(try DoorOutput.hookLog(output.exported()).frames.count == output.frames.count)
        }
    }

    @Test("hook logs", arguments: 0..<8)
    func hookLogs(_ seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let lines = HookLogDecoderTests.cases.flatMap(\.lines)
        var read = 0
        for _ in 0..<60 {
            let bytes = Self.mutate(Array(lines.joined(separator: "\n").utf8), &random)
            guard let output = try? DoorOutput.hookLog([bytes]) else { continue }
            read += 1
            try Self.check(output)
        }
        // A bad line costs itself alone.
        #expect(read > 50)
    }

    @Test("HAR files", arguments: 0..<8)
    func harFiles(_ seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let entries = HARDecoderTests.cases.flatMap(\.entries).joined(separator: ",")
        let bytes = Array("{\"log\":{\"entries\":[\(entries)]}}".utf8)
        var read = 0
        for _ in 0..<150 {
            guard let output = try? DoorOutput.har(Self.mutate(bytes, &random)) else { continue }
            read += 1
            try Self.check(output)
        }
        #expect(read > 5)
    }
}
