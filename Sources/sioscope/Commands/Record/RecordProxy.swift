import ArgumentParser
import Taps

struct RecordProxy: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "proxy",
        abstract: "Stand in front of a server and record both sides.",
        discussion: """
            A reverse proxy: point clients at --listen instead of the server. Long-polling and WebSocket go through; \
            each client's connection gets one of its own to the server. Every byte is passed on as it is, in both \
            directions, with compression, fragments, close frames, FIN and resets; nothing is added, so the server \
            reads the Host that the client sent. Where it serves by name, or refuses foreign origins, --rewrite-host \
            gives it the name that --to has, in Host, and in an Origin that names the same host as the client's Host.

            The timeline gets two captures: proxy-front (client and proxy) and proxy-back (proxy and server), each \
            with the times of its own leg. With TLS on a leg, what it carries is recorded plain.

            A server that cannot be reached, or goes after a request before it answered anything, is told the client \
            as 502; one that does not accept a connection in time as 504; stderr tells it, too, every ten seconds at \
            most. All else reaches the client as it happened.

            EXAMPLES:
              sioscope record proxy --listen 127.0.0.1:9000 --to http://127.0.0.1:3000 -o run.db
              sioscope record proxy --listen 127.0.0.1:9000 --to https://chat.example.com --rewrite-host -o run.db
              sioscope record proxy --listen 0.0.0.0:8443 --cert cert.pem --key key.pem --to http://app:3000 -o run.db

            EXIT STATUS:
              0    ended by itself (--duration)
              1    ended by --exit-on
              2    it cannot listen, a certificate cannot be read, or the timeline not be written
              130  ended by SIGINT, 143 by SIGTERM, 129 by SIGHUP; everything is written
            """
    )

    @Option(help: ArgumentHelp("Where clients come; port 0 lets the system choose.", valueName: "HOST:PORT"))
    var listen: String

    @Option(help: ArgumentHelp("The server: http://HOST:PORT or https://HOST:PORT (or ws, wss).", valueName: "URL"))
    var to: String

    @OptionGroup var recording: RecordingOptions

    @Flag(help: "Do not check the server's certificate.")
    var insecure = false

    @Option(
        help: ArgumentHelp(
            "Serve clients over TLS with this certificate (chain), PEM; needs --key.", valueName: "FILE"),
        completion: .file())
    var cert: String?

    @Option(help: ArgumentHelp("The private key of --cert, PEM.", valueName: "FILE"), completion: .file())
    var key: String?

    @Flag(help: "Write the server's own name into Host, and into an Origin of the same host.")
    var rewriteHost = false

    @Option(
        help: ArgumentHelp(
            "How long the server may take to accept a connection, TLS included. (default: 10)", valueName: "seconds"),
        transform: NumberText.seconds)
    var connectTimeout: Double = 10

    func validate() throws {
        try self.recording.requireOutput()
        _ = try self.settings()
    }

    func run() throws {
        let tap = try ProxyTap(self.settings()) { StandardError.write(Escaping.visible($0) + "\n") }
        try RecordingRun(options: self.recording, tap: tap).run()
    }

    private func settings() throws -> ProxySettings {
        guard let listen = HostPort(self.listen) else {
            throw ValidationError("--listen \(self.listen) is no HOST:PORT; write it as 127.0.0.1:9000")
        }
        let target: ProxyTarget
        do {
            target = try ProxyTarget(url: self.to)
        } catch {
            throw ValidationError("--to \(error)")
        }
        guard (self.cert == nil) == (self.key == nil) else {
            throw ValidationError("--cert and --key belong together; give both")
        }
        guard !self.insecure || target.isSecure else {
            throw ValidationError("--insecure is for https:// and wss://; --to \(self.to) has no certificate")
        }
        guard self.connectTimeout >= 0.001, self.connectTimeout <= 3_600 else {
            throw ValidationError("--connect-timeout is \(self.connectTimeout); give 0.001 to 3600 seconds")
        }
        var settings = ProxySettings(listen: listen, target: target)
        settings.isInsecure = self.insecure
        settings.rewritesHost = self.rewriteHost
        settings.connectTimeoutMs = Int64(self.connectTimeout * 1_000)
        if let cert, let key { settings.identity = ProxySettings.Identity(certificate: cert, key: key) }
        return settings
    }
}
