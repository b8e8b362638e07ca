import Replay
import SocketIO
import SocketIOClient
import Synchronization

/// The client of this tool as a client under test: it keeps the contract of docs/conformance.md.
struct BundledClient {
    private let client: SocketIOClient
    private let task: Task<Void, Never>

    /// The scenarios that it cannot take part in.
    static func obstacle(_ scenario: Scenario) -> String? {
        scenario.transports == .websocket ? nil : "the bundled client speaks WebSocket alone"
    }

    /// Connects at once.
    init(_ scenario: Scenario, url: String, ended: @escaping @Sendable () -> Void) throws {
        let attempts = Attempts()
        var configuration = SocketIOConfiguration()
        configuration.auth = { namespace in
            guard namespace == "/" else { return nil }
            return ["attempt": SocketIOValue(attempts.next())]
        }
        let client = try SocketIOClient(url, configuration)
        for name in scenario.namespaces { Self.handle(try client.namespace(name), of: client) }
        self.client = client
        self.task = Task {
            _ = await client.run()
            ended()
        }
    }

    /// Ends it, and waits until it is over.
    func stop() async {
        self.client.close()
        self.task.cancel()
        await self.task.value
    }

    private static func handle(_ namespace: SocketIONamespace, of client: SocketIOClient) {
        namespace.on("message") { event in try? await namespace.emit("message-back", with: event.arguments) }
        namespace.on("message-with-ack") { event in try? await event.acknowledge(with: event.arguments) }
        namespace.on("ask") { event in
            guard case .string(let name)? = event.arguments.first else { return }
            let arguments = Array(event.arguments.dropFirst())
            // Handlers run one after the other: one that waits for an answer would hold up the next question.
            Task {
                guard let answer = try? await namespace.emit(name, with: arguments, ackTimeout: .seconds(30)) else {
                    return
                }
                try? await namespace.emit("answered", with: answer)
            }
        }
        namespace.on("burst") { event in
            guard event.arguments.count == 2, case .number(let text) = event.arguments[0], let count = Int(text) else {
                return
            }
            for number in 0..<max(0, count) {
                try? await namespace.emit("item", SocketIOValue(number), event.arguments[1])
            }
        }
        namespace.on("leave") { _ in try? await namespace.disconnect() }
        namespace.on("quit") { _ in client.close() }
    }
}

/// Counts the connections of one client.
private final class Attempts: Sendable {
    private let count = Mutex<Int64>(0)

    func next() -> Int64 {
        self.count.withLock { count in
            count += 1
            return count
        }
    }
}
