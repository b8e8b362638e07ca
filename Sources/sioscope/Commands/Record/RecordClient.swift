import ArgumentParser
import Glibc
import HookLog
import JSONText
import Recording
import SocketIO
import SocketIOClient
import Synchronization
import Taps

struct RecordClient: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "client",
        abstract: "Connect to a server as a client, and record the session.",
        discussion: """
            Connects with sioscope's own client (Engine.IO 4 and Socket.IO 5 over a WebSocket) and records every \
            message as it crosses the wire. Received events are printed, one a line. After an end that is not for \
            good it connects again, after 1 s to 60 s; not where the server said no: CONNECT_ERROR, DISCONNECT, or a \
            status from 400 to 499.

            --auth is sent with the CONNECT of each namespace: JSON, @FILE with JSON in it, or exec:COMMAND that \
            prints JSON within 30 s. File and command are asked anew at every connect, so a token may expire. Where they \
            fail, it tries again as after an end; but a file that cannot be used to begin with is an error.

            With --emit-stdin each line of standard input is an event: ["event", argument, ...], or \
            {"event":"name","args":[...],"namespace":"/x","ack":true}; ack may be milliseconds. Bytes are written \
            {"_base64":"AQID"}, also where events are printed. At its end the recording goes on.

            Printing never holds up the recording: up to 32 MiB of events wait for who reads standard output, and what \
            does not fit is recorded, but not printed; the summary counts it. At the end a slow reader has 10 s, and one \
            that takes nothing 1 s.

            An event may be nested 256 levels deep: on a deeper one, which is recorded, the client ends the connection.

            EXAMPLES:
              sioscope record client http://127.0.0.1:3000 -o run.db
              sioscope record client wss://chat.example.com --namespace /chat --auth '{"token":"x"}' -o run.db
              sioscope record client http://127.0.0.1:3000 --auth 'exec:./token.sh' --duration 60 -o run.db
              echo '["join",{"room":7}]' | sioscope record client ws://127.0.0.1:3000 --emit-stdin -o run.db

            EXIT STATUS:
              0    the session ended, or the time was up
              1    ended by --exit-on
              2    no session came about (the line says why), or the timeline cannot be written
              130  ended by SIGINT, 143 by SIGTERM, 129 by SIGHUP; everything is written
            """
    )

    @Argument(
        help: ArgumentHelp("ws, wss, http or https; without a path: /socket.io/.", valueName: "URL"))
    var url: String

    @OptionGroup var recording: RecordingOptions

    @Option(help: ArgumentHelp("Namespace to join; may be repeated. Without: the root, /.", valueName: "NS"))
    var namespace: [String] = []

    @Option(help: ArgumentHelp("Payload of CONNECT: JSON, @FILE or exec:COMMAND.", valueName: "auth"))
    var auth: String?

    @Option(help: ArgumentHelp("Header of the WebSocket's request; may be repeated.", valueName: "NAME: VALUE"))
    var header: [String] = []

    @Option(
        help: ArgumentHelp(
            "Answer events that ask for an ack with these arguments, a JSON array. Without: no answer.",
            valueName: "JSON"))
    var ack: String?

    @Flag(help: "Do not check the server's certificate.")
    var insecure = false

    @Flag(help: "End with the first connection.")
    var noReconnect = false

    @Flag(help: "Emit what standard input says.")
    var emitStdin = false

    @Option(
        help: ArgumentHelp("Largest message that is taken from the server, in KiB. (default: 1024)", valueName: "KiB"),
        transform: NumberText.whole)
    var readLimit: Int = 1024

    @Option(
        help: ArgumentHelp(
            "Write a hook log, too: a file, unix:PATH or tcp:HOST:PORT. --redact holds for it as well.",
            valueName: "FILE"),
        completion: .file())
    var hookLog: String?

    @Option(help: "How to print events: text or jsonl.")
    var format: EventFormat = .text

    func validate() throws {
        guard (1...1_048_576).contains(self.readLimit) else {
            throw ValidationError("--read-limit is \(self.readLimit); give 1 to 1048576")
        }
        do {
            _ = try SocketIOURL(self.url)
            _ = try self.parsedHeaders()
            _ = try self.joined()
            _ = try self.auth.map { try AuthSource($0) }
            _ = try self.answer()
        } catch let error as ValidationError {
            throw error
        } catch {
            throw ValidationError(String(describing: error))
        }
    }

    func run() throws {
        var settings = try self.settings()
        let hookLog: HookLogObserver?
        let redactor = try self.recording.redaction.redactor()
        do throws(HookLogSinkError) {
            hookLog = try self.hookLog.map { target throws(HookLogSinkError) in
                try HookLogObserver(to: target, changing: Self.redacting(redactor))
            }
        } catch {
            throw ToolError("--\(error)".replacing("hook log", with: "hook-log"))
        }
        settings.observer = hookLog
        let console = ClientConsole(
            namespaces: try self.joined(),
            answer: try self.answer(),
            printer: EventPrinter(format: self.format, unicode: Terminal.current().unicode))
        let emits = self.emitStdin
        if emits, isatty(STDIN_FILENO) == 1 { StatusLine.shared.turnOff() }
        let tap = try ClientTap(
            self.url, settings, reconnects: !self.noReconnect, redactor: redactor,
            setUp: { try console.setUp($0, emits: emits) }, tell: { console.tell($0) }, over: { console.finish() })
        defer {
            // One may still make a payload that nobody waits for.
            ShellCommand.stopAll()
            hookLog?.close()
            if let dropped = hookLog?.dropped, dropped > 0 {
                StandardError.write("\(self.hookLog ?? ""): \(dropped) lines could not be written\n")
            }
        }
        try RecordingRun(options: self.recording, tap: tap, redactor: redactor).run()
    }

    private static func redacting(_ redactor: Redactor?) -> (@Sendable (inout HookLine) -> Void)? {
        guard let redactor else { return nil }
        let lines = LineRedaction(redactor)
        return { lines.redact(&$0) }
    }

    /// All connections of the client share one.
    private final class LineRedaction: Sendable {
        private let redactor: Mutex<HookLineRedactor>

        init(_ redactor: Redactor) { self.redactor = Mutex(HookLineRedactor(redactor)) }

        func redact(_ line: inout HookLine) {
            line = self.redactor.withLock { redactor in
                var line = line
                redactor.redact(&line)
                return line
            }
        }
    }

    private func settings() throws -> SocketIOConfiguration {
        var settings = SocketIOConfiguration()
        if let source = try self.auth.map({ try AuthSource($0) }) {
            // Used once, for it may be a pipe that cannot be read again.
            let first = Mutex(try source.checkedFile())
            settings.auth = { _ in
                if let first = first.withLock({ $0.take() }) { return first }
                return try await source.payload()
            }
        }
        settings.headers = try self.parsedHeaders()
        settings.userAgent = "sioscope/\(SioscopeCommand.version)"
        settings.acceptsAnyCertificate = self.insecure
        settings.readLimit = self.readLimit << 10
        return settings
    }

    /// Normalised, each once.
    private func joined() throws -> [String] {
        var joined: [String] = []
        for name in self.namespace.isEmpty ? [SocketIOPacket.rootNamespace] : self.namespace {
            guard let name = SocketIOPacket.normalized(namespace: name) else {
                throw ValidationError("--namespace \(name): a comma cannot stand in a namespace; repeat the flag")
            }
            if !joined.contains(name) { joined.append(name) }
        }
        return joined
    }

    private func answer() throws -> [SocketIOValue]? {
        try self.ack.map { text in
            guard let values = (try? JSONValue(text))?.array else {
                throw ValidationError("--ack \(text): give a JSON array of the answer's arguments")
            }
            return try values.map(EmitLine.value)
        }
    }

    private func parsedHeaders() throws -> [(name: String, value: String)] {
        try self.header.map { text in
            let parts = text.split(separator: ":", maxSplits: 1)
            let value = parts.count == 2 ? parts[1].drop { $0 == " " } : ""
            // RFC 9110, section 5: a token, and no control character in the value.
            let isToken = parts.first.map { $0.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } } ?? false
            guard parts.count == 2, isToken, value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
                throw ValidationError("--header \(text): write it as 'Name: value'")
            }
            return (String(parts[0]), String(value))
        }
    }
}
