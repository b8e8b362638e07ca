internal import Foundation
public import Recording
public import SocketIOClient
import Synchronization
public import TimelineModel

/// A client of our own as a source of traffic: connects, and records what crosses the wire.
public final class ClientTap: LiveTap {
    /// What a user may want to know at once.
    public enum News: Sendable {
        /// An end; the pause before the next attempt, nil where it was the last. A last one that is told as the
        /// recording's error is none.
        case ended(SocketIOEnd, Duration?)
    }

    private struct State {
        var client: SocketIOClient?
        var observer: TimelineObserver?
        var trouble: String?
    }

    private let url: SocketIOURL
    private let urlText: String
    /// For those who read along.
    private let shownURL: String
    private let configuration: SocketIOConfiguration
    private let reconnects: Bool
    private let setUp: @Sendable (SocketIOClient) throws -> Void
    private let tell: @Sendable (News) -> Void
    private let over: @Sendable () -> String?
    private let state = Mutex(State())
    private let ended = DispatchSemaphore(value: 0)

    /// - Parameters:
    ///   - reconnects: whether to connect again after an end.
    ///   - redactor: of the recording: what is shown has no secrets either.
    ///   - setUp: makes the namespaces and their handlers, before the client connects.
    ///   - tell: gets the news.
    ///   - over: called behind the client's end; gives what there is to be said in the summary.
    public init(
        _ url: String, _ configuration: SocketIOConfiguration, reconnects: Bool, redactor: Redactor?,
        setUp: @escaping @Sendable (SocketIOClient) throws -> Void, tell: @escaping @Sendable (News) -> Void,
        over: @escaping @Sendable () -> String? = { nil }
    ) throws {
        self.url = try SocketIOURL(url)
        self.urlText = url
        self.shownURL = redactor?.url(self.url.description) ?? self.url.description
        self.configuration = configuration
        self.reconnects = reconnects
        self.setUp = setUp
        self.tell = tell
        self.over = over
    }

    public var captures: [CaptureFacts] {
        [CaptureFacts(kind: .client, source: self.url.description, tap: .client)]
    }

    public func start(
        _ recording: LiveRecording, ended: @escaping @Sendable ((any Error)?) -> Void
    ) throws -> String {
        let observer = TimelineObserver(recording, self.captures[0])
        var configuration = self.configuration
        configuration.observer = configuration.observer.map { TrafficObservers([observer, $0]) } ?? observer
        let client = try SocketIOClient(self.urlText, configuration)
        self.state.withLock { $0 = State(client: client, observer: observer) }
        do {
            try self.setUp(client)
        } catch {
            observer.finish()
            throw error
        }
        Task {
            let end: SocketIOEnd
            if self.reconnects {
                // Stopped in a pause, it has been told already.
                end = await client.run { end, pause in
                    if pause != nil || !Self.hasFailed(client, end) { self.tell(.ended(end, pause)) }
                }
            } else {
                end = await client.connect()
                if !Self.hasFailed(client, end) { self.tell(.ended(end, nil)) }
            }
            // Told before `stop` returns.
            defer { self.ended.signal() }
            if Self.hasFailed(client, end) {
                ended(TapError("\(self.shownURL): \(end)"))
            } else if end == .closedByClient, !observer.hasHeardServer {
                let what = observer.hasOpened ? "the server had sent nothing" : "there was no connection yet"
                ended(NothingRecorded("\(self.shownURL): no session came about; \(what) when the recording ended"))
            } else {
                ended(nil)
            }
        }
        return "connecting to \(self.shownURL)"
    }

    /// There never was a session to record: for the user of a recording an error, while other ends, and outages behind a
    /// session, are what a recording is for.
    private static func hasFailed(_ client: SocketIOClient, _ end: SocketIOEnd) -> Bool {
        end.hadNoSession && !client.hasConnected
    }

    public func stop() {
        let state = self.state.withLock { $0 }
        state.client?.close()
        // A handler that hangs is not waited for; its connection is closed all the same.
        if state.client != nil { _ = self.ended.wait(timeout: .now() + 10) }
        state.observer?.finish()
        let trouble = self.over()
        self.state.withLock { $0.trouble = trouble }
    }

    public var trouble: String? { self.state.withLock { $0.trouble } }
}

extension SocketIOEnd {
    /// No session came about on the connection that ended so.
    fileprivate var hadNoSession: Bool {
        switch self {
        case .authFailed, .unreachable, .tlsFailed, .refused, .badHandshake, .namespaceRefused, .serverTooOld: true
        case .closedByClient, .closedByServer, .connectionLost, .webSocketFailed, .messageTooBig, .engineIO, .socketIO,
            .namespaceUnanswered, .disconnectedByServer, .leftAllNamespaces, .alreadyRunning:
            false
        }
    }
}
