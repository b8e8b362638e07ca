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
            let namespace = SocketIONamespace(name, of: ObjectIdentifier(self), auth: self.configuration.auth)
            if let connection = state.connection { namespace.opened(connection) }
            if state.isClosed { namespace.closed() }
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
        let connection = self.makeConnection()
        defer { connection.handlersReturned() }
        return await ClientConnection.$handled.withValue(connection) { await self.live(connection).end }
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
            let connection = self.makeConnection()
            let (end, retryNs) = await ClientConnection.$handled.withValue(connection) {
                let (end, livedNs) = await self.live(connection)
                let mayReconnect = end.mayReconnect && !self.isClosed && !Task.isCancelled
                var retryNs: Int64?
                if case .retry(let afterNs) = machine.ended(
                    mayReconnect: mayReconnect, livedNs: livedNs, random: .random(in: 0...1))
                {
                    retryNs = afterNs
                }
                await ended(end, retryNs.map { .nanoseconds($0) })
                return (end, retryNs)
            }
            connection.handlersReturned()
            guard let retryNs, await self.pause(forNs: retryNs) else { return end }
        }
    }

    /// Ends the connection cleanly: DISCONNECT in each namespace, then a close frame; `connect` returns behind that, and
    /// behind the handlers of what came before. The supervisor does not connect again. An auth callback that is at work
    /// is cancelled, and its end not waited for; whoever waits for a namespace is told that it will not be. Waits for
    /// nothing.
    public func close() {
        let (connection, namespaces, abandonWait) = self.state.withLock { state in
            state.isClosed = true
            return (state.connection, state.namespaces, state.abandonWait)
        }
        connection?.close()
        for namespace in namespaces { namespace.closed() }
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
                    SocketIONamespace(
                        SocketIOPacket.rootNamespace, of: ObjectIdentifier(self), auth: self.configuration.auth))
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

    private func makeConnection() -> ClientConnection {
        ClientConnection(of: ObjectIdentifier(self)) { [weak self] in
            for namespace in self?.all ?? [] { namespace.releaseHandlers() }
        }
    }

    private func live(_ connection: ClientConnection) async -> (end: SocketIOEnd, livedNs: Int64) {
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
            return await self.follow(connection, asked: Set(namespaces.map(\.name)))
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
    ///
    /// - Parameter asked: the namespaces whose CONNECT goes out as the connection opens.
    private func follow(
        _ connection: ClientConnection, asked: Set<String>
    ) async -> (SocketIOEnd, openedAt: ContinuousClock.Instant?) {
        // In a task of its own: a stream ends for a task that is cancelled, and the goodbyes are still to be said.
        let deliveries = connection.deliveries
        let follower = Task { () -> (SocketIOEnd, openedAt: ContinuousClock.Instant?) in
            let batch = max(1, min(256, self.configuration.deliveryLimit / 4))
            var taken = 0
            var openedAt: ContinuousClock.Instant?
            var catchingUp: Task<Void, Never>?
            defer { catchingUp?.cancel() }
            for await delivery in deliveries {
                switch delivery {
                case .opened:
                    openedAt = .now
                    catchingUp = self.catchUp(connection, asked: asked)
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

    /// Joins what was made, or wanted again, while the connection was dialled, and leaves what was left meanwhile. In a
    /// task of its own, as auth payloads take their time; nil where there is nothing to do.
    private func catchUp(_ connection: ClientConnection, asked: Set<String>) -> Task<Void, Never>? {
        let changed = self.all.filter { $0.isWanted != asked.contains($0.name) }
        guard !changed.isEmpty else { return nil }
        return Task {
            for namespace in changed where !namespace.isWanted {
                // One that was left a moment ago is being left already.
                _ = await connection.perform(EmitRequest(.leave, namespace: namespace.name))
            }
            for namespace in changed where !asked.contains(namespace.name) {
                await self.joinLate(namespace, on: connection)
            }
        }
    }

    private func joinLate(_ namespace: SocketIONamespace, on connection: ClientConnection) async {
        do {
            let payload = try await namespace.makeAuth()
            guard namespace.isWanted else { return }
            _ = try await connection.perform(EmitRequest(.join(auth: payload), namespace: namespace.name)).get()
        } catch SocketIOEmitError.request, SocketIOEmitError.disconnected, SocketIOEmitError.cancelled {
            // The user was faster, or the connection is over: the next one joins it.
        } catch {
            connection.fail(namespace.name, .authFailed(String(describing: error)))
        }
    }

    private func known(_ name: String) -> SocketIONamespace? {
        self.state.withLock { $0.namespaces.first { $0.name == name } }
    }
}
