public import SocketIO
import Synchronization

/// A Socket.IO client: Engine.IO 4 and Socket.IO 5 over a WebSocket.
///
/// ```swift
/// let client = try SocketIOClient("https://example.org", configuration)
/// let chat = try client.namespace("/chat")
/// chat.on("message") { event in print(event.arguments) }
/// let end = await client.connect()      // returns when the connection is over, and says why
/// ```
///
/// All of it may be used from any task. A client has one connection at a time: `connect` or `run`, called while one of
/// them has not returned, does nothing and returns `.alreadyRunning`. Pings are answered, and a server that stops pinging is noticed; the client sends
/// none of its own.
public final class SocketIOClient: Sendable {
    private struct State {
        /// In the order in which they were made.
        var namespaces: [SocketIONamespace] = []
        var connection: ClientConnection?
        /// `connect` or `run` has not returned.
        var isRunning = false
        var hasConnected = false
        var isClosed = false
        /// Ends the wait for an auth payload, or between two connections.
        var abandonWait: (@Sendable () -> Void)?
    }

    public let url: SocketIOURL
    public let configuration: SocketIOConfiguration
    private let state = Mutex(State())

    public init(
        _ url: String, _ configuration: SocketIOConfiguration = SocketIOConfiguration()
    ) throws(SocketIOURLError) {
        self.url = try SocketIOURL(url)
        self.configuration = configuration
    }

    /// A namespace of this client; the same one for the same name. Every one that was made before a connection opens is
    /// joined then; without any, the root is.
    public func namespace(_ name: String = SocketIOPacket.rootNamespace) throws(SocketIORequestError)
        -> SocketIONamespace
    {
        guard let name = SocketIOPacket.normalized(namespace: name) else { throw .badNamespace(name) }
        return self.state.withLock { state in
            if let known = state.namespaces.first(where: { $0.name == name }) { return known }
            let namespace = SocketIONamespace(name, auth: self.configuration.auth)
            if let connection = state.connection { namespace.opened(connection) }
            state.namespaces.append(namespace)
            return namespace
        }
    }

    /// Connects once, and returns when the connection is over. Cancelling the task ends it cleanly.
    ///
    /// Each call of this or `run` joins every namespace anew, with fresh auth: also one that the server had refused or
    /// ended. One that was left with `disconnect()` stays left until its own `connect()`, as in the reference client;
    /// only where that would leave none to join, all are joined again.
    public func connect() async -> SocketIOEnd {
        guard self.begin() else { return .alreadyRunning }
        defer { self.finish() }
        return await self.live().end
    }

    /// Connects, and again after each end that is not for good, with a fresh auth payload; see `ReconnectPolicy` and
    /// `SocketIOEnd.mayReconnect`. A reconnect joins the namespaces that are left: not one that the server refused or
    /// ended meanwhile, until its own `connect()`.
    ///
    /// - Parameter ended: is told of each end, and how long the pause is; nil where it was the last.
    /// - Returns: the last end. Cancelling the task ends it cleanly.
    public func run(_ ended: @Sendable (SocketIOEnd, Duration?) async -> Void = { _, _ in }) async -> SocketIOEnd {
        guard self.begin() else { return .alreadyRunning }
        defer { self.finish() }
        var machine = ReconnectMachine(self.configuration.reconnect)
        while true {
            let (end, livedNs) = await self.live()
            let mayReconnect = end.mayReconnect && !self.state.withLock { $0.isClosed } && !Task.isCancelled
            switch machine.ended(mayReconnect: mayReconnect, livedNs: livedNs, random: .random(in: 0...1)) {
            case .stop:
                await ended(end, nil)
                return end
            case .retry(let afterNs):
                await ended(end, .nanoseconds(afterNs))
                guard await self.pause(forNs: afterNs) else { return end }
            }
        }
    }

    /// Ends the connection cleanly: DISCONNECT in each namespace, then a close frame; `connect` returns behind that. The
    /// supervisor does not connect again. An auth callback that is at work is cancelled, and its end not waited for.
    /// Waits for nothing.
    public func close() {
        let (connection, abandonWait) = self.state.withLock { state in
            state.isClosed = true
            return (state.connection, state.abandonWait)
        }
        connection?.close()
        abandonWait?()
    }

    /// `close` was called: the client will not connect again.
    public var isClosed: Bool { self.state.withLock { $0.isClosed } }

    /// A server has accepted a namespace, on this connection or an earlier one.
    public var hasConnected: Bool { self.state.withLock { $0.hasConnected } }

    private var all: [SocketIONamespace] { self.state.withLock { $0.namespaces } }

