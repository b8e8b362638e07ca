import Foundation

/// What a proxy costs: round trips and message rates of small WebSocket messages, direct and through proxies, in turn.
struct ProxyBenchmark {
    let sioscope: String
    let scratch: String
    let mitmdump: String
    let rounds: Int

    private static let trips = 5_000
    /// mitmproxy takes a millisecond or two for each.
    private static let seconds = 2.0
    private static let window = 256

    /// A way to the server: a command that listens on a port and leads to another.
    private struct Way {
        let name: String
        /// Nil for none at all.
        let command: ((_ port: Int, _ server: Int) -> [String])?
        var p50: [Double] = []
        var p99: [Double] = []
        var rates: [Double] = []
    }

    func run() throws {
        try FileManager.default.createDirectory(atPath: self.scratch, withIntermediateDirectories: true)
        let timeline = "\(self.scratch)/proxy.db"
        for suffix in ["", "-wal", "-shm"] { unlink(timeline + suffix) }
        let server = try EchoServer()
        defer { server.stop() }
        var ways = [Way(name: "direct", command: nil)]
        if let socat = BenchmarkReport.find("socat") {
            ways.append(
                Way(name: "socat") {
                    [
                        socat, "TCP-LISTEN:\($0),bind=127.0.0.1,fork,reuseaddr,nodelay",
                        "TCP:127.0.0.1:\($1),nodelay",
                    ]
                })
        }
        ways.append(
            Way(name: "sioscope") {
                [
                    self.sioscope, "record", "proxy", "--listen", "127.0.0.1:\($0)", "--to", "http://127.0.0.1:\($1)",
                    "-o", timeline,
                ]
            })
        if let mitmdump = BenchmarkReport.find(self.mitmdump) {
            ways.append(
                Way(name: "mitmproxy") {
                    [
                        mitmdump, "--quiet", "--set", "flow_detail=0", "--listen-host", "127.0.0.1", "--listen-port",
                        "\($0)", "--mode", "reverse:http://127.0.0.1:\($1)",
                    ]
                })
        }
        for _ in 0..<self.rounds {
            for index in ways.indices { try self.measure(&ways[index], server.port) }
        }
        self.report(ways)
        try self.reportRows(timeline)
    }

    private func measure(_ way: inout Way, _ server: Int) throws {
        var port = server
        var child: Process?
        if let command = way.command {
            let free = try EchoSocket.listening()
            port = free.port
            free.close()
            let arguments = command(port, server)
            let process = Process()
            process.executableURL = URL(filePath: arguments[0])
            process.arguments = Array(arguments.dropFirst())
            process.standardError = FileHandle.nullDevice
            process.standardOutput = FileHandle.nullDevice
            try process.runWithSignals()
            child = process
        }
        defer {
            child?.interrupt()
            child?.waitUntilExit()
        }
        let client = try EchoClient(port: port)
        defer { client.close() }
        _ = try client.latencies(500)
        let trips = try client.latencies(Self.trips)
        way.p50.append(Double(trips[trips.count / 2]) / 1e3)
        way.p99.append(Double(trips[trips.count * 99 / 100]) / 1e3)
        way.rates.append(try client.rate(seconds: Self.seconds, window: Self.window))
    }

    private func report(_ ways: [Way]) {
        let direct = ways[0]
        func row(_ columns: [String]) {
            print(columns.map { $0.padding(toLength: 18, withPad: " ", startingAt: 0) }.joined())
        }
        row(["", "p50 us", "p99 us", "added p50 us", "added p99 us", "messages/s"])
        for way in ways {
            row([
                way.name, Self.text(way.p50), Self.text(way.p99), Self.text(zip(way.p50, direct.p50).map { $0 - $1 }),
                Self.text(zip(way.p99, direct.p99).map { $0 - $1 }), Self.text(way.rates),
            ])
        }
        guard let own = ways.first(where: { $0.name == "sioscope" }) else { return }
        for way in ways where way.name != own.name {
            let ratio = BenchmarkReport.median(zip(own.rates, way.rates).map { $0 / $1 })
            print("sioscope / \(way.name), message rate: \(String(format: "%.2f", ratio))")
        }
    }

    private static func text(_ values: [Double]) -> String { String(format: "%.0f", BenchmarkReport.median(values)) }

    /// That everything was recorded too.
    private func reportRows(_ timeline: String) throws {
        let process = Process()
        process.executableURL = URL(filePath: self.sioscope)
        process.arguments = [
            "query", timeline, "--sql",
            "SELECT (SELECT count(*) FROM frames) AS frames, sum(dropped_packets) AS dropped FROM captures",
        ]
        try process.run()
        process.waitUntilExit()
    }
}
