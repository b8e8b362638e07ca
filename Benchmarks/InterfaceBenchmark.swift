import Foundation
import GRDBSQLite

/// The highest rate of small frames on loopback that a recorder takes without a loss: sioscope, which decodes them into
/// its timeline meanwhile, and `tcpdump -w`, which only writes the packets down.
struct InterfaceBenchmark {
    let sioscope: String
    let tcpdump: String
    let scratch: String
    let rounds: Int
    /// Of sending, for each rate that is tried.
    let seconds: Double
    /// The kernel's buffer, for both.
    let bufferMegabytes: Int

    private static let firstRate = 25_000.0
    private static let halvings = 3
    /// A sender that comes this near to the rate asked for has sent at it.
    private static let near = 0.95

    enum Recorder: String, CaseIterable {
        case sioscope, tcpdump
    }

    /// One rate, tried.
    private struct Trial {
        var isWhole: Bool
        var sent: FrameFlow.Outcome
        var recorder: RecorderProcess.Outcome
    }

    /// Where a search ended.
    struct Best {
        /// Frames a second as they were really sent.
        var rate = 0.0
        /// The sender went no faster, so the recorder may.
        var isOfSender = false
        var endingSeconds = 0.0
        var processorMicroseconds = 0.0
    }

    func run() throws {
        try FileManager.default.createDirectory(atPath: self.scratch, withIntermediateDirectories: true)
        guard BenchmarkReport.find(self.tcpdump) != nil else {
            throw BenchmarkReport.Failure(description: "no \(self.tcpdump); install it, or name it with --tcpdump")
        }
        var found: [Recorder: [Best]] = [:]
        for _ in 0..<max(1, self.rounds) {
            for recorder in Recorder.allCases { found[recorder, default: []].append(try self.search(recorder)) }
        }
        self.report(found)
    }

    /// Doubles the rate up to the first loss, then halves what lies between.
    private func search(_ recorder: Recorder) throws -> Best {
        var best = Best()
        var rate = Self.firstRate
        var lost: Double?
        while lost == nil {
            let trial = try self.attempt(recorder, rate)
            if trial.isWhole { best = self.better(best, trial) } else { lost = min(rate, trial.sent.rate) }
            guard trial.sent.rate >= rate * Self.near else {
                best.isOfSender = trial.isWhole
                break
            }
            rate *= 2
        }
        guard let lost else { return best }
        var (low, high) = (best.rate, lost)
        for _ in 0..<Self.halvings {
            let middle = (low + high) / 2
            let trial = try self.attempt(recorder, middle)
            if trial.isWhole { best = self.better(best, trial) }
            if trial.isWhole { low = middle } else { high = middle }
        }
        return best
    }

    private func better(_ best: Best, _ trial: Trial) -> Best {
        guard trial.sent.rate > best.rate else { return best }
        return Best(
            rate: trial.sent.rate, endingSeconds: trial.recorder.endingSeconds,
            processorMicroseconds: trial.recorder.processorSeconds / Double(max(1, trial.sent.frames)) * 1e6)
    }

    private func attempt(_ recorder: Recorder, _ rate: Double) throws -> Trial {
        let flow = try FrameFlow()
        defer { flow.close() }
        let file = "\(self.scratch)/interface.\(recorder == .sioscope ? "db" : "pcap")"
        for suffix in ["", "-wal", "-shm"] { unlink(file + suffix) }
        let process = try RecorderProcess(
            self.command(recorder, flow.port, file), ready: recorder == .sioscope ? "recording lo" : "listening on")
        let sent = try flow.run(rate: rate, seconds: self.seconds)
        // tcpdump does not read what the kernel still holds at its end, a second's at most.
        if recorder == .tcpdump { Thread.sleep(forTimeInterval: 1.2) }
        let outcome = process.end()
        let losses: String
        switch recorder {
        case .sioscope:
            let (dropped, frames) = try Self.timeline(file)
            losses = dropped == 0 && frames == sent.frames ? "" : "\(dropped) dropped, \(sent.frames - frames) missing"
        case .tcpdump:
            let dropped = Self.number(before: "packets dropped by kernel", outcome.text)
            losses = dropped == 0 ? "" : "\(dropped.map(String.init) ?? "unknown") dropped"
        }
        print(
            "\(recorder.rawValue) \(Int(rate)) asked, \(Int(sent.rate)) sent: \(losses.isEmpty ? "whole" : losses), "
                + "\(Self.text(outcome.endingSeconds)) s to its end")
        fflush(nil)
        return Trial(isWhole: losses.isEmpty, sent: sent, recorder: outcome)
    }

    private func command(_ recorder: Recorder, _ port: Int, _ file: String) -> [String] {
        switch recorder {
        case .sioscope:
            return [
                self.sioscope, "record", "pcap", "-i", "lo", "-p", "\(port)", "-o", file, "--buffer-size",
                "\(self.bufferMegabytes)",
            ]
        case .tcpdump:
            // As root it would become another user, who may not write here.
            let user = geteuid() == 0 ? ["-Z", "root"] : []
            return [
                BenchmarkReport.find(self.tcpdump) ?? self.tcpdump, "-i", "lo", "-w", file, "-B",
                "\(self.bufferMegabytes * 1024)",
            ] + user + ["port", "\(port)"]
        }
    }

    /// Packets that were dropped, and events of the flow.
    private static func timeline(_ path: String) throws -> (dropped: Int, frames: Int) {
        var database: OpaquePointer?
        var statement: OpaquePointer?
        defer {
            sqlite3_finalize(statement)
            sqlite3_close(database)
        }
        let query =
            "SELECT (SELECT sum(dropped_packets) FROM captures), "
            + "(SELECT count(*) FROM frames WHERE event = '\(FrameFlow.event)')"
        guard sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE, nil) == SQLITE_OK,
            sqlite3_prepare_v2(database, query, -1, &statement, nil) == SQLITE_OK,
            sqlite3_step(statement) == SQLITE_ROW
        else { throw BenchmarkReport.Failure(description: "cannot read \(path)") }
        return (Int(sqlite3_column_int64(statement, 0)), Int(sqlite3_column_int64(statement, 1)))
    }

    private static func number(before words: String, _ text: String) -> Int? {
        guard let range = text.range(of: " " + words) else { return nil }
        return Int(text[..<range.lowerBound].split(whereSeparator: { !$0.isNumber }).last ?? "")
    }

    private func report(_ found: [Recorder: [Best]]) {
        print("kernel buffer \(self.bufferMegabytes) MiB for both, \(Self.text(self.seconds)) s a rate")
        var medians: [Recorder: Best] = [:]
        for recorder in Recorder.allCases {
            let sorted = (found[recorder] ?? []).sorted { $0.rate < $1.rate }
            let median = sorted[sorted.count / 2]
            medians[recorder] = median
            print(
                "\(recorder.rawValue): \(median.isOfSender ? ">= " : "")\(Int(median.rate)) frames/s without a loss"
                    + "\(median.isOfSender ? " (all that the sender sent)" : ""), "
                    + "\(Self.text(median.processorMicroseconds)) us of processors a frame, "
                    + "\(Self.text(median.endingSeconds)) s from SIGINT to its end; "
                    + "all: \(sorted.map { String(Int($0.rate)) }.joined(separator: ", "))")
        }
        guard let own = medians[.sioscope], let rival = medians[.tcpdump], rival.rate > 0 else { return }
        print("sioscope / tcpdump: \(Self.text(own.rate / rival.rate)) (goal: at least 0.8)")
    }

    private static func text(_ value: Double) -> String { String(format: "%.2f", value) }
}