    /// False where it runs already.
    private func begin() -> Bool {
        self.state.withLock { state in
            guard !state.isRunning else { return false }
            state.isRunning = true
            if state.namespaces.isEmpty {
                state.namespaces.append(
                    SocketIONamespace(SocketIOPacket.rootNamespace, auth: self.configuration.auth))
            }
            let areAllLeft = state.namespaces.allSatisfy(\.isLeft)
            for namespace in state.namespaces { namespace.begin(rejoins: areAllLeft) }
            return true
        }
    }

    private func finish() {
        self.state.withLock { state in
            // Under the lock: those that wait for the next run are not to be told of the end of this one.
            for namespace in state.namespaces { namespace.gaveUp() }
            state.isRunning = false
        }
    }

    /// False where the wait was broken off.
    private func pause(forNs ns: Int64) async -> Bool {
        await self.unlessClosed { _ = try? await Task.sleep(nanoseconds: UInt64(max(0, ns))) } != nil
    }

    /// What the work gives; nil at once where the client is closed, or the task cancelled, before.
    private func unlessClosed<Value: Sendable>(_ work: @escaping @Sendable () async -> Value) async -> Value? {
        let wait = Abandonable<Value>()
        let isClosed = self.state.withLock { state in
            state.abandonWait = { wait.abandon() }
            return state.isClosed
        }
        if isClosed { wait.abandon() }
        defer { self.state.withLock { $0.abandonWait = nil } }
        return await wait.value(of: work)
    }

    // MARK: One connection

    private func live() async -> (end: SocketIOEnd, livedNs: Int64) {
        let connection = ClientConnection()
        let (namespaces, isClosed) = self.state.withLock { state in
            state.connection = connection
            return (state.namespaces.filter(\.isWanted), state.isClosed)
        }
        defer { self.state.withLock { $0.connection = nil } }
        guard !isClosed else { return (.closedByClient, 0) }
        // Left while there was no connection: one without a namespace would never end.
        guard !namespaces.isEmpty else { return (.leftAllNamespaces, 0) }
        let auths: [(namespace: String, payload: SocketIOValue?)]
        switch await self.unlessClosed({ await Self.auths(of: namespaces) }) {
        case .success(let made): auths = made
        case .failure(let end): return (end, 0)
        case nil: return (.closedByClient, 0)
        }
        for namespace in self.all { namespace.opened(connection) }
        let (end, openedAt) = await withTaskCancellationHandler {
            await connection.open(self.url, self.configuration, auths: auths)
            return await self.follow(connection)
        } onCancel: {
            connection.close()
        }
        self.state.withLock { $0.connection = nil }
        for namespace in self.all { await namespace.ended(end, isOver: true) }
        let lived = openedAt.map { ContinuousClock.now - $0 } ?? .zero
        return (end, lived.saturatingNs)
    }

    private static func auths(
        of namespaces: [SocketIONamespace]
    ) async -> Result<[(namespace: String, payload: SocketIOValue?)], SocketIOEnd> {
        var auths: [(namespace: String, payload: SocketIOValue?)] = []
        do {
            for namespace in namespaces { auths.append((namespace.name, try await namespace.makeAuth())) }
        } catch {
            return .failure(.authFailed(String(describing: error)))
        }
        return .success(auths)
    }

    /// Takes deliveries until the last.
    private func follow(_ connection: ClientConnection) async -> (SocketIOEnd, openedAt: ContinuousClock.Instant?) {
        // In a task of its own: a stream ends for a task that is cancelled, and the goodbyes are still to be said.
        let deliveries = connection.deliveries
        let follower = Task { () -> (SocketIOEnd, openedAt: ContinuousClock.Instant?) in
            let batch = max(1, min(256, self.configuration.deliveryLimit / 4))
            var taken = 0
            var openedAt: ContinuousClock.Instant?
            for await delivery in deliveries {
                switch delivery {
                case .opened: openedAt = .now
                case .connected(let name, let sid):
                    self.state.withLock { $0.hasConnected = true }
                    await self.known(name)?.connected(sid: sid)
                case .namespaceEnded(let name, let end): await self.known(name)?.ended(end, isOver: false)
                case .event(let event):
                    await self.known(event.namespace)?.receive(
                        SocketIOEvent(
                            namespace: event.namespace, name: event.name, arguments: event.arguments,
                            ackID: event.ackID, connection: connection))
                case .ended(let end): return (end, openedAt)
                }
                taken += 1
                if taken == batch {
                    connection.delivered(taken)
                    taken = 0
                }
            }
            return (.closedByClient, openedAt)
        }
        return await follower.value
    }

    private func known(_ name: String) -> SocketIONamespace? {
        self.state.withLock { $0.namespaces.first { $0.name == name } }
    }
}
