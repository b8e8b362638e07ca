import Synchronization

/// A wait that can be given up: whoever waits goes on at once, also where the work does not heed its cancellation, as
/// the callback of a user may.
final class Abandonable<Value: Sendable>: Sendable {
    private enum State {
        case idle
        case waiting(CheckedContinuation<Value?, Never>, Task<Void, Never>)
        case over
    }

    private let state = Mutex(State.idle)

    /// What the work gives; nil where it was given up, or the task cancelled. To be called once.
    func value(of work: @escaping @Sendable () async -> Value) async -> Value? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = self.state.withLock { state in
                    if case .over = state { return true }
                    // It cannot be done before the lock is free.
                    state = .waiting(continuation, Task { self.finish(await work()) })
                    return false
                }
                if isOver { continuation.resume(returning: nil) }
            }
        } onCancel: {
            self.abandon()
        }
    }

    /// Also before the wait begins, or behind its end.
    func abandon() {
        self.finish(nil)
    }

    private func finish(_ value: Value?) {
        let before = self.state.withLock { state in
            defer { state = .over }
            return state
        }
        guard case .waiting(let continuation, let work) = before else { return }
        if value == nil { work.cancel() }
        continuation.resume(returning: value)
    }
}
