import EngineIO
import HookLog
import JSONText
import TimelineModel

/// One entry of a HAR file, as far as it matters: a request, its answer, and the messages of a WebSocket.
///
/// Sources: HAR 1.2 ("entries"); Chrome's `_webSocketMessages`, `_resourceType` and `_error`, which Playwright and
/// mitmproxy write as well. Tools leave out a lot, so everything but the URL and the time may be missing.
struct HAREntry {
    /// A message of a WebSocket.
    struct Message {
        var at: Timestamp
        var sender: Sender
        var opcode: UInt8
        var body: HookLine.Body
    }

    /// A message that cannot be taken, or an error of the WebSocket that the browser put among them.
    struct Trouble {
        var at: Timestamp
        var code: Anomaly.Code
        var detail: String
        /// The connection was lost: how.
        var end: CloseKind?
    }

    /// Its place in the HAR, from 0.
    let index: Int
    var method: String
    var url: SourceURL
    var target: EngineIOTarget?
    /// Nil where there was no answer.
    var status: Int?
    var error: String?
    var connection: String?
    var serverAddress: String?
    var requested: Timestamp
    var requestEnded: Timestamp
    var answered: Timestamp
    var responded: Timestamp
    var requestBody: [UInt8]
    var responseBody: [UInt8]
    /// Why a body is not there, if it is not.
    var requestLoss: String?
    var responseLoss: String?
    var requestBytes: Int
    var responseBytes: Int
    var isWebSocket: Bool
    /// `_webSocketMessages` is there, if only without a message.
    var hasMessageList: Bool
    var messages: [Message] = []
    var troubles: [Trouble] = []
    private let requestHeaders: JSONValue?
    private let responseHeaders: JSONValue?

    /// Nil where the entry has no request with a URL, or no time.
    init?(_ entry: JSONValue, index: Int) {
        guard let request = entry["request"], let url = request["url"]?.string,
            let started = entry["startedDateTime"]?.string.flatMap({ Timestamp(iso8601: $0) })
        else { return nil }
        self.index = index
        let response = entry["response"]
        self.method = request["method"]?.string ?? "GET"
        self.url = SourceURL(url)
        self.target = EngineIOTarget(self.url.target)
        // Browsers write 0 for an answer that never came.
        self.status = response?["status"]?.integer.flatMap { $0 > 0 ? Int(exactly: $0) : nil }
        self.error = response?["_error"]?.string ?? entry["_error"]?.string
        self.connection = entry["connection"]?.string ?? entry["connection"]?.integer.map { String($0) }
        self.serverAddress = entry["serverIPAddress"]?.string.map { $0.filter { $0 != "[" && $0 != "]" } }
        self.requestHeaders = request["headers"]
        self.responseHeaders = response?["headers"]

        func timing(_ names: String...) -> Double {
            // -1 stands for a phase that there was not. `connect` holds `ssl`.
            names.reduce(0) { $0 + max(0, entry["timings"]?[$1]?.double ?? 0) }
        }
        self.requested = started.adding(milliseconds: timing("blocked", "dns", "connect"))
        self.requestEnded = self.requested.adding(milliseconds: timing("send"))
        self.answered = self.requestEnded.adding(milliseconds: timing("wait"))
        let ended = self.answered.adding(milliseconds: timing("receive"))
        self.responded = max(ended, started.adding(milliseconds: entry["time"]?.double ?? 0))

        // A POST, and the answer to a poll, carry at least one packet: without a body it is the HAR that lacks it.
        let isPolling = self.target != nil && self.target?.transport != "websocket"
        let sent = HARBody(
            request["postData"], bodySize: request["bodySize"], headers: request["headers"],
            isExpected: isPolling && self.method == "POST", "the request's body in entry \(index)")
        (self.requestBody, self.requestLoss, self.requestBytes) = (sent.bytes, sent.loss, sent.wireBytes)
        let received = HARBody(
            response?["content"], bodySize: response?["bodySize"], headers: response?["headers"],
            isExpected: isPolling && self.method == "GET" && self.status == 200, "the answer's body in entry \(index)")
        (self.responseBody, self.responseLoss, self.responseBytes) = (received.bytes, received.loss, received.wireBytes)

        let messages = entry["_webSocketMessages"]?.array
        self.hasMessageList = messages != nil
        self.isWebSocket =
            messages?.isEmpty == false || self.status == 101
            || ((messages != nil || entry["_resourceType"]?.string == "websocket")
                && self.status.map { $0 / 100 == 2 } ?? false)
        var untimed: Untimed?
        for (index, message) in (messages ?? []).enumerated() { self.read(message, index, started, &untimed) }
        if let untimed {
            self.troubles.append(Trouble(at: untimed.at, code: "har.bad-time", detail: untimed.detail(index)))
        }
    }

    /// The value of a header field, by its name in lower case; the first of that name.
    func header(_ name: String, ofAnswer: Bool = false) -> String? {
        let fields = (ofAnswer ? self.responseHeaders : self.requestHeaders)?.array
        return fields?.first { $0["name"]?.string?.lowercased() == name }?["value"]?.string
    }

