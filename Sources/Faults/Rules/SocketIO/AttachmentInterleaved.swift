import TimelineModel

struct AttachmentInterleaved: SessionRule {
    static let page = RulePage(
        "attachment-interleaved", .socketIO, .error, sides: [.client, .server],
        source: """
            Socket.IO protocol 5, "Packet encoding"; socket.io-parser lib/index.ts `add`; python-socketio client.py
            `emit` ("not thread safe")
            """,
        summary: "Another packet came between a packet and its binary attachments",
        finds: """
            A packet of Socket.IO (text) before all binary messages that the packet before it announced have come. Pings
            and pongs of Engine.IO may come in between.
            """,
        why: """
            Node's server and the JavaScript client close with `parse error` ("got plaintext data when reconstructing a
            packet"). python-socketio takes the text for the attachment: the event arrives with garbage in it and the
            packet in between is lost.
            """,
        clientFix: """
            Let one thread or task write, or hold a lock around each emit until its attachments are out. Do not write
            into the WebSocket past the library.
            """,
        serverFix: "The same: two tasks that emit to one connection must not write at once.",
        falseAlarms: "Bytes that the capture misses may hold the attachments: then nothing is said.")

    static let sees: Interest = [.anomalies]

    init(_ settings: RuleSettings) {}

    func see(_ anomaly: Anomaly, _ session: SessionState, _ report: inout Report) {
        guard anomaly.code == "socketio.attachment-interleaved", let frame = session.recent.frame(anomaly.frameID),
            let awaited = session.attachments.interrupted(by: frame.id, of: frame.sender)
        else { return }
        report.add(
            "another packet of the \(frame.sender.rawValue) before \(awaited.missing) of "
                + "\(Phrase.count(awaited.announced, "attachment")) had come",
            at: frame.at, frameID: frame.id, consequence: .end(by: frame.sender.other),
            over: awaited.header.at...max(awaited.header.at, frame.at),
            evidence: Evidence(
                frames: [awaited.header.frameID, frame.id],
                [("announced", .integer(awaited.announced)), ("received", .integer(awaited.received))]))
    }
}
