import EngineIO
import JSONText
import TimelineModel

@testable import Decoding
@testable import Faults

/// A request of a fixture, with its answer.
struct RecordedExchange {
    let facts: ExchangeFacts

    init(_ words: Words, at: Timestamp, id: Int64, in recording: Recording) throws {
        guard words.words.count > 3, words.words[2] == "->" else {
            throw ScenarioError(words.line, "wants METHOD TARGET -> STATUS AT")
        }
        let target = words.words[1]
        let sid = EngineIOTarget(target)?.sid
        let session =
            words.has("nosession") ? nil : recording.sessions.first { $0.sid == sid || words["sid"] == $0.sid }
        let connection =
            words["connection"].flatMap { Int($0) }.map {
                recording.connection(
                    client: words["client"] ?? "10.0.0.1", server: "10.0.0.9:3000", roundTripNs: nil, number: $0,
                    opened: words.time("opened") ?? at)
            } ?? session?.connectionID
            ?? recording.connection(
                client: words["client"] ?? "10.0.0.1", server: "10.0.0.9:3000", roundTripNs: nil,
                opened: words.time("opened") ?? at)
        var facts = ExchangeFacts(
            id: id, connectionID: connection, method: words.words[0], target: target, requested: at)
        facts.sessionID = session?.id
        facts.requestEnded = words.time("sent") ?? at
        facts.requestBytes = Int(words["bytes"] ?? "0") ?? 0
        facts.requestType = words["type"]
        facts.origin = words["origin"]
        facts.userAgent = words["ua"]
        facts.upgrade = words["upgrade"]
        facts.forwardedFor = words["forwarded"]
        if let missing = words["missing"].flatMap({ Int64($0) }) {
            recording.connections[Int(connection) - 1].missingBytes = missing
        }
        if let undecoded = words["undecoded"].flatMap({ Int64($0) }) {
            recording.connections[Int(connection) - 1].undecodedBytes = undecoded
        }
        if let closed = words.time("closed") { recording.connections[Int(connection) - 1].closed = closed }
        facts.allowOrigin = words["allow-origin"]
        facts.server = words["server"]
        facts.responseType = words["response-type"]?.replacing("_", with: " ")
        facts.responseBytes = Int(words["response-bytes"] ?? "0") ?? 0
        if let status = Int(words.words[3]), words.words.count > 4, let answered = Timestamp(seconds: words.words[4]) {
            facts.status = status
            facts.answered = words.time("begun") ?? answered
            facts.responded = answered
            let body = words.words.dropFirst(5).drop {
                $0.contains("=") && !$0.hasPrefix("{") && !$0.hasPrefix("\"") && !$0.hasPrefix("<")
            }
            .filter { $0 != "nosession" }.joined(separator: " ")
            // As the decoder keeps it: of refusals, and of what should have been a payload and is none.
            if !body.isEmpty, status != 101, !(200..<300).contains(status) || session == nil { facts.errorBody = body }
            let json = try? JSONValue(body)
            facts.errorCode = words["code"].flatMap { Int($0) } ?? json?["code"]?.integer.flatMap { Int(exactly: $0) }
            facts.errorMessage = json?["message"]?.string ?? json?.string
        } else if words.words[3] != "none" {
            throw ScenarioError(words.line, "wants -> STATUS AT or -> none")
        }
        self.facts = facts
    }
}
