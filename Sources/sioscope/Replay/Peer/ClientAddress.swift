import Taps

/// Where a client under test finds the replay, and how that is written into its command.
struct ClientAddress: Hashable {
    /// A wildcard is nothing to connect to: the loopback of its kind stands for it.
    let host: String
    let port: Int

    init(_ listening: HostPort) {
        switch listening.host {
        case "0.0.0.0": self.host = "127.0.0.1"
        case "::": self.host = "::1"
        case let host: self.host = host
        }
        self.port = listening.port
    }

    /// `http://127.0.0.1:7002`
    var url: String { "http://\(HostPort(host: self.host, port: self.port))" }

    func fill(_ argument: String) -> String {
        argument.replacing("{url}", with: self.url).replacing("{host}", with: self.host)
            .replacing("{port}", with: String(self.port))
    }
}
