public import NIOCore
import NIOPosix

/// The one thread that drivers share.
public final class DriverThread: Sendable {
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    public init() {}

    public var loop: any EventLoop { self.group.next() }

    /// Calls once all of them are kept or broken.
    public func whenComplete(_ futures: [EventLoopFuture<Void>], _ done: @escaping @Sendable () -> Void) {
        EventLoopFuture.andAllComplete(futures, on: self.loop).whenComplete { _ in done() }
    }

    /// Ends it, once its drivers are stopped. Waits; not to be called on the loop.
    @available(*, noasync)
    public func end() { try? self.group.syncShutdownGracefully() }

    public func end() async { try? await self.group.shutdownGracefully() }
}
