import JSONText
import TimelineModel

struct OpenInvalid: SessionRule {
    static let page = RulePage(
        "open-invalid", .engineIO, .error, sides: [.server],
        source: """
            Engine.IO protocol 4, Handshake; engine.io lib/socket.ts `onOpen`; python-engineio base_server.py, which
            writes `int(ping_interval) * 1000`
            """,
        summary: "The open packet lacks something or says what cannot be",
        finds: """
            An open packet that is not a JSON object, lacks `sid`, `pingInterval` or `pingTimeout`, has one of these
            times at 0, below it or as no number, or offers upgrades on a WebSocket. A note: a pingTimeout of more than
            10 times the pingInterval.
            """,
        why: """
            Clients take their timers from it. With a pingInterval of 0 or none they ping or give up at once or never;
            with upgrades on a WebSocket they open a second one for nothing. A pingTimeout far beyond the pingInterval
            hides dead connections for long.
            """,
        serverFix: """
            Give pingInterval and pingTimeout in whole seconds to python-engineio: it cuts fractions off, so that 0.5
            becomes 0. Offer no upgrades on a WebSocket.
            """,
        falseAlarms: """
            The order of the keys is free, other keys may be there, and `maxPayload` came only with engine.io 6.2.
            """,
        thresholds: [Self.ratio])

    static let ratio = Threshold(
        "timeout_to_interval", 10, step: 1, "A note where pingTimeout is more than this many times pingInterval.")

    static let sees: Interest = .open

    private let ratio: Double

    init(_ settings: RuleSettings) {
        self.ratio = settings[Self.ratio]
    }

    func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        guard frame.sender == .server, frame.binary == nil else { return }
        guard let body = frame.payload.flatMap({ try? JSONValue($0) }), case .object = body else {
            report.add("the open packet is not a JSON object", frame: frame)
            return
        }
        var faults: [String] = []
        if body["sid"]?.string?.isEmpty ?? true { faults.append("no sid") }
        let interval = self.milliseconds("pingInterval", body, &faults)
        let timeout = self.milliseconds("pingTimeout", body, &faults)
        if frame.transport == .websocket, let upgrades = body["upgrades"]?.array, !upgrades.isEmpty {
            faults.append("upgrades offered on a WebSocket")
        }
        if !faults.isEmpty {
            report.add("the open packet is wrong: \(Phrase.list(faults))", frame: frame)
        } else if let interval, let timeout, timeout > self.ratio * interval {
            report.add(
                "pingTimeout \(Phrase.duration(Int64(milliseconds: timeout))) is more than "
                    + "\(Int(exactly: self.ratio.rounded()) ?? 0) times pingInterval "
                    + Phrase.duration(Int64(milliseconds: interval)),
                frame: frame, severity: .note)
        }
    }

    private func milliseconds(_ key: String, _ body: JSONValue, _ faults: inout [String]) -> Double? {
        guard let value = body[key] else {
            faults.append("no \(key)")
            return nil
        }
        guard let number = value.double else {
            faults.append("\(key) is not a number")
            return nil
        }
        guard number > 0 else {
            faults.append("\(key) \(value.description.prefix(20))")
            return nil
        }
        return number
    }
}
