import Glibc

/// A blocking TCP socket on loopback; what waits longer than ten seconds fails.
package final class LoopbackSocket: @unchecked Sendable {
    package enum Outcome: Equatable {
        case bytes([UInt8])
        /// The peer's FIN.
        case ended
        case reset
    }

    package struct Failure: Error, CustomStringConvertible {
        package let description: String

        init(_ call: String) {
            self.description = "\(call): \(String(cString: strerror(errno)))"
        }
    }

    private let descriptor: CInt
    private var isOpen = true

    private init(_ descriptor: CInt) throws {
        guard descriptor >= 0 else { throw Failure("socket") }
        self.descriptor = descriptor
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var on: CInt = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<CInt>.size))
    }

    deinit {
        self.close()
    }

    /// Listens on a port that the system chose.
    package static func listening() throws -> LoopbackSocket {
        let socket = try LoopbackSocket(Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
        guard socket.withAddress(port: 0, { bind(socket.descriptor, $0, $1) }) == 0,
            listen(socket.descriptor, 512) == 0
        else { throw Failure("listen") }
        return socket
    }

    package static func connected(to port: Int) throws -> LoopbackSocket {
        let socket = try LoopbackSocket(Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
        guard socket.withAddress(port: port, { connect(socket.descriptor, $0, $1) }) == 0 else {
            throw Failure("connect")
        }
        return socket
    }

    package func accept() throws -> LoopbackSocket {
        try LoopbackSocket(Glibc.accept(self.descriptor, nil, nil))
    }

    /// Whether a connection waits to be accepted, or bytes or an end to be received, within that time.
    package func isReadable(within milliseconds: CInt) -> Bool {
        var polled = pollfd(fd: self.descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&polled, 1, milliseconds) == 1
    }

    package var port: Int {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(self.descriptor, $0, &length) }
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    private func withAddress(port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt) -> CInt {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    package func send(_ bytes: some Sequence<UInt8>) throws {
        let bytes = Array(bytes)
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(self.descriptor, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure("send") }
            sent += count
        }
    }

    package func send(_ text: String) throws { try self.send(text.utf8) }

    /// As many bytes as fit until nobody has taken any for a second.
    package func sendUntilFull(limit: Int) throws -> Int {
        var pause = timeval(tv_sec: 1, tv_usec: 0)
        setsockopt(self.descriptor, SOL_SOCKET, SO_SNDTIMEO, &pause, socklen_t(MemoryLayout<timeval>.size))
        let piece = [UInt8](repeating: 0x79, count: 1 << 16)
        var total = 0
        while total < limit {
            let count = piece.withUnsafeBytes {
                Glibc.send(self.descriptor, $0.baseAddress, piece.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EAGAIN { return total }
            guard count > 0 else { throw Failure("send") }
            total += count
        }
        return total
    }

    /// What comes next, in one piece or cut.
    package func receive(atMost limit: Int = 1 << 16) throws -> Outcome {
        var buffer = [UInt8](repeating: 0, count: limit)
        let count = buffer.withUnsafeMutableBytes { recv(self.descriptor, $0.baseAddress, limit, 0) }
        if count < 0, errno == ECONNRESET { return .reset }
        guard count >= 0 else { throw Failure("recv") }
        return count == 0 ? .ended : .bytes(Array(buffer[..<count]))
    }

    /// Everything up to the end, and which end it was.
    package func receiveAll() throws -> (bytes: [UInt8], end: Outcome) {
        var all: [UInt8] = []
        while true {
            switch try self.receive() {
            case .bytes(let bytes): all += bytes
            case let end: return (all, end)
            }
        }
    }

    /// Exactly so many bytes, or fewer where it ends.
    package func receive(exactly count: Int) throws -> [UInt8] {
        var all: [UInt8] = []
        while all.count < count, case .bytes(let bytes) = try self.receive(atMost: count - all.count) { all += bytes }
        return all
    }

    package func receiveText() throws -> String { String(decoding: try self.receiveAll().bytes, as: UTF8.self) }

    package func endOutput() { shutdown(self.descriptor, Int32(SHUT_WR)) }

    /// Closes with a reset.
    package func reset() {
        var on = linger(l_onoff: 1, l_linger: 0)
        setsockopt(self.descriptor, SOL_SOCKET, SO_LINGER, &on, socklen_t(MemoryLayout<linger>.size))
        self.close()
    }

    package func close() {
        guard self.isOpen else { return }
        self.isOpen = false
        Glibc.close(self.descriptor)
    }
}
