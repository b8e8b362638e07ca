import ArgumentParser
import Foundation
import Taps

struct RecordHook: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hook",
        abstract: "Take the hook log of running clients over a socket.",
        discussion: """
            Hooks in clients (see hooks/ in the sources: Python, JavaScript, Go) write what they send and receive, one \
            JSON object a line. Many clients may write at once, each over a connection of its own. A line that cannot \
            be read is kept as an anomaly with the client's number and the line's; the others count. A client that \
            floods or stalls holds up nobody else.

            A line may have 32 MiB; 1,000 clients may be connected. A unix socket is readable and writable for its \
            owner alone, and removed at the end. Where other machines could connect, --allow-remote and --token are \
            asked for, and the first line of a client must be {"token":"..."}; what crosses the net is not encrypted.

            EXAMPLES:
              sioscope record hook --listen unix:/tmp/hooks.sock -o run.db
              sioscope record hook --listen 127.0.0.1:9100 -o run.db
              sioscope record hook --listen 0.0.0.0:9100 --allow-remote --token @token.txt -o run.db

            EXIT STATUS:
              0    ended by itself (--duration)
              1    ended by --exit-on
              2    it cannot listen, or the timeline not be written
              130  ended by SIGINT, 143 by SIGTERM, 129 by SIGHUP; everything is written
            """
    )

    @Option(
        help: ArgumentHelp("Where hooks write to; port 0 lets the system choose.", valueName: "unix:PATH|HOST:PORT"))
    var listen: String

    @OptionGroup var recording: RecordingOptions

    @Option(
        help: ArgumentHelp(
            "What clients must send first; @FILE reads it from a file, so that it is not in the list of processes.",
            valueName: "TOKEN|@FILE"))
    var token: String?

    @Flag(help: "Listen where other machines can connect; needs --token.")
    var allowRemote = false

    func run() throws {
        let tap: HookTap
        do {
            tap = try HookTap(
                HookSettings(
                    listen: HookAddress(self.listen), token: self.secret(), allowsRemote: self.allowRemote))
        } catch let error as TapError {
            throw ToolError("--listen \(error)")
        }
        try RecordingRun(options: self.recording, tap: tap).run()
    }

    private func secret() throws -> String? {
        guard let token, token.hasPrefix("@") else {
            guard self.token?.isEmpty != true else {
                throw ToolError("--token is empty; give one that nobody guesses, or @FILE")
            }
            return self.token
        }
        let path = String(token.dropFirst())
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw ToolError("--token: \(path) cannot be read; give a file with the token in its first line")
        }
        let line = String(decoding: bytes.prefix { $0 != 0x0A && $0 != 0x0D }, as: UTF8.self)
        guard !line.isEmpty else {
            throw ToolError("--token: the first line of \(path) is empty; write the token there")
        }
        return line
    }
}
