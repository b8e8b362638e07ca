internal import Foundation
import Recording
import Synchronization
import TimelineModel
import Wire

/// Records the packets of a network interface.
///
/// One thread takes them from the kernel, another one decodes them; see `InterfaceReader` and `InterfaceRecorder`.
public final class InterfaceTap: LiveTap, @unchecked Sendable {
    public let captures: [CaptureFacts]
    private let settings: InterfaceSettings
    private let device: CaptureDevice
    // Set by `start`, used by `stop`.
    private var running: (reader: InterfaceReader, ended: DispatchSemaphore)?

    /// Opens the interface, and gives up the privileges that this took: who makes a tap first, writes files as the user
    /// who called. What comes from now on is recorded once `start` is called, as far as the kernel's buffer holds it.
    public init(_ settings: InterfaceSettings) throws(TapError) {
        self.settings = settings
        self.captures = [CaptureFacts(kind: .live, source: settings.device, tap: settings.tap)]
        self.device = try CaptureDevice(settings)
        try Privileges.drop()
    }

    public func start(
        _ recording: LiveRecording, ended: @escaping @Sendable ((any Error)?) -> Void
    ) throws -> String {
        let head = PcapngEncoder.header(
            PcapngEncoder.Interface(
                name: self.device.name, linkType: self.device.linkType, snapLength: self.settings.snapLength,
                filter: self.device.filter),
            application: self.settings.application)
        var file: CaptureFileWriter?
        if let settings = self.settings.file { file = try CaptureFileWriter(settings, head: head) }
        let end = End(ended)
        let recorder = InterfaceRecorder(self.captures[0], head: head, recording) { end.came(nil) }
        let reader: InterfaceReader
        do {
            reader = try InterfaceReader(self.device, recorder, file, packetLimit: self.settings.packetLimit)
        } catch {
            recorder.stop()
            throw error
        }
        let threadEnded = DispatchSemaphore(value: 0)
        let thread = Thread {
            do {
                if try reader.run() { end.came(nil) }
            } catch {
                end.came(error)
            }
            threadEnded.signal()
        }
        thread.name = "interface-reader"
        thread.start()
        self.running = (reader, threadEnded)
        return self.description
    }

    public func stop() {
        guard let running else { return }
        self.running = nil
        running.reader.stop()
        running.ended.wait()
    }

    /// `recording lo, Ethernet (1): tcp port 3000`.
    private var description: String {
        let filter = self.settings.filter.plain
        return "recording \(self.device.name), \(self.device.linkType.name): \(filter.isEmpty ? "all packets" : filter)"
    }

    /// Told once, whoever comes first.
    private final class End: Sendable {
        private let tell: Mutex<(@Sendable ((any Error)?) -> Void)?>

        init(_ tell: @escaping @Sendable ((any Error)?) -> Void) {
            self.tell = Mutex(tell)
        }

        func came(_ error: (any Error)?) {
            let tell = self.tell.withLock { kept in
                defer { kept = nil }
                return kept
            }
            tell?(error)
        }
    }
}
