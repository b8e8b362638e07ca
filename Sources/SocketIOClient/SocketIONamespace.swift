public import SocketIO
import Synchronization

/// An event as a handler gets it.
public struct SocketIOEvent: Sendable {
    public let namespace: String
    public let name: String
    public let arguments: [SocketIOValue]
    /// The server's id of the ack it asks for; nil where it asks for none.
    public let ackID: Int64?
    let connection: ClientConnection

    /// Answers the server. Does nothing where it did not ask; a server ignores a second answer.
    public func acknowledge(_ arguments: SocketIOValue...) async throws(SocketIOEmitError) {
        try await self.acknowledge(with: arguments)
    }

    public func acknowledge(with arguments: [SocketIOValue]) async throws(SocketIOEmitError) {
        guard let ackID else { return }
        let request = EmitRequest(.acknowledge(id: ackID, arguments: arguments), namespace: self.namespace)
        _ = try await self.connection.perform(request).get()
    }
}

/// One namespace of a client: its handlers stay for all connections. Safe to use from any task.
public final class SocketIONamespace: Sendable {
    public typealias Handler = @Sendable (SocketIOEvent) async -> Void

    private struct State {
        var handlers: [String: Handler] = [:]
        var anyHandler: Handler?
        var connectHandler: (@Sendable (_ sid: String) async -> Void)?
        var endHandler: (@Sendable (SocketIOEnd) async -> Void)?
        var connection: ClientConnection?
        var sid: String?
        /// The user left it; it stays so until the user joins it again.
        var isLeft = false
        /// It is not joined when the running client connects again: the server said no, or the user left it.
        var isOut = false
        /// The client is closed: it will not be joined any more.
        var isClosed = false
        var waiters: [UInt64: Waiter] = [:]
        var nextWaiter: UInt64 = 0

        /// Not on a connection that is being closed, which takes nothing any more.
        var isJoined: Bool { self.sid != nil && self.connection?.isOpen == true }

        mutating func takeWaiters() -> [CheckedContinuation<Bool, Never>] {
            defer { self.waiters = [:] }
            return self.waiters.values.map(\.continuation)
        }
    }

    private struct Waiter {
        let continuation: CheckedContinuation<Bool, Never>
        /// It waits in a handler of this one.
        let handled: ClientConnection?
    }

    /// As on the wire: with its slash.
    public let name: String
    private let client: ObjectIdentifier
    private let auth: SocketIOConfiguration.Auth?
    private let state = Mutex(State())

    init(_ name: String, of client: ObjectIdentifier, auth: SocketIOConfiguration.Auth?) {
        self.name = name
        self.client = client
        self.auth = auth
    }

    // MARK: Handlers

    /// Handles an event; another handler for it goes. Handlers run one after the other, in the order of the wire. While
    /// one waits, events behind it wait; when too many do, the socket is not read, and pings are not answered. Nor does
    /// the client end, or connect again, before they have returned.
    public func on(_ event: String, _ handler: @escaping Handler) {
        self.state.withLock { $0.handlers[event] = handler }
    }

    /// Handles the events that no other handler takes.
    public func onAny(_ handler: @escaping Handler) {
        self.state.withLock { $0.anyHandler = handler }
    }

    /// The server has accepted the namespace; at every reconnect anew.
    public func onConnect(_ handler: @escaping @Sendable (_ sid: String) async -> Void) {
        self.state.withLock { $0.connectHandler = handler }
    }

    /// The namespace, or the connection with it, has ended.
    public func onEnd(_ handler: @escaping @Sendable (SocketIOEnd) async -> Void) {
        self.state.withLock { $0.endHandler = handler }
    }

    // MARK: Asking

    /// The server's name of this client in the namespace; nil while it is not connected.
    public var sid: String? { self.state.withLock { $0.isJoined ? $0.sid : nil } }

    public var isConnected: Bool { self.sid != nil }

    /// Sends an event. Returns once it is on its way; waits while the server takes nothing. Calls of several tasks do not
    /// mix: a packet with its attachments is one.
    public func emit(_ event: String, _ arguments: SocketIOValue...) async throws(SocketIOEmitError) {
        try await self.emit(event, with: arguments)
    }

    public func emit(_ event: String, with arguments: [SocketIOValue]) async throws(SocketIOEmitError) {
        _ = try await self.perform(EmitRequest(.emit(name: event, arguments: arguments), namespace: self.name))
    }

    /// Sends an event and waits for its ack.
    ///
    /// - Parameter ackTimeout: how long to wait for it.
    public func emit(
        _ event: String, with arguments: [SocketIOValue], ackTimeout: Duration
    ) async throws(SocketIOEmitError) -> [SocketIOValue] {
        try await self.perform(
            EmitRequest(
                .emit(name: event, arguments: arguments), namespace: self.name,
                ackTimeoutNs: .some(ackTimeout.saturatingNs)))
    }

