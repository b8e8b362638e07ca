import ArgumentParser
import Decoding
import Foundation
import Timeline
import TimelineModel

struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Read captures into a timeline.",
        discussion: """
            Reads pcap and pcapng (also gzip-compressed), HAR files and hook logs; what a file is, is told by its \
            bytes. A new timeline is made, or an existing one gets the files as further captures: all of them, or, \
            where one cannot be read, none. TLS is not decrypted. The files of one recording (tcpdump -C, -G, -W; \
            rings of dumpcap) are put together first, or sessions end where a file does: mergecap -w whole.pcapng FILE...

            EXAMPLES:
              sioscope import capture.pcapng -o run.db
              tcpdump -i lo -w - port 3000 | sioscope import - -o run.db
              sioscope import front.pcap back.pcap -o both.db --tap proxy-front

            EXIT STATUS:
              0    imported
              2    an input cannot be read or the timeline not written; nothing was changed
              130  ended by SIGINT, 143 by SIGTERM, 129 by SIGHUP; nothing was changed
            """
    )

    @Argument(help: "Capture files; - is standard input.", completion: .file())
    var files: [String]

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The timeline to make or to append to.", valueName: "OUT.db"),
        completion: .file(extensions: ["db"]))
    var output: String

    private static let defaults = DecodingLimits()

    @Option(help: ArgumentHelp("Where the capture was taken; it decides what delays mean.", valueName: "position"))
    var tap: TapPosition = .unknown

    @Option(
        help: ArgumentHelp(
            "Largest message or body that is kept, in MiB. (default: \(Self.defaults.messageBytes >> 20))",
            valueName: "MiB"),
        transform: NumberText.whole)
    var maxMessage: Int = Self.defaults.messageBytes >> 20

    @Option(
        help: ArgumentHelp(
            "Most bytes held for a TCP stream while a segment is missing, in MiB. "
                + "(default: \(Self.defaults.heldBytes >> 20))",
            valueName: "MiB"),
        transform: NumberText.whole)
    var maxHeld: Int = Self.defaults.heldBytes >> 20

    @Option(
        help: ArgumentHelp(
            "Let go of connections that are silent for so long, in seconds. "
                + "(default: \(Self.defaults.idleConnectionNs / 1_000_000_000))",
            valueName: "seconds"),
        transform: NumberText.whole)
    var maxIdle: Int = Int(Self.defaults.idleConnectionNs / 1_000_000_000)

    func validate() throws {
        for (flag, value, limit) in [
            ("--max-message", self.maxMessage, 1024), ("--max-held", self.maxHeld, 1024),
            ("--max-idle", self.maxIdle, 1_000_000_000),
        ] where value < 1 || value > limit {
            throw ValidationError("\(flag) is \(value); give 1 to \(limit)")
        }
        guard self.files.filter({ $0 == "-" }).count < 2 else {
            throw ValidationError("standard input (-) can be read only once")
        }
    }

    func run() throws {
        var limits = DecodingLimits()
        limits.messageBytes = self.maxMessage << 20
        limits.heldBytes = self.maxHeld << 20
        limits.idleConnectionNs = Int64(self.maxIdle) * 1_000_000_000
        let pipeline = ImportPipeline(inputs: self.files, output: self.output, tap: self.tap, limits: limits)
        StandardError.writeLine(try pipeline.run().text(for: self.output))
        // Only a hint: what is there was imported, whatever becomes of this.
        if let timeline = try? TimelineReader(path: self.output),
            let found = try? ContinuedRecording.find(in: timeline, inputs: self.files.count),
            let hint = ContinuedRecording.hint(found)
        {
            StandardError.writeLine(hint)
        }
    }
}

extension TapPosition: ExpressibleByArgument {}

extension ImportPipeline.Outcome {
    /// What came of it, and what to look at, in one line or two.
    fileprivate func text(for output: String) -> String {
        func count(_ number: some BinaryInteger, _ word: String) -> String {
            "\(number) \(word)\(number == 1 ? "" : "s")"
        }
        var text =
            "\(output): \(count(self.sessions, "session")), \(count(self.frames, "frame")) on \(count(self.connections, "connection"))"
        if self.otherRequests > 0 { text += "; \(count(self.otherRequests, "other HTTP request")) passed over" }
        if self.anomalies > 0 {
            text +=
                "; \(self.anomalies == 1 ? "1 anomaly" : "\(self.anomalies) anomalies") (sioscope query \(output) anomalies)"
        }
        if self.trailingBytes > 0 { text += "; \(count(self.trailingBytes, "byte")) behind the gzip data passed over" }
        if !self.isComplete { text += "; the input was cut off, all that is whole was read" }
        return text
    }
}
