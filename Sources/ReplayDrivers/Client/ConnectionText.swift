import Glibc
import NIOCore
import NIOPosix

/// Why a connection did not come about, or broke, for a person.
func connectionText(of error: any Error) -> String {
    switch error {
    case let error as NIOConnectionError:
        error.connectionErrors.first.map { connectionText(of: $0.error) } ?? "the name \(error.host) cannot be resolved"
    case let error as IOError: String(cString: strerror(error.errnoCode))
    case ChannelError.connectTimeout: "no answer in time"
    default: String(describing: error)
    }
}
