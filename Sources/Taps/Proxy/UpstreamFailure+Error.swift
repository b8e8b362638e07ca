import Glibc
import NIOCore
import NIOPosix
import NIOSSL

extension UpstreamFailure.Cause {
    /// Why a connection did not come to be.
    init(connecting error: any Error, _ settings: ProxySettings) {
        if let channel = error as? ChannelError, case .connectTimeout = channel {
            self = .timedOut(settings.connectTimeoutMs)
        } else if let several = error as? NIOConnectionError,
            !several.connectionErrors.isEmpty,
            several.connectionErrors.allSatisfy({ ($0.error as? ChannelError).map(Self.isTimeout) ?? false })
        {
            self = .timedOut(settings.connectTimeoutMs)
        } else if Self.isOutOfFiles(error) {
            self = .noFiles(limit: FileLimit.current)
        } else {
            self = .unreachable(UpstreamFailure.text(of: error))
        }
    }

    private static func isOutOfFiles(_ error: any Error) -> Bool {
        switch error {
        case let error as IOError: [EMFILE, ENFILE].contains(error.errnoCode)
        case let error as NIOConnectionError: error.connectionErrors.contains { Self.isOutOfFiles($0.error) }
        default: false
        }
    }

    private static func isTimeout(_ error: ChannelError) -> Bool {
        if case .connectTimeout = error { true } else { false }
    }
}

extension UpstreamFailure {
    /// An error of the network library in a user's words, one line.
    static func text(of error: any Error) -> String {
        switch error {
        case let error as IOError:
            return String(cString: strerror(error.errnoCode)).lowercased()
        case let error as NIOConnectionError:
            guard let first = error.connectionErrors.first else { return "no such name: \(error.host)" }
            return self.text(of: first.error)
        case is SocketAddressError, is SocketAddressError.UnknownHost:
            return "no such name"
        case let error as NIOSSLError:
            if case .handshakeFailed(let reason) = error, "\(reason)".contains("CERTIFICATE_VERIFY_FAILED") {
                return "its certificate is not trusted here (--insecure accepts it)"
            }
            return TLSFailure.text(of: error)
        case is NIOSSLExtraError:
            return "its certificate is for another name (--insecure accepts it)"
        default:
            return self.line("\(error)")
        }
    }

    private static func line(_ text: String) -> String {
        String(text.prefix(300).map { $0.isNewline ? " " : $0 })
    }
}
