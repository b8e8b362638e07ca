import Foundation
import SocketIO
import SocketIOClient
import Taps

/// The talk of `record client`: prints what the client receives, and emits what standard input asks for.
final class ClientConsole: Sendable {
    private let namespaces: [String]
    private let answer: [SocketIOValue]?
    private let printer: EventPrinter

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

    // MARK: Standard input

    /// One line at a time: the next is read once the server can take more.
    private func readStandardInput(_ client: SocketIOClient) {
        Thread.detachNewThread { [self] in
            var number = 0
            while let line = readLine() {
                number += 1
                if line.allSatisfy(\.isWhitespace) { continue }
                let sent = DispatchSemaphore(value: 0)
                let place = number
                Task {
                    await self.emit(line, place, client) { sent.signal() }
                }
                sent.wait()
            }
        }
    }

    /// - Parameter sent: is called once, when the next line may be read: an ack is not waited for.
    private func emit(_ text: String, _ number: Int, _ client: SocketIOClient, sent: @Sendable () -> Void) async {
        func complain(_ what: String) {
            StandardError.write("standard input, line \(number): \(Escaping.visible(what)); the line is left out\n")
        }
        do {
            let line = try EmitLine(text)
            guard self.namespaces.contains(line.namespace) else {
                complain("namespace \(line.namespace) is not joined; add --namespace \(line.namespace)")
                return sent()
            }
            let namespace = try client.namespace(line.namespace)
            guard await namespace.waitUntilConnected() else { return sent() }
            guard let ms = line.ackTimeoutMs else {
                defer { sent() }
                return try await namespace.emit(line.event, with: line.arguments)
            }
            sent()
            do {
                let answer = try await namespace.emit(
                    line.event, with: line.arguments, ackTimeout: .milliseconds(ms))
                self.print(.ack(event: line.event, arguments: answer), line.namespace, client)
            } catch {
                self.print(.noAck(event: line.event, reason: error.description), line.namespace, client)
            }
        } catch {
            complain(String(describing: error))
            sent()
        }
    }
}
