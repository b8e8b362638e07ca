import Foundation

/// A recorder that runs for long: `record proxy` in front of a busy server, with sessions let go by size; its memory
/// and its files are watched from outside.
struct SoakBenchmark {
    let sioscope: String
    let scratch: String
    let minutes: Int
    /// New ones a minute.
    let sessions: Int
    /// MiB.
    let maxSize: Int

    /// Sessions that are there from the first minute to the last.
    private static let staying = 5
    private static let sampleSeconds = 2.0
    /// What counts as flat.
    private static let growth = 1.1

    private var timeline: String { "\(self.scratch)/soak.db" }
    /// Minutes until caches, pools and the timeline itself are full.
    private var warmUp: Int { min(5, max(1, self.minutes / 3)) }

    /// False where memory grew or something was dropped.
    func run() throws -> Bool {
        try FileManager.default.createDirectory(atPath: self.scratch, withIntermediateDirectories: true)
        for suffix in ["", "-wal", "-shm", ".log"] { unlink(self.timeline + suffix) }
        let traffic = try SoakTraffic()
        let port = try Self.freePort()
        let recorder = try self.recorder(port: port, server: traffic.port)
        defer { if recorder.isRunning { recorder.terminate() } }
        try Self.wait(for: port, recorder)
        traffic.begin(port: port, sessions: self.sessions, staying: Self.staying)
        let rss = try self.watch(recorder, traffic)
        traffic.stop()
        // Not SIGINT: started in the background by a shell, its children ignore that.
        recorder.terminate()
        recorder.waitUntilExit()
        return try self.report(rss, traffic.now, recorder.terminationStatus)
    }

    private func recorder(port: Int, server: Int) throws -> Process {
        guard FileManager.default.createFile(atPath: self.timeline + ".log", contents: nil),
            let log = FileHandle(forWritingAtPath: self.timeline + ".log")
        else { throw EchoSocket.Failure(description: "cannot write \(self.timeline).log") }
        let process = Process()
        process.executableURL = URL(filePath: self.sioscope)
        process.arguments = [
            "record", "proxy", "--listen", "127.0.0.1:\(port)", "--to", "http://127.0.0.1:\(server)",
            "-o", self.timeline, "--max-size", "\(self.maxSize)",
        ]
        process.standardError = log
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        return process
    }

    private static func freePort() throws -> Int {
        let free = try EchoSocket.listening()
        defer { free.close() }
        return free.port
    }

    private static func wait(for port: Int, _ recorder: Process) throws {
        let deadline = Date(timeIntervalSinceNow: 30)
        while Date() < deadline, recorder.isRunning {
            if let socket = EchoSocket.connected(to: port) {
                socket.close()
                return
            }
            Thread.sleep(forTimeInterval: 0.05)
        }
        throw EchoSocket.Failure(description: "the recorder does not listen on port \(port)")
    }

    /// Prints a line a minute and gives the median of the resident memory of each, in KiB.
    private func watch(_ recorder: Process, _ traffic: SoakTraffic) throws -> [Int] {
        Self.row(["minute", "RSS MiB", "highest", "db MiB", "wal MiB", "sessions", "running", "messages/s"])
        let start = Date()
        var medians: [Int] = []
        var before = traffic.now
        for minute in 1...self.minutes {
            var samples: [Int] = []
            while -start.timeIntervalSinceNow < Double(minute) * 60 {
                Thread.sleep(forTimeInterval: Self.sampleSeconds)
                guard recorder.isRunning, let resident = Self.resident(recorder.processIdentifier) else {
                    throw EchoSocket.Failure(
                        description: "the recorder ended in minute \(minute); \(self.timeline).log says why")
                }
                samples.append(resident)
            }
            samples.sort()
            medians.append(samples[samples.count / 2])
            let now = traffic.now
            Self.row([
                "\(minute)", Self.mebibytes(medians[minute - 1] << 10),
                Self.mebibytes(samples[samples.count - 1] << 10), self.size(""), self.size("-wal"), "\(now.begun)",
                "\(now.running)",
                "\((now.messages - before.messages) / 60)",
            ])
            before = now
        }
        return medians
    }

    /// In KiB, anonymous and file-backed memory.
    private static func resident(_ process: Int32) -> Int? {
        guard let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") })
        else { return nil }
        return line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
    }

    private func size(_ suffix: String) -> String {
        let attributes = try? FileManager.default.attributesOfItem(atPath: self.timeline + suffix)
        return Self.mebibytes((attributes?[.size] as? Int) ?? 0)
    }

    private static func mebibytes(_ bytes: Int) -> String { String(format: "%.1f", Double(bytes) / 1_048_576) }

    private static func row(_ columns: [String]) {
        print(columns.map { $0.padding(toLength: 12, withPad: " ", startingAt: 0) }.joined())
        // A line a minute is to be seen when it is made, in a file too.
        fflush(nil)
    }

    private func report(_ rss: [Int], _ counts: SoakTraffic.Counts, _ status: Int32) throws -> Bool {
        let (first, last) = (rss[min(self.warmUp, rss.count - 1)], rss[rss.count - 1])
        let ratio = Double(last) / Double(first)
        let isFlat = ratio <= Self.growth
        print(
            "RSS after \(self.warmUp) minutes: \(Self.mebibytes(first << 10)) MiB, at the end: "
                + "\(Self.mebibytes(last << 10)) MiB, ratio \(String(format: "%.3f", ratio)): "
                + (isFlat ? "flat" : "it grew"))
        print("files at the end: db \(self.size("")) MiB, wal \(self.size("-wal")) MiB")
        print(
            "sent: \(counts.begun) sessions (\(counts.failed) did not connect), \(counts.messages) messages; "
                + "each is a frame on either leg")
        let log = try String(contentsOfFile: self.timeline + ".log", encoding: .utf8)
        let summary = log.split(separator: "\n").last { $0.hasPrefix(self.timeline) } ?? "no summary"
        print("recorded (status \(status)): \(summary)")
        let isWhole = status == 143 && !summary.contains("dropped") && summary.contains("frames")
        print(isWhole ? "nothing was dropped" : "the recording is not whole")
        return isFlat && isWhole
    }
}
