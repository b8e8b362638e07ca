import NIOCore

/// Where hooks write to: `unix:PATH` or `HOST:PORT`.
public enum HookAddress: Hashable, Sendable, CustomStringConvertible {
    case unix(String)
    case tcp(HostPort)

    /// So much fits into the address of a unix socket, with its ending zero.
    static let pathLimit = 107

    public init(_ text: String) throws(TapError) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst("unix:".count))
            guard !path.isEmpty, path.utf8.count <= Self.pathLimit, !path.utf8.contains(0) else {
                throw TapError("\(text): give a path of 1 to \(Self.pathLimit) bytes, as unix:/tmp/hooks.sock")
            }
            self = .unix(path)
        } else if let address = HostPort(text) {
            self = .tcp(address)
        } else {
            throw TapError("\(text) is no address; write unix:PATH or HOST:PORT, as 127.0.0.1:9100")
        }
    }

    public var description: String {
        switch self {
        case .unix(let path): "unix:\(path)"
        case .tcp(let address): address.description
        }
    }

    /// Its name has an address.
    var isKnown: Bool {
        guard case .tcp(let address) = self else { return true }
        return (try? SocketAddress.makeAddressResolvingHost(address.host, port: address.port)) != nil
    }

    /// Only this machine can come here. A name is what it resolves to.
    var isLocal: Bool {
        guard case .tcp(let address) = self else { return true }
        guard let resolved = try? SocketAddress.makeAddressResolvingHost(address.host, port: address.port) else {
            return false
        }
        switch resolved {
        case .v4(let address): return UInt32(bigEndian: address.address.sin_addr.s_addr) >> 24 == 127
        case .v6(let address):
            return withUnsafeBytes(of: address.address.sin6_addr) { bytes in
                bytes.dropLast().allSatisfy { $0 == 0 } && bytes.last == 1
            }
        case .unixDomainSocket: return true
        }
    }
}

/// How hooks are received.
public struct HookSettings: Sendable {
    public var listen: HookAddress
    /// Clients must begin with `{"token":"..."}` and this token; nil where none is asked for.
    public var token: String?
    /// Listening where other machines can come is meant.
    public var allowsRemote = false

    public init(listen: HookAddress, token: String? = nil, allowsRemote: Bool = false) {
        self.listen = listen
        self.token = token
        self.allowsRemote = allowsRemote
    }

    func check() throws(TapError) {
        guard self.token?.isEmpty != true else { throw TapError("--token is empty; give one that nobody guesses") }
        guard !self.listen.isLocal else { return }
        guard self.listen.isKnown else { throw TapError(unknownHostOf: self.listen) }
        guard self.allowsRemote else {
            throw TapError(
                "\(self.listen) can be reached from other machines; add --allow-remote and --token, or listen on "
                    + "127.0.0.1")
        }
        guard self.token != nil else {
            throw TapError("\(self.listen) can be reached from other machines; give a --token that hooks must send")
        }
    }
}

extension TapError {
    init(unknownHostOf address: HookAddress) {
        self.init("\(address): this is no name that is known here; give an address of this machine")
    }
}
