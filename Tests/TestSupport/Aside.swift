import Foundation

/// Something that blocks, on a thread of its own: tests share too few for that.
package final class Aside<Value: Sendable>: @unchecked Sendable {
    private let done = DispatchSemaphore(value: 0)
    private var result: Result<Value, any Error>?

    package init(_ work: @escaping @Sendable () throws -> Value) {
        Thread.detachNewThread {
            self.result = Result(catching: work)
            self.done.signal()
        }
    }

    /// Waits for it; once.
    package func value() throws -> Value {
        self.done.wait()
        guard let result else { throw CocoaError(.featureUnsupported) }
        return try result.get()
    }
}
