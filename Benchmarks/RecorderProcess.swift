import Foundation

/// A program that records an interface, from the moment it does to its end by SIGINT.
final class RecorderProcess {
    struct Outcome {
        /// What it wrote to stderr.
        var text: String
        /// From SIGINT to its end.
        var endingSeconds: Double
        /// Of all its threads, in its own code and in the kernel.
        var processorSeconds: Double
    }

    private let process = Process()
    private let output = Pipe()
    private var text = ""
    private let usedBefore: Double

    /// Waits until it says that it records.
    ///
    /// - Parameter ready: what it says then.
    init(_ arguments: [String], ready: String) throws {
        self.usedBefore = Self.processorSeconds
        self.process.executableURL = URL(filePath: arguments[0])
        self.process.arguments = Array(arguments.dropFirst())
        self.process.standardError = self.output
        self.process.standardOutput = FileHandle.nullDevice
        try self.process.runWithSignals()
        while !self.text.contains(ready) {
            let data = self.output.fileHandleForReading.availableData
            guard !data.isEmpty else {
                self.process.waitUntilExit()
                throw BenchmarkReport.Failure(
                    description: "\(arguments[0]) ended at once: "
                        + self.text.trimmingCharacters(in: .whitespacesAndNewlines))
            }
            self.text += String(decoding: data, as: UTF8.self)
        }
    }

    func end() -> Outcome {
        let start = ContinuousClock.now
        self.process.interrupt()
        self.text += String(decoding: self.output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        self.process.waitUntilExit()
        let taken = (ContinuousClock.now - start).components
        return Outcome(
            text: self.text, endingSeconds: Double(taken.seconds) + Double(taken.attoseconds) / 1e18,
            processorSeconds: Self.processorSeconds - self.usedBefore)
    }

    /// Of all children that have ended.
    private static var processorSeconds: Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_CHILDREN.rawValue), &usage)
        return [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
    }
}

extension Process {
    /// Runs it with no signal blocked: threads of the language's own pool block all of them, and a child inherits that.
    func runWithSignals() throws {
        var none = sigset_t()
        var before = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        try self.run()
    }
}
