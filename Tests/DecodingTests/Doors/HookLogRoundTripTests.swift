import Foundation
import Testing
import TimelineModel

@testable import Decoding

/// Export, then import: the frames must be the same. Over every capture that is at hand.
@Suite("Hook log, there and back")
struct HookLogRoundTripTests {
    /// The captures of the package, and those beside it, where they are.
    static let captures: [String] = ["captures", "../shared/captures"].flatMap { folder in
        let root = packageRoot.appending(path: folder)
        let files =
            FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)?.compactMap { $0 as? URL } ?? []
        return files.filter { ["pcap", "pcapng"].contains($0.pathExtension) }.map(\.path).sorted()
    }

    /// Captures of other projects: every kind of WebSocket and of broken TCP.
    static let corpus: [String] = {
        let root = packageRoot.appending(path: "../shared/corpus")
        let files =
            FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil)?.compactMap { $0 as? URL } ?? []
        return files.filter { ["pcap", "pcapng"].contains($0.pathExtension) }.map(\.path).sorted()
    }()

    @Test(
        "frames of a capture of another project", .enabled(if: !corpus.isEmpty, "../shared/corpus is not there"),
        arguments: corpus)
    func framesOfCorpus(_ path: String) throws {
        // Some are of link types that are refused, or damaged on purpose.
        guard let original = try? DoorOutput.capture(Array(Data(contentsOf: URL(filePath: path)))) else { return }
        try Self.expectSameFrames(original)
    }

    @Test(
        "frames of a capture", .enabled(if: !captures.isEmpty, "neither captures nor ../shared/captures is there"),
        arguments: captures)
    func framesOfCapture(_ path: String) throws {
        let original = try DoorOutput.capture(Array(Data(contentsOf: URL(filePath: path))))
        try Self.expectSameFrames(original)
    }

    static func expectSameFrames(_ original: DoorOutput, _ location: SourceLocation = #_sourceLocation) throws {
        let log = original.exported()
        guard !original.frames.isEmpty else {
            return #expect(!log.contains("\"kind\":\"message\""), sourceLocation: location)
        }
        let back = try DoorOutput.hookLog(log)
        #expect(back.anomalies("hook.bad-line") == [], sourceLocation: location)
        if original.anomalies("capture.clock-step").isEmpty { #expect(back.anomalies("capture.clock-step") == []) }
        #expect(back.frames.count == original.frames.count, sourceLocation: location)
        for (there, here) in zip(back.frames, original.frames) {
            let (a, b) = (Self.comparable(there), Self.comparable(here))
            guard a != b else { continue }
            Issue.record("frame \(here.id):\n\(b)\ncame back as\n\(a)", sourceLocation: location)
            break
        }
        #expect(back.sessions.map(Self.comparable) == original.sessions.map(Self.comparable), sourceLocation: location)
        // What was exported once is exported the same again, but for names that hold ids.
        #expect(back.exported().utf8.split(separator: 0x0A).count == log.utf8.split(separator: 0x0A).count)
    }

    /// Without what belongs to HTTP, and without ids: polls of one session are one connection in a hook log.
    static func comparable(_ frame: Frame) -> Frame {
        var frame = frame
        frame.connectionID = 0
        frame.sessionID = nil
        frame.exchangeID = nil
        return frame
    }

    /// What of a session a hook log has.
    static func comparable(_ session: SessionFacts) -> [String] {
        [
            session.sid ?? "-", "\(session.engineIOVersion ?? 0)", "\(session.socketIOVersion ?? 0)",
            session.parser?.rawValue ?? "-", session.transports.map(\.rawValue).joined(separator: ","),
            "\(session.pingIntervalMs ?? 0)", "\(session.framesClient)", "\(session.framesServer)",
            session.endClass?.rawValue ?? "-", session.endedBy?.rawValue ?? "-", "\(session.closeCode ?? 0)",
            "\(session.completeHead)", "\(session.lineage)", session.path ?? "/", session.userAgent ?? "-",
        ]
    }
}