    /// It shows something of a session: a message, a body, or a poll that failed. An answer of 200 without its body, and
    /// a WebSocket without its messages, do not.
    var isTelling: Bool {
        if !self.messages.isEmpty || !self.troubles.isEmpty { return true }
        if self.isWebSocket { return false }
        // What a POST is answered with, "ok", says nothing.
        if !self.requestBody.isEmpty || (self.method != "POST" && !self.responseBody.isEmpty) { return true }
        return self.status.map { $0 / 100 != 2 } ?? true
    }

    // MARK: Messages

    /// Messages whose time is not known: they have that of the message before.
    private struct Untimed {
        var at: Timestamp
        var first: Int
        /// What the first of them has for a time.
        var found: JSONValue?
        var count = 0

        func detail(_ entry: Int) -> String {
            let what = HAREntry.numeral(self.found).map { "the time \($0.prefix(40))" } ?? "no time"
            let rest = self.count > 1 ? ", the first of \(self.count) without one that can be" : ""
            return "\(what) in message \(self.first) of entry \(entry) of the HAR\(rest); expected seconds since 1970, "
                + "within a year of the entry's; the time of the message before is taken"
        }
    }

    /// The time of a message, which browsers and tools write as seconds of the epoch, some of them as text. Nil where there
    /// is none, or one that is farther from the WebSocket's start than any lives: a zero, or what is no such number.
    private static func time(_ value: JSONValue?, _ started: Timestamp) -> Timestamp? {
        guard let at = self.numeral(value).flatMap({ Timestamp(epoch: $0) }) else { return nil }
        let (distance, overflow) = at.nanoseconds.subtractingReportingOverflow(started.nanoseconds)
        return overflow || distance.magnitude > Self.longestLifeNs ? nil : at
    }

    /// What may be a number, or one written as text.
    private static func numeral(_ value: JSONValue?) -> String? {
        switch value {
        case .number(let text)?, .string(let text)?: text
        case nil, .null?, .bool?, .array?, .object?: nil
        }
    }

    private static let longestLifeNs: UInt64 = 366 * 86_400_000_000_000

    private mutating func read(_ message: JSONValue, _ index: Int, _ started: Timestamp, _ untimed: inout Untimed?) {
        let last = self.messages.last?.at ?? self.requested
        let time = Self.time(message["time"], started)
        let at = time ?? last
        if time == nil {
            untimed = untimed ?? Untimed(at: at, first: index, found: message["time"])
            untimed?.count += 1
        }
        let data = message["data"]?.string ?? ""
        var place: String { "message \(index) of entry \(self.index) of the HAR" }
        func trouble(_ detail: String) -> Trouble {
            Trouble(at: at, code: "har.bad-message", detail: detail)
        }
        let sender: Sender
        switch message["type"]?.string {
        case "send": sender = .client
        case "receive": sender = .server
        case "error":
            let end: CloseKind = data.contains("RESET") ? .rst : .fin
            self.troubles.append(
                Trouble(
                    at: at, code: "har.websocket-error", detail: "the error \(data) in \(place); expected none",
                    end: end))
            return
        default: return self.troubles.append(trouble("no type in \(place); expected send or receive"))
        }
        let body: HookLine.Body
        let opcode = message["opcode"]?.integer ?? 1
        switch opcode {
        case 1 where message["data"]?.string == nil, 2 where message["data"]?.string == nil:
            // Not an empty message: what the peer sent is unknown, so it is not to be blamed for it.
            body = .unreadable(opcode: UInt8(opcode), reason: "no data in \(place); expected a string")
        case 1: body = .text(data)
        case 2:
            if let bytes = Base64.decode(Array(data.utf8).span) {
                body = .bytes(bytes)
            } else {
                body = .unreadable(opcode: 2, reason: "no base64 in \(place); expected base64")
            }
        case 8: body = .bytes(Self.closeBody(message, data))
        case 9, 10: body = .text(data)
        default: return self.troubles.append(trouble("opcode \(opcode) in \(place); expected 1, 2, 8, 9 or 10"))
        }
        self.messages.append(Message(at: at, sender: sender, opcode: UInt8(opcode), body: body))
    }

    /// The body of a close frame: a code beside its reason, or the bytes as base64, as tools differ; a reason without
    /// a code cannot be, so what is neither is left out.
    private static func closeBody(_ message: JSONValue, _ data: String) -> [UInt8] {
        if let code = (message["code"] ?? message["closeCode"])?.integer.flatMap({ UInt16(exactly: $0) }) {
            let reason = message["reason"]?.string ?? data
            return HookLine.Close(by: nil, code: code, reason: reason).frameBody
        }
        guard let bytes = Base64.decode(Array(data.utf8).span), bytes.count >= 2,
            (1000...4999).contains(UInt16(bytes[0]) << 8 | UInt16(bytes[1]))
        else { return [] }
        return bytes
    }
}
