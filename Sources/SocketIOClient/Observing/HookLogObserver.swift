import Glibc
public import HookLog

/// Writes a hook log: a line for everything a connection sees, readable by `sioscope import` and, over a socket, by
/// `sioscope record hook`.
///
/// Never makes the client wait: lines are written by a thread of their own, and dropped where `limitBytes` of them wait.
public final class HookLogObserver: TrafficObserver {
    public static let defaultLimitBytes = 16 << 20

    private let sink: LineSink
    private let prefix: String
    private let changing: (@Sendable (inout HookLine) -> Void)?

    /// - Parameters:
    ///   - target: a file, which is appended to and made with mode 0600; `unix:PATH`, or `tcp:HOST:PORT`.
    ///   - limitBytes: of lines that wait.
    ///   - changing: may take out of each line what must not be written, on the thread of the connection.
    public convenience init(
        to target: String, limitBytes: Int = HookLogObserver.defaultLimitBytes,
        changing: (@Sendable (inout HookLine) -> Void)? = nil
    ) throws(HookLogSinkError) {
        self.init(descriptor: try SinkTarget.open(target), limitBytes: limitBytes, changing: changing)
    }

    /// - Parameters:
    ///   - descriptor: is closed with the observer.
    ///   - limitBytes: of lines that wait.
    ///   - changing: may take out of each line what must not be written, on the thread of the connection.
    public init(
        descriptor: Int32, limitBytes: Int = HookLogObserver.defaultLimitBytes,
        changing: (@Sendable (inout HookLine) -> Void)? = nil
    ) {
        self.changing = changing
        self.sink = LineSink(descriptor: descriptor, limitBytes: limitBytes)
        // A file may be appended to by several runs: their connections are not to be taken for one.
        self.prefix = "\(getpid())-\(UInt32.random(in: 0...UInt32.max))-"
    }

    public func observe(_ traffic: Traffic) {
        guard var line = HookLine(traffic, prefix: self.prefix) else { return }
        self.changing?(&line)
        var text = ""
        line.write(to: &text)
        self.sink.push(text)
    }

    /// Lines that were not written, for want of room or after an error.
    public var dropped: UInt64 { self.sink.dropped }

    /// Writes what waits, and closes. At most five seconds for a reader that takes nothing.
    public func close() {
        self.sink.close()
    }

    deinit {
        self.sink.close(within: 0)
    }
}

/// Several observers as one.
public struct TrafficObservers: TrafficObserver {
    public let all: [any TrafficObserver]

    public init(_ all: [any TrafficObserver]) {
        self.all = all
    }

    public func observe(_ traffic: Traffic) {
        for observer in self.all { observer.observe(traffic) }
    }
}
