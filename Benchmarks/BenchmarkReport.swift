import Foundation

/// Runs the benchmarks, section by section, and prints each section when it is through: medians, and ratios to what was
/// measured in turn with them.
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
        let timeline = "\(self.scratch)/timeline.db"
        defer { unlink(timeline) }
        let capture = try self.capture(megabytes: 400)
        try self.imports(capture, timeline)
        try self.rules()
        try self.layers(capture)
        try self.rival(timeline)
        try self.memory(timeline)
    }

    /// Import, floor and decoding by turns.
    private func imports(_ capture: String, _ timeline: String) throws {
        var imports: [ChildRun] = []
        var floors: [Double] = []
        var decodes: [[Double]] = []
        let floorFile = "\(self.scratch)/floor.db"
        defer { unlink(floorFile) }
        for _ in 0..<self.rounds {
            imports.append(try self.importing(capture, to: timeline))
            floors.append(try self.asking("floor", timeline, floorFile)[0][0])
            decodes.append(try self.asking("decode", capture)[0])
        }
        let seconds = Self.median(imports.map(\.seconds))
        let floor = Self.median(floors)
        let decode = Self.median(decodes.map { $0[0] })
        let (frames, bytes) = (decodes[0][1], decodes[0][2])
        self.row("capture", "\(Int(bytes / 1e6)) MB", "\(Int(frames)) frames")
        self.row("import", Self.text(seconds) + " s", Self.cost(imports))
        self.row(
            "floor: plain inserts", Self.text(floor) + " s", "import / floor = \(Self.text(seconds / floor)) (goal 1.5)"
        )
        self.row(
            "decode alone", Self.text(decode) + " s",
            "\(Int(bytes / decode / 1e6)) MB/s, \(Int(frames / decode)) frames/s")
    }

    /// All rules over healthy traffic, against a plain loop that reads what they read; and what memory `analyze` takes for
    /// it and for a quarter of it, with as many sessions.
    private func rules() throws {
        let timeline = "\(self.scratch)/healthy.db"
        defer { unlink(timeline) }
        _ = try self.importing(try self.capture(megabytes: 300, isHealthy: true), to: timeline)
        let rounds = try (0..<self.rounds).map { _ in try self.asking("rules", timeline)[0] }
        let (seconds, floor) = (Self.median(rounds.map { $0[0] }), Self.median(rounds.map { $0[2] }))
        self.row("rules", Self.text(seconds) + " s", "\(Int(rounds[0][3])) frames, \(Int(rounds[0][1])) findings")
        self.row(
            "floor: plain reads", Self.text(floor) + " s", "rules / floor = \(Self.text(seconds / floor)) (goal 2)")
        let large = try self.analyzing(timeline)
        let smallTimeline = "\(self.scratch)/small.db"
        defer { unlink(smallTimeline) }
        _ = try self.importing(try self.capture(megabytes: 75, isHealthy: true), to: smallTimeline)
        let small = try self.analyzing(smallTimeline)
        self.row("analyze, 300 MB", Self.text(large.seconds) + " s", Self.cost([large]))
        self.row("analyze, 75 MB", Self.text(small.seconds) + " s", Self.cost([small]))
    }

    private func analyzing(_ timeline: String) throws -> ChildRun {
        try ChildRun([self.sioscope, "analyze", timeline, "--fail-on", "never"])
    }

    /// A rival that takes many times as long, and so runs once, over a smaller capture, between imports of the same.
    private func rival(_ timeline: String) throws {
        guard let tshark = Self.find("tshark") else { return self.row("tshark", "not installed") }
        let capture = try self.capture(megabytes: 100)
        var imports = [try self.importing(capture, to: timeline)]
        let rival = try ChildRun(
            [
                tshark, "-r", capture, "-Y", "websocket", "-T", "fields", "-e", "frame.time_epoch", "-e", "tcp.stream",
                "-e", "websocket.opcode", "-e", "websocket.payload.text",
            ])
        for _ in 1..<max(2, self.rounds) { imports.append(try self.importing(capture, to: timeline)) }
        let seconds = Self.median(imports.map(\.seconds))
        self.row("import, 100 MB", Self.text(seconds) + " s", Self.cost(imports))
        self.row("tshark, the same", Self.text(rival.seconds) + " s", Self.cost([rival]))
        self.row("  tshark / import", Self.text(rival.seconds / seconds), "(goal 15)")
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
            peaks.append(try self.importing(capture, to: timeline).peakMegabytes)
            self.row("peak memory, \(megabytes) MB", "\(peaks[peaks.count - 1]) MB", "(goal: under 200 MB)")
        }
        if peaks.count == 2 {
            self.row("  1000 MB / 100 MB", Self.text(Double(peaks[1]) / Double(peaks[0])), "(goal: within 1.2)")
        }
    }

    private func capture(megabytes: Int, isHealthy: Bool = false) throws -> String {
        let path = "\(self.scratch)/\(megabytes)\(isHealthy ? "-healthy" : "").pcap"
        if !FileManager.default.fileExists(atPath: path) {
            try TrafficGenerator(captures: self.captures, connections: 400, isHealthy: isHealthy).write(
                to: path, bytes: megabytes * 1_000_000)
        }
        return path
    }

    private func importing(_ capture: String, to timeline: String) throws -> ChildRun {
        unlink(timeline)
        return try ChildRun([self.sioscope, "import", capture, "-o", timeline])
    }

    private func row(_ name: String, _ value: String, _ note: String = "") {
        let left = name.padding(toLength: 24, withPad: " ", startingAt: 0)
        let middle = String(repeating: " ", count: max(0, 12 - value.count)) + value
        print("\(left)\(middle)  \(note)")
        fflush(nil)
    }

    static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    /// What runs cost beside their time: a busy machine stretches that one.
    private static func cost(_ runs: [ChildRun]) -> String {
        "\(Self.text(Self.median(runs.map(\.processorSeconds)))) s of processors, "
            + "peak memory \(runs.map(\.peakMegabytes).max() ?? 0) MB"
    }

    private static func text(_ value: Double) -> String { String(format: "%.2f", value) }

    /// A program by its name, or by its path.
    static func find(_ program: String) -> String? {
        if program.contains("/") { return access(program, X_OK) == 0 ? program : nil }
        return find(inPath: program)
    }

    private static func find(inPath program: String) -> String? {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(program)" }
            .first { access($0, X_OK) == 0 }
    }
}

/// A program run to its end: how long it took, and the most memory it had.
struct ChildRun {
    let seconds: Double
    /// Of all its threads, in its own code and in the kernel.
    let processorSeconds: Double
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
        self.processorSeconds = [usage.ru_utime, usage.ru_stime].reduce(0) {
            $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6
        }
        self.peakMegabytes = Int(usage.ru_maxrss) / 1024
    }
}
