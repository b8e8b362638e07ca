import Foundation

/// Runs every benchmark in turn, round by round, and prints medians and ratios.
struct BenchmarkReport {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    let sioscope: String
    let scratch: String
    let rounds: Int
    let captures: String
    let quick: Bool

    func run() throws {
        try FileManager.default.createDirectory(atPath: self.scratch, withIntermediateDirectories: true)
        let capture = try self.capture(megabytes: 410)
        let timeline = "\(self.scratch)/timeline.db"
        var imports: [ChildRun] = []
        var floors: [Double] = []
        var rivals: [ChildRun] = []
        var decodes: [[Double]] = []
        let tshark = Self.find("tshark")
        for _ in 0..<self.rounds {
            unlink(timeline)
            imports.append(try self.importing(capture, to: timeline))
            floors.append(try self.asking("floor", timeline, "\(self.scratch)/floor.db")[0][0])
            decodes.append(try self.asking("decode", capture)[0])
            if let tshark {
                rivals.append(
                    try ChildRun(
                        [
                            tshark, "-r", capture, "-Y", "websocket", "-T", "fields", "-e", "frame.time_epoch", "-e",
                            "tcp.stream", "-e", "websocket.opcode", "-e", "websocket.payload.text",
                        ]))
            }
        }
        let seconds = Self.median(imports.map(\.seconds))
        let floor = Self.median(floors)
        let decode = Self.median(decodes.map { $0[0] })
        let (frames, bytes) = (decodes[0][1], decodes[0][2])
        self.row("capture", "\(Int(bytes / 1e6)) MB", "\(Int(frames)) frames")
        self.row("import", Self.text(seconds) + " s", "peak memory \(imports.map(\.peakMegabytes).max() ?? 0) MB")
        self.row(
            "floor: plain inserts", Self.text(floor) + " s", "import / floor = \(Self.text(seconds / floor)) (goal 1.5)"
        )
        if let best = rivals.first {
            let rival = Self.median(rivals.map(\.seconds))
            self.row(
                "tshark", Self.text(rival) + " s",
                "tshark / import = \(Self.text(rival / seconds)) (goal 15), peak memory \(best.peakMegabytes) MB")
        } else {
            self.row("tshark", "not installed")
        }
        self.row(
            "decode alone", Self.text(decode) + " s",
            "\(Int(bytes / decode / 1e6)) MB/s, \(Int(frames / decode)) frames/s")
        try self.layers(capture)
        try self.memory(timeline)
    }

    private func layers(_ capture: String) throws {
        let rounds = try (0..<self.rounds).map { _ in try self.asking("layers", capture) }
        let names = ["records", "+ link, IP, TCP", "+ reassembly", "+ HTTP to rows"]
        var before = 0.0
        for (index, name) in names.enumerated() {
            let seconds = Self.median(rounds.map { $0[index][0] })
            let units = max(1, rounds[0][index][1])
            let own = max(0, seconds - before)
            self.row("  \(name)", Self.text(own) + " s", "\(Int(own / units * 1e9)) ns each of \(Int(units))")
            before = seconds
        }
    }

    /// Runs one of this program's own commands as a process of its own, so that what one benchmark holds in memory does
    /// not count for another; the numbers of each line it prints.
    private func asking(_ arguments: String...) throws -> [[Double]] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(description: "\(arguments[0]) failed") }
        return text.split(separator: "\n").map { line in line.split(separator: " ").compactMap { Double($0) } }
    }

    private func memory(_ timeline: String) throws {
        var peaks: [Int] = []
        for megabytes in self.quick ? [100] : [100, 1000] {
            let capture = try self.capture(megabytes: megabytes)
            unlink(timeline)
            peaks.append(try self.importing(capture, to: timeline).peakMegabytes)
            self.row("peak memory, \(megabytes) MB", "\(peaks[peaks.count - 1]) MB", "(goal: under 200 MB)")
            unlink(timeline)
        }
        if peaks.count == 2 {
            self.row("  1000 MB / 100 MB", Self.text(Double(peaks[1]) / Double(peaks[0])), "(goal: within 1.2)")
        }
    }

    private func capture(megabytes: Int) throws -> String {
        let path = "\(self.scratch)/\(megabytes).pcap"
        if !FileManager.default.fileExists(atPath: path) {
            try TrafficGenerator(captures: self.captures, connections: 400).write(
                to: path, bytes: megabytes * 1_000_000)
        }
        return path
    }

    private func importing(_ capture: String, to timeline: String) throws -> ChildRun {
        try ChildRun([self.sioscope, "import", capture, "-o", timeline])
    }

    private func row(_ name: String, _ value: String, _ note: String = "") {
        let left = name.padding(toLength: 24, withPad: " ", startingAt: 0)
        let middle = String(repeating: " ", count: max(0, 12 - value.count)) + value
        print("\(left)\(middle)  \(note)")
        fflush(nil)
    }

    private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    private static func text(_ value: Double) -> String { String(format: "%.2f", value) }

    private static func find(_ program: String) -> String? {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(program)" }
            .first { access($0, X_OK) == 0 }
    }
}

/// A program run to its end: how long it took, and the most memory it had.
struct ChildRun {
    let seconds: Double
    let peakMegabytes: Int

    init(_ arguments: [String]) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor in [Int32(1), 2] {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_WRONLY, 0)
        }
        var pid = pid_t()
        var pointers = arguments.map { strdup($0) } + [nil]
        defer { pointers.forEach { free($0) } }
        let began = ContinuousClock.now
        guard posix_spawn(&pid, arguments[0], &actions, nil, &pointers, environ) == 0 else {
            throw BenchmarkReport.Failure(description: "cannot run \(arguments[0])")
        }
        var usage = rusage()
        var status: Int32 = 0
        wait4(pid, &status, 0, &usage)
        let time = (ContinuousClock.now - began).components
        guard status == 0 else {
            throw BenchmarkReport.Failure(description: "\(arguments.joined(separator: " ")) failed")
        }
        self.seconds = Double(time.seconds) + Double(time.attoseconds) / 1e18
        self.peakMegabytes = Int(usage.ru_maxrss) / 1024
    }
}
