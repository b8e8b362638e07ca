import Foundation
import SocketIO
import SocketIOClient
import Synchronization
import Taps

/// The talk of `record client`: prints what the client receives, and emits what standard input asks for.
final class ClientConsole: Sendable {
    private let namespaces: [String]
    private let answer: [SocketIOValue]?
    private let printer: EventPrinter
    /// Namespaces that lines were left out for since they were connected.
    private let unconnected = Mutex<Set<String>>([])
    private let hasToldOfEnd = Mutex(false)
    /// Lines that were read, and are neither sent nor told of.
    private let inFlight = DispatchGroup()

    /// - Parameters:
    ///   - namespaces: that are joined.
    ///   - answer: to events that ask for an ack; nil for none.
    init(namespaces: [String], answer: [SocketIOValue]?, printer: EventPrinter) {
        self.answer = answer
        self.namespaces = namespaces
        self.printer = printer
    }

    private static var nowNs: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Makes namespaces and handlers.
    func setUp(_ client: SocketIOClient, emits: Bool) throws {
        for name in self.namespaces {
            let namespace = try client.namespace(name)
            namespace.onConnect { sid in
                self.unconnected.withLock { _ = $0.remove(name) }
                StandardError.write("connected to \(Escaping.visible(name)) as \(Escaping.visible(sid))\n")
            }
            namespace.onAny { [self] event in
                self.print(
                    .event(name: event.name, arguments: event.arguments, ackID: event.ackID), event.namespace, client)
                if let answer { try? await event.acknowledge(with: answer) }
            }
            // With one namespace the connection's end says it.
            let isOneOfMany = self.namespaces.count > 1
            namespace.onEnd { end in
                guard isOneOfMany, !end.isClean else { return }
                StandardError.write("\(Escaping.visible(name)) ended: \(Self.line(end))\n")
            }
        }
        if emits { self.readStandardInput(client) }
    }

    func tell(_ news: ClientTap.News) {
        switch news {
        case .ended(let end, let pause?):
            let ns = pause.components.seconds * 1_000_000_000 + pause.components.attoseconds / 1_000_000_000
            StandardError.write("\(Self.line(end)); reconnecting in \(Measures.duration(nanoseconds: ns))\n")
        case .ended(let end, nil):
            if !end.isClean { StandardError.write("\(Self.line(end))\n") }
        }
    }

    private static func line(_ end: SocketIOEnd) -> String { Escaping.visible(end.description) }

    /// Nobody reads any more: the recording ends.
    private func print(_ item: EventPrinter.Item, _ namespace: String, _ client: SocketIOClient) {
        do {
            try StandardOutput.shared.write(self.printer.line(item, namespace: namespace, atNs: Self.nowNs))
            try StandardOutput.shared.flush()
        } catch {
            client.close()
        }
    }

    /// The client is over: waits until it is told what became of lines that were read.
    func finish() {
        _ = self.inFlight.wait(timeout: .now() + 1)
    }

    // MARK: Standard input

    /// One line at a time: the next is read once the server can take more. None any more once the client is closed.
    private func readStandardInput(_ client: SocketIOClient) {
        Thread.detachNewThread { [self] in
            var number = 0
            while let text = readLine() {
                number += 1
                if text.allSatisfy(\.isWhitespace) { continue }
                let place = "standard input, line \(number)"
                guard !client.isClosed else { return self.tellOfEnd(place) }
                let done = DispatchSemaphore(value: 0)
                self.inFlight.enter()
                Task {
                    await self.emit(text, place, client) { done.signal() }
                    done.signal()
                    self.inFlight.leave()
                }
                done.wait()
            }
        }
    }

    /// - Parameter goOn: is called where the next line may be read earlier than at the end: an ack is not waited for.
    private func emit(_ text: String, _ place: String, _ client: SocketIOClient, goOn: @Sendable () -> Void) async {
        func complain(_ what: String) { StandardError.write("\(place)\(Escaping.visible(what))\n") }
        do {
            let line = try EmitLine(text)
            guard self.namespaces.contains(line.namespace) else {
                throw ToolError("namespace \(line.namespace) is not joined; add --namespace \(line.namespace)")
            }
            if try await self.send(line, client, goOn) { return }
            if client.isClosed {
                self.tellOfEnd(place)
            } else if self.unconnected.withLock({ $0.insert(line.namespace).inserted }) {
                // Once: there may be thousands.
                complain(": namespace \(line.namespace) is not connected; this and further lines for it are left out")
            }
        } catch {
            complain(": \(error); the line is left out")
        }
    }

    /// Once, for the first line that was not sent.
    private func tellOfEnd(_ place: String) {
        let isFirst = self.hasToldOfEnd.withLock { hasTold in
            defer { hasTold = true }
            return !hasTold
        }
        if isFirst { StandardError.write("\(place), and what follows it, is left out: the recording ends\n") }
    }

    /// Waits for a connection where there is none, as long as one may come.
    ///
    /// - Returns: false where none came.
    private func send(_ line: EmitLine, _ client: SocketIOClient, _ goOn: @Sendable () -> Void) async throws -> Bool {
        let namespace = try client.namespace(line.namespace)
        while await namespace.waitUntilConnected() {
            do throws(SocketIOEmitError) {
                if let ms = line.ackTimeoutMs {
                    goOn()
                    try await self.ask(line, within: .milliseconds(ms), namespace, client)
                } else {
                    try await namespace.emit(line.event, with: line.arguments)
                }
                return true
            } catch {
                switch error {
                // The connection ended before it was sent: the next one takes it.
                case .disconnected: break
                case .request(.notConnected):
                    // The server has just ended this namespace alone.
                    if namespace.isConnected { return false }
                default: throw error
                }
            }
        }
        return false
    }

    /// - Throws: only where nothing was sent, for there is no connection.
    private func ask(
        _ line: EmitLine, within time: Duration, _ namespace: SocketIONamespace, _ client: SocketIOClient
    ) async throws(SocketIOEmitError) {
        let item: EventPrinter.Item
        do throws(SocketIOEmitError) {
            let answer = try await namespace.emit(line.event, with: line.arguments, ackTimeout: time)
            item = .ack(event: line.event, arguments: answer)
        } catch {
            if case .request(.notConnected) = error { throw error }
            item = .noAck(event: line.event, reason: error.description)
        }
        self.print(item, line.namespace, client)
    }
}
