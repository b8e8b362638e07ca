import ArgumentParser
import Foundation

/// What `make bench` runs. Every figure is a ratio to something measured in the same run: machines differ and are noisy.
@main
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sioscope-bench",
        abstract: "Measure sioscope against a floor and a rival.",
        subcommands: [
            Generate.self, Decode.self, Layers.self, Floor.self, Rules.self, Client.self, Proxy.self,
            Interface.self, Soak.self, Replays.self, Joiners.self, Run.self,
        ])

    struct Generate: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make a big capture out of real ones.")
        @Argument var output: String
        @Option(help: "Size in MB.") var megabytes = 400
        @Option(help: "Connections at the same time.") var connections = 400
        @Option(help: "Folder of the bundled captures.") var captures = "captures"

        func run() throws {
            try TrafficGenerator(captures: self.captures, connections: self.connections)
                .write(to: self.output, bytes: self.megabytes * 1_000_000)
        }
    }

    struct Decode: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Decode without a database.")
        @Argument var capture: String

        func run() throws {
            let outcome = try DecodeBenchmark(path: self.capture).run()
            print("\(outcome.seconds) \(outcome.frames) \(outcome.bytes)")
        }
    }

    struct Layers: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Time up to each layer.")
        @Argument var capture: String

        func run() throws {
            for layer in LayerBenchmark.Layer.allCases {
                let outcome = try LayerBenchmark(path: self.capture).run(layer)
                print("\(layer.rawValue) \(outcome.seconds) \(outcome.units)")
            }
        }
    }

    struct Floor: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Insert the finished rows of an import by a plain loop over the sqlite3 C API.")
        @Argument(help: "A timeline that was imported.") var timeline: String
        @Argument(help: "The file to make.") var output: String

        func run() throws {
            print(try FloorBenchmark(timeline: self.timeline, output: self.output).run())
        }
    }

    struct Rules: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Judge a timeline, and read what that reads by a plain loop over the sqlite3 C API.")
        @Argument(help: "A timeline that was imported.") var timeline: String

        func run() throws {
            let benchmark = RulesBenchmark(timeline: self.timeline)
            // Once before, so that both find the file in memory.
            _ = try benchmark.floor()
            let (floor, rules) = (try benchmark.floor(), try benchmark.run())
            print("\(rules.seconds) \(rules.units) \(floor.seconds) \(floor.units)")
        }
    }

    struct Client: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Emit events with the client: without an observer, with one that does nothing, with a hook log.")
        @Option(help: "Events a round.") var events = 100_000
        @Option(help: "Rounds; the median counts.") var rounds = 5

        func run() async throws {
            let benchmark = ClientBenchmark(events: self.events)
            var seconds: [ClientBenchmark.Watcher: [Double]] = [:]
            // In turns, so that noise of the machine hits all of them.
            for _ in 0..<max(1, self.rounds) {
                for watcher in ClientBenchmark.Watcher.allCases {
                    seconds[watcher, default: []].append(try await benchmark.run(watcher))
                }
            }
            let medians = seconds.mapValues { $0.sorted()[$0.count / 2] }
            for watcher in ClientBenchmark.Watcher.allCases {
                let median = medians[watcher] ?? 0
                let ratio = median / (medians[.none] ?? median)
                print(
                    "\(watcher.rawValue) \(Int(Double(self.events) / median)) events/s, \((ratio * 1000).rounded() / 1000)"
                )
            }
        }
    }

    struct Proxy: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Round trips and message rates: direct, and through socat, sioscope and mitmproxy.")
        @Option(help: "The binary to measure.") var sioscope = ".build/release/sioscope"
        @Option(help: "Folder for timelines.") var scratch = ".build/bench"
        @Option(help: "mitmproxy's mitmdump; left out where there is none.") var mitmdump = "mitmdump"
        @Option(help: "Rounds; the median counts.") var rounds = 3

        func run() throws {
            try ProxyBenchmark(
                sioscope: self.sioscope, scratch: self.scratch, mitmdump: self.mitmdump, rounds: self.rounds
            ).run()
        }
    }

    struct Soak: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Record a busy server for long, and watch the recorder's memory and files.",
            discussion: "Ends with status 1 where memory grew by more than 10 % after warm-up, or frames were dropped.")
        @Option(help: "The binary to measure.") var sioscope = ".build/release/sioscope"
        @Option(help: "Folder for the timeline.") var scratch = ".build/bench"
        @Option(help: "How long.") var minutes = 30
        @Option(help: "New sessions a minute.") var sessions = 600
        @Option(help: "The recorder's --max-size, MiB.") var maxSize = 64

        func validate() throws {
            guard (3...100_000).contains(self.minutes) else {
                throw ValidationError("--minutes is \(self.minutes); give 3 or more")
            }
            guard (1...6_000).contains(self.sessions) else {
                throw ValidationError("--sessions is \(self.sessions); give 1 to 6000")
            }
        }

        func run() throws {
            let outcome = try SoakBenchmark(
                sioscope: self.sioscope, scratch: self.scratch, minutes: self.minutes, sessions: self.sessions,
                maxSize: self.maxSize
            ).run()
            guard outcome else { throw ExitCode(1) }
        }
    }

    struct Interface: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The highest rate of small frames recorded from loopback without a loss, against tcpdump -w.")
        @Option(help: "The binary to measure.") var sioscope = ".build/release/sioscope"
        @Option(help: "The rival.") var tcpdump = "tcpdump"
        @Option(help: "Folder for timelines and captures.") var scratch = ".build/bench"
        @Option(help: "Rounds; the median counts.") var rounds = 3
        @Option(help: "Seconds of sending, for each rate that is tried.") var seconds = 2.0
        @Option(help: "The kernel's buffer, in MiB, for both.") var bufferSize = 32

        func run() throws {
            try InterfaceBenchmark(
                sioscope: self.sioscope, tcpdump: self.tcpdump, scratch: self.scratch, rounds: self.rounds,
                seconds: self.seconds, bufferMegabytes: self.bufferSize
            ).run()
        }
    }

    struct Replays: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "replays",
            abstract: "How punctual replays as the server are, one and many at once, against a bare timer loop.")
        @Option(help: "At once.") var sessions = 1_000
        @Option(help: "Length of the recording.") var seconds = 20

        func validate() throws {
            guard (1...5_000).contains(self.sessions), (4...3_600).contains(self.seconds) else {
                throw ValidationError("give 1 to 5000 --sessions, and 4 to 3600 --seconds")
            }
        }

        func run() throws {
            print("replays  packets  late: p50 us  p99 us  max us  timers: p50 us  p99 us  max us  KiB a session")
            for count in [1, self.sessions] {
                let outcome = try ReplayBenchmark(sessions: count, seconds: self.seconds).run()
                func micro(_ samples: [Int64]) -> String {
                    [0.5, 0.99, 1].map { "\(ReplayBenchmark.percentile(samples, $0) / 1_000)" }.joined(separator: "  ")
                }
                print(
                    "\(count)  \(outcome.late.count)  \(micro(outcome.late))  \(micro(outcome.bare))  "
                        + "\(outcome.bytesPerSession >> 10)"
                        + (outcome.diverged > 0 ? "  \(outcome.diverged) diverged" : ""))
            }
        }
    }

    struct Joiners: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "replay-clients", abstract: "The clients of replays; their ports come by standard input.",
            shouldDisplay: false)

        func run() throws { try ReplayClients().run() }
    }

    struct Run: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "All of it, as a table.")
        @Option(help: "The binary to measure.") var sioscope = ".build/release/sioscope"
        @Option(help: "Folder for captures and timelines; some GB.") var scratch = ".build/bench"
        @Option(help: "Rounds; the median counts.") var rounds = 3
        @Option(help: "Folder of the bundled captures.") var captures = "captures"
        @Flag(help: "Leave out the 1 GB capture.") var quick = false

        func run() throws {
            try BenchmarkReport(
                sioscope: self.sioscope, scratch: self.scratch, rounds: self.rounds, captures: self.captures,
                quick: self.quick
            ).run()
        }
    }
}