    /// Leaves this namespace alone; the client ends with its last one. It stays left, at reconnects and when the client
    /// is started again, until its `connect()`; see `SocketIOClient.connect()`. Where it is not connected, that is all,
    /// and it throws.
    public func disconnect() async throws(SocketIOEmitError) {
        self.leave()
        _ = try await self.perform(EmitRequest(.leave, namespace: self.name))
    }

    /// Joins it on the connection that is open: where it was made later, or was left, or the server refused or ended it.
    /// Where none is open it throws, and is joined with the next one.
    public func connect() async throws {
        self.state.withLock { state in
            state.isLeft = false
            state.isOut = false
        }
        let payload = try await self.auth?(self.name)
        _ = try await self.perform(EmitRequest(.join(auth: payload), namespace: self.name))
    }

    /// Waits until the server has accepted the namespace; false where it will not without a further `connect()`, as the
    /// server refused or ended it, it was left, or the client ended or was closed; and where the task was cancelled.
    ///
    /// Of little use in a handler: the answer to what it waits for is handled behind it. There, and in tasks that a
    /// handler starts (but for detached ones), it also returns false when the handler's connection ends, as the client
    /// does not reconnect before its handlers have returned.
    public func waitUntilConnected() async -> Bool {
        let number = self.state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let handled = ClientConnection.handled
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = self.state.withLock { state in
                    if state.isJoined { return true }
                    if state.isOut || state.isClosed || Task.isCancelled { return false }
                    if let handled, handled.holdsUp(self.client) { return false }
                    state.waiters[number] = Waiter(continuation: continuation, handled: handled)
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            self.state.withLock { $0.waiters.removeValue(forKey: number) }?.continuation.resume(returning: false)
        }
    }

    private func perform(_ request: EmitRequest) async throws(SocketIOEmitError) -> [SocketIOValue] {
        guard let connection = self.state.withLock({ $0.connection }) else {
            throw .request(.notConnected(namespace: self.name))
        }
        return try await connection.perform(request).get()
    }

    // MARK: What the client tells

    var isLeft: Bool { self.state.withLock { $0.isLeft } }

    /// It is to be joined when a connection opens.
    var isWanted: Bool { self.state.withLock { !$0.isOut } }

    /// The client is started.
    ///
    /// - Parameter rejoins: also where the user had left it.
    func begin(rejoins: Bool) {
        self.state.withLock { if rejoins { $0.isLeft = false } }
        if self.isLeft { self.leave() }
    }

    func makeAuth() async throws -> SocketIOValue? { try await self.auth?(self.name) }

    func opened(_ connection: ClientConnection) {
        self.state.withLock { $0.connection = connection }
    }

    func connected(sid: String) async {
        let (handler, waiters) = self.state.withLock { state in
            state.sid = sid
            return (state.connectHandler, state.takeWaiters())
        }
        for waiter in waiters { waiter.resume(returning: true) }
        await handler?(sid)
    }

    /// - Parameter isOver: the connection has ended with it.
    func ended(_ end: SocketIOEnd, isOver: Bool) async {
        let (handler, waiters) = self.state.withLock { state in
            let wasConnected = state.sid != nil
            state.sid = nil
            if isOver {
                state.connection = nil
            } else if !end.mayReconnect {
                state.isOut = true
            }
            return (wasConnected || !isOver ? state.endHandler : nil, state.isOut ? state.takeWaiters() : [])
        }
        for waiter in waiters { waiter.resume(returning: false) }
        await handler?(end)
    }

    private func leave() {
        let waiters = self.state.withLock { state in
            state.isLeft = true
            state.isOut = true
            return state.takeWaiters()
        }
        for waiter in waiters { waiter.resume(returning: false) }
    }

    /// A connection of the client takes nothing any more: whoever waits in a handler of it goes on.
    func releaseHandlers() {
        let released = self.state.withLock { state in
            let held = state.waiters.filter { $0.value.handled?.holdsUp(self.client) ?? false }
            for number in held.keys { state.waiters[number] = nil }
            return held.values
        }
        for waiter in released { waiter.continuation.resume(returning: false) }
    }

    /// The client is closed for good.
    func closed() {
        let waiters = self.state.withLock { state in
            state.isClosed = true
            return state.takeWaiters()
        }
        for waiter in waiters { waiter.resume(returning: false) }
    }

    /// The client will not connect again: nobody is to wait for it. What the server said counts no more when the client
    /// is started anew.
    func gaveUp() {
        let waiters = self.state.withLock { state in
            state.isOut = false
            return state.takeWaiters()
        }
        for waiter in waiters { waiter.resume(returning: false) }
    }

    func receive(_ event: SocketIOEvent) async {
        let handler = self.state.withLock { $0.handlers[event.name] ?? $0.anyHandler }
        await handler?(event)
    }
}

extension Duration {
    var saturatingNs: Int64 {
        let (seconds, attoseconds) = self.components
        let (ns, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, tooLong) = ns.addingReportingOverflow(attoseconds / 1_000_000_000)
        return overflow || tooLong ? (seconds < 0 ? 0 : .max) : max(0, sum)
    }
}
