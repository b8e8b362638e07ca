import SocketIO
import Synchronization
import TimelineModel

extension Result where Success == [SocketIOValue], Failure == SocketIOEmitError {
    /// Nothing was sent.
    static func notConnected(_ namespace: String) -> Self {
        .failure(.request(.notConnected(namespace: namespace)))
    }
}

/// Something that a user's task asks of a connection, and waits for.
final class EmitRequest: Sendable {
    typealias Result = Swift.Result<[SocketIOValue], SocketIOEmitError>

    enum Kind: Sendable {
        case emit(name: String, arguments: [SocketIOValue])
        case acknowledge(id: Int64, arguments: [SocketIOValue])
        case join(auth: SocketIOValue?)
        case leave
    }

    private enum State {
        case idle
        case waiting(CheckedContinuation<Result, Never>)
        case done(Result)
    }

    let namespace: String
    let ack: SocketIOClientMachine.AckRequest?
    private let kind: Kind
    private let state = Mutex(State.idle)

    var isLeave: Bool {
        if case .leave = self.kind { true } else { false }
    }

    private static let tokens = Atomic<UInt64>(0)

    init(_ kind: Kind, namespace: String, ackTimeoutNs: Int64?? = .none) {
        self.kind = kind
        self.namespace = namespace
        switch ackTimeoutNs {
        case .none: self.ack = nil
        case .some(let timeout):
            self.ack = SocketIOClientMachine.AckRequest(
                token: Self.tokens.wrappingAdd(1, ordering: .relaxed).newValue, timeoutNs: timeout)
        }
    }

    func actions(
        _ machine: inout SocketIOClientMachine, at now: Timestamp
    ) throws(SocketIORequestError) -> [SocketIOClientMachine.Action] {
        switch self.kind {
        case .emit(let name, let arguments):
            try machine.emit(name, arguments, namespace: self.namespace, ack: self.ack, at: now)
        case .acknowledge(let id, let arguments): try machine.acknowledge(id, arguments, namespace: self.namespace)
        case .join(let auth): try machine.connect(self.namespace, auth: auth, at: now)
        case .leave: try machine.disconnect(self.namespace)
        }
    }

    // MARK: The waiting task

    var isCancelled: Bool {
        self.state.withLock { if case .done = $0 { true } else { false } }
    }

    /// Waits for `finish`; `submit` begins the work.
    func result(_ submit: () -> Void) async -> Result {
        await withCheckedContinuation { continuation in
            let early: Result? = self.state.withLock { state in
                if case .done(let result) = state { return result }
                state = .waiting(continuation)
                return nil
            }
            if let early { continuation.resume(returning: early) } else { submit() }
        }
    }

    /// The first result counts.
    func finish(_ result: Result) {
        let continuation: CheckedContinuation<Result, Never>? = self.state.withLock { state in
            defer {
                if case .done = state {} else { state = .done(result) }
            }
            if case .waiting(let continuation) = state { return continuation }
            return nil
        }
        continuation?.resume(returning: result)
    }
}
