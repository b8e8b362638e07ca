import ArgumentParser
import Foundation

/// What `make bench` runs. Every figure is a ratio to something measured in the same run: machines differ and are noisy.
@main
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sioscope-bench",
        abstract: "Measure sioscope against a floor and a rival.",
        subcommands: [Generate.self, Decode.self, Layers.self, Floor.self, Rules.self, Run.self])

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
