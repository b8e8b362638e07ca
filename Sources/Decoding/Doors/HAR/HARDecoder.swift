import EngineIO
import JSONText
import TimelineModel
import Wire

/// Why a HAR file cannot be decoded.
public enum HARDecodeError: Error, Hashable, Sendable, CustomStringConvertible {
    case tooLarge(limit: Int)
    case notJSON(offset: Int, expected: String)
    /// JSON, but not a HAR: what is missing.
    case notHAR(missing: String)
    /// Neither Engine.IO nor WebSockets are in it.
    case noMessages(entries: Int)
    /// Likewise, but not all entries can be read.
    case unreadable(Int, entries: Int)
    /// They are in it, and nothing of what they carried.
    case noContent(webSockets: Int, polls: Int)

    public var description: String {
        switch self {
        case .tooLarge(let limit): "larger than \(limit >> 20) MiB; save a HAR of fewer requests"
        case .notJSON(let offset, let expected): "no JSON at offset \(offset); expected \(expected)"
        case .notHAR(let missing): "no HAR: \(missing) is missing"
        case .noMessages(let entries):
            "no Engine.IO and no WebSocket in this HAR (\(entries) entr\(entries == 1 ? "y" : "ies")); record it before the page connects"
        case .unreadable(let count, let entries):
            "no Engine.IO and no WebSocket found in this HAR, but \(count) of \(entries) entr\(entries == 1 ? "y" : "ies") cannot be read: expected a request with a URL, and a startedDateTime such as 2026-11-23T02:58:49.123Z"
        case .noContent(let webSockets, let polls):
            [
                webSockets > 0 ? "\(Self.count(webSockets, "WebSocket")) without messages (_webSocketMessages)" : nil,
                polls > 0 ? "\(Self.count(polls, "polling request")) without a body" : nil,
            ].compactMap(\.self).joined(separator: " and ")
                + ": nothing to import; record it with Chrome's developer tools or Playwright's recordHar, with contents"
                + " (a HAR of Firefox holds no WebSocket messages)"
        }
    }

    private static func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }
}

/// The door for a HAR file: polling entries and WebSockets become rows of a timeline, in the order of time.
///
/// A HAR is one JSON value, so it is read as a whole: bytes are gathered by `feed`, everything else happens in
/// `finish`. Memory is a small multiple of the file, which may have `byteLimit` bytes.
public final class HARDecoder: Door {
    public static let byteLimit = 256 << 20
    private static let batchFrames = 4096

    public private(set) var facts: CaptureFacts
    private let byteLimit: Int
    private let context: DecodingContext
    private var bytes: [UInt8] = []

    public init(_ facts: CaptureFacts, limits: DecodingLimits = DecodingLimits(), byteLimit: Int = HARDecoder.byteLimit)
    {
        self.facts = facts
        self.byteLimit = byteLimit
        self.context = DecodingContext(limits)
    }

    public func feed(_ bytes: Span<UInt8>, _ deliver: (TimelineBatch) -> Void) throws(HARDecodeError) {
        guard bytes.count <= self.byteLimit - self.bytes.count else { throw .tooLarge(limit: self.byteLimit) }
        bytes.withUnsafeBufferPointer { self.bytes.append(contentsOf: $0) }
    }

    public func finish(_ deliver: (TimelineBatch) -> Void) throws(HARDecodeError) {
        let (entries, count, bad) = try self.readEntries()
        self.facts.packets = Int64(count)
        let ours = entries.filter { $0.isWebSocket || $0.target != nil }
        guard !ours.isEmpty || bad.isEmpty else { throw .unreadable(bad.count, entries: count) }
        guard !ours.isEmpty else { throw .noMessages(entries: count) }
        guard ours.contains(where: \.isTelling) else {
            let webSockets = ours.count { $0.isWebSocket }
            throw .noContent(webSockets: webSockets, polls: ours.count - webSockets)
        }
        self.context.otherRequests = Int64(entries.count - ours.count)
        let replay = HARReplay(ours, self.context)
        replay.run {
            if self.context.log.readyFrames >= Self.batchFrames { deliver(self.context.log.drain()) }
        }
        for index in bad.prefix(100) {
            self.context.log.add(
                Anomaly(
                    "har.bad-entry", at: replay.started,
                    detail:
                        "no request with a URL, or no startedDateTime that can be read, in entry \(index) of the HAR; "
                        + "expected both"))
        }
        self.context.log.releaseAll()
        for session in self.context.sessions.finished() {
            self.context.log.add(session)
            if !session.completeHead { self.facts.completeHead = false }
        }
        self.facts.started = replay.started
        self.facts.ended = replay.ended
        self.facts.otherRequests = self.context.otherRequests
        deliver(self.context.log.drain())
    }

    /// The entries that can be read, how many there are, and the indexes of those that cannot.
    private func readEntries() throws(HARDecodeError) -> (entries: [HAREntry], count: Int, bad: [Int]) {
        self.facts.bytes = Int64(self.bytes.count)
        let all = self.bytes
        self.bytes = []
        let start = all.span.has("\u{FEFF}", at: 0) ? 3 : 0
        let value: JSONValue
        do throws(JSONSyntaxError) {
            value = try JSONValue(all.span.extracting(start..<all.count))
        } catch {
            throw .notJSON(offset: error.offset + start, expected: error.expected)
        }
        guard let log = value["log"], case .object = log else { throw .notHAR(missing: "the object \"log\"") }
        guard let list = log["entries"]?.array else { throw .notHAR(missing: "the array \"log\".\"entries\"") }
        var entries: [HAREntry] = []
        var bad: [Int] = []
        for (index, entry) in list.enumerated() {
            if let read = HAREntry(entry, index: index) { entries.append(read) } else { bad.append(index) }
        }
        return (entries, list.count, bad)
    }
}
