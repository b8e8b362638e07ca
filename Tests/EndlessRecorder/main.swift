// Records traffic that it makes up, into two captures, until it is killed: `endless-recorder FILE`. On standard output it
// says when it had handed in how much: nanoseconds since the epoch, frames of each capture.
import Foundation
import Recording
import TimelineModel

let recording = try LiveRecording(
    path: CommandLine.arguments[1],
    captures: [
        CaptureFacts(kind: .proxy, source: "endless", tap: .proxyFront),
        CaptureFacts(kind: .proxy, source: "endless", tap: .proxyBack),
    ], toolVersion: "test")
var frames: Int64 = 0
while true {
    let now = Timestamp.now()
    var batch = TimelineBatch()
    if frames == 0 {
        batch.connections = [
            ConnectionFacts(
                id: 1, clientAddress: "127.0.0.1", clientPort: 1, serverAddress: "127.0.0.1", serverPort: 2, opened: now
            )
        ]
    }
    for _ in 0..<5 {
        frames += 1
        batch.frames.append(
            Frame(
                id: frames, sessionID: 1, connectionID: 1, at: now, sender: .server, transport: .websocket,
                layer: .engineio, opcode: 1, engineIOType: .message, socketIOType: .event, namespace: "/",
                event: "tick", sizeBytes: 100, wireBytes: 104,
                payload: "[\"tick\",\"\(String(repeating: "x", count: 80))\"]"))
    }
    var session = SessionFacts(id: 1, sid: "endless", opened: now)
    session.framesServer = frames
    batch.sessions = [session]
    var facts = CaptureFacts(kind: .proxy, source: "endless", tap: .proxyFront)
    facts.packets = frames
    guard recording.submit(batch, facts, capture: 0), recording.submit(batch, facts, capture: 1) else {
        try recording.finish()
        break
    }
    FileHandle.standardOutput.write(Data("\(Timestamp.now().nanoseconds) \(frames)\n".utf8))
    usleep(5_000)
}
