import Glibc
import NIOCore

extension TapError {
    /// Why an address cannot be listened on, and what to do about it.
    public init(listeningOn address: HostPort, _ error: any Error) {
        switch error {
        case let error as TapError:
            self = error
        case let error as IOError where error.errnoCode == EADDRINUSE:
            self.init("\(address) is in use; stop what listens there or give another port with --listen")
        case let error as IOError where error.errnoCode == EACCES:
            self.init("no permission to listen on \(address); give a port above 1023 with --listen")
        case let error as IOError where error.errnoCode == EADDRNOTAVAIL:
            self.init("\(address.host) is no address of this machine; give one of its own with --listen")
        case is SocketAddressError.UnknownHost:
            self.init("\(address.host) is no name that is known here; give an address of this machine with --listen")
        default:
            self.init("cannot listen on \(address): \(UpstreamFailure.text(of: error))")
        }
    }
}
