import ArgumentParser
import Decoding
import Foundation
import Timeline
import TimelineModel

/// Reads and decodes inputs on this thread while another one writes: all inputs, or nothing.
struct ImportPipeline {
    /// What an import brought, for the line that tells it.
    struct Outcome {
        var sessions = 0
        var frames = 0
        var connections = 0
        var anomalies = 0
        var otherRequests: Int64 = 0
        var isComplete = true
        /// Behind the data of gzip files.
        var trailingBytes = 0
    }

    let inputs: [String]
    let output: String
    let tap: TapPosition
    let limits: DecodingLimits

    func run() throws -> Outcome {
        // Opened first: a missing file must not cost a new timeline.
        let files = try self.inputs.map { path throws(ToolError) in try InputFile(path) }
        try self.refuseUnknown(files)
        Interrupt.takeOver()
        let writer = try LateWriter(path: self.output)
        var outcome = Outcome()
        do {
            for file in files { try self.read(file, writer, &outcome) }
            try writer.opened?.finish()
        } catch {
            writer.opened?.abandon()
            throw error
        }
        return outcome
    }

    /// Of several inputs, the later ones are looked at before the first is written.
    private func refuseUnknown(_ files: [InputFile]) throws {
        for file in files.dropFirst() {
            guard let first = file.peek(JSONInput.sniffBytes) else { continue }
            try InputDoor(name: file.name, tap: self.tap, limits: self.limits).check(first)
        }
    }

    private func read(_ file: InputFile, _ writer: LateWriter, _ outcome: inout Outcome) throws {
        let door = InputDoor(name: file.name, tap: self.tap, limits: self.limits)
        let progress = ImportProgress(file)
        let thread = WriterThread(writer)
        defer { progress.clear() }
        do {
            func deliver(_ batch: TimelineBatch) {
                outcome.count(batch)
                // Until the input is known to be one, nothing is written.
                thread.start(door.facts)
                thread.write(batch)
            }
            while try file.read({ try door.feed($0, deliver) }) {
                guard !Interrupt.requested else { throw Interrupt.exitCode }
                guard !thread.hasFailed else { break }
                progress.show()
            }
            if !thread.hasFailed { try door.finish(deliver) }
        } catch {
            thread.cancel()
            throw error
        }
        try thread.finish(door.facts)
        outcome.otherRequests += door.facts?.otherRequests ?? 0
        outcome.trailingBytes += door.trailingBytes
        outcome.isComplete = outcome.isComplete && door.facts?.completeTail ?? true
    }
}

extension ImportPipeline.Outcome {
    fileprivate mutating func count(_ batch: TimelineBatch) {
        self.sessions += batch.sessions.count
        self.frames += batch.frames.count
        self.connections += batch.connections.count
        self.anomalies += batch.anomalies.count
    }
}

/// The writer of a new timeline, or of one that stands already: that is only checked at first, and opened for writing
/// with the first batch, so that an import of what cannot be read leaves its bytes as they were.
private final class LateWriter {
    private let path: String
    private(set) var opened: TimelineWriter?

    init(path: String) throws(TimelineError) {
        self.path = path
        if try !TimelineWriter.isStanding(path: path) { _ = try self.open() }
    }

    func open() throws(TimelineError) -> TimelineWriter {
        if let opened = self.opened { return opened }
        let writer = try TimelineWriter(path: self.path, mode: .importing)
        self.opened = writer
        return writer
    }
}

/// Writes the batches of one capture on a thread of its own.
private final class WriterThread: @unchecked Sendable {
    // The writer is used by the thread alone from `start` to its end, and by nobody else meanwhile.
    private let writer: LateWriter
    private let queue = BatchQueue<TimelineBatch>()
    private let ended = DispatchSemaphore(value: 0)
    private var isStarted = false
    // Written by the thread before it signals `ended`, read after.
    private var failure: (any Error)?

    init(_ writer: LateWriter) {
        self.writer = writer
    }

    private(set) var hasFailed = false

    func start(_ facts: CaptureFacts?) {
        guard !self.isStarted, let facts else { return }
        self.isStarted = true
        let thread = Thread { [self] in
            do {
                let writer = try self.writer.open()
                try writer.begin(facts, toolVersion: SioscopeCommand.version)
                while let batch = self.queue.pop() { try writer.write(batch) }
            } catch {
                self.failure = error
                self.queue.breakOff()
            }
            self.ended.signal()
        }
        thread.name = "timeline writer"
        thread.stackSize = 1 << 20
        thread.start()
    }

    func write(_ batch: TimelineBatch) {
        if !self.queue.push(batch) { self.hasFailed = true }
    }

    /// Waits for the last row, and ends the capture.
    func finish(_ facts: CaptureFacts?) throws {
        self.cancel()
        if let failure = self.failure { throw failure }
        if let facts { try self.writer.open().endCapture(facts) }
    }

    /// Waits for the thread; what it wrote is the caller's to give up.
    func cancel() {
        guard self.isStarted else { return }
        self.queue.close()
        self.ended.wait()
        self.isStarted = false
    }
}
