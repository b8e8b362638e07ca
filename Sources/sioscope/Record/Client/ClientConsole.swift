import Foundation
import SocketIO
import SocketIOClient
import Synchronization
import Taps
import TimelineModel

/// The talk of `record client`: prints what the client receives, and emits what standard input asks for.
///
/// Who reads that never holds up the connection, or the end: both are written by threads of their own, and what a reader
/// does not take is left out.
final class ClientConsole: Sendable {
    /// Bytes of events that wait for their reader, and of talk.
    private static let (eventsLimit, talkLimit) = (32 << 20, 1 << 20)
    /// What a reader has at the end, in seconds: in all, and where it takes nothing.
    private static let (patience, stalledPatience) = (10.0, 1.0)

    private let namespaces: [String]
    private let answer: [SocketIOValue]?
    private let printer: EventPrinter
    /// Namespaces that lines were left out for since they were connected.
    private let unconnected = Mutex<Set<String>>([])
    private let hasToldOfEnd = Once()
    /// Lines that were read, and are neither sent nor told of.
    private let inFlight = DispatchGroup()
    private let closing: Closing
    private let hasToldOfLoss = Once()
    private let events: LineQueue
    private let talkLines: LineQueue

    /// - Parameters:
    ///   - namespaces: that are joined.
    ///   - answer: to events that ask for an ack; nil for none.
    init(namespaces: [String], answer: [SocketIOValue]?, printer: EventPrinter) {
        self.answer = answer
        self.namespaces = namespaces
        self.printer = printer
        let closing = Closing()
        self.closing = closing
        let events = LineQueue(
            name: "events", limitBytes: Self.eventsLimit, write: { try StandardOutput.shared.writePast($0) },
            // Nobody reads any more: the recording ends.
            failed: { closing.close() })
        self.events = events
        self.talkLines = LineQueue(name: "talk", limitBytes: Self.talkLimit) { text in
            // Both often end on one terminal, where what came first is to be seen first.
            events.drain(total: 0.2, stalled: 0.1)
            StandardError.write(text)
        }
    }

    /// Closes the client, once there is one.
    private final class Closing: Sendable {
        let client = Mutex<SocketIOClient?>(nil)

        func close() { self.client.withLock { $0 }?.close() }
    }

    private static var nowNs: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Makes namespaces and handlers.
    func setUp(_ client: SocketIOClient, emits: Bool) throws {
        self.closing.client.withLock { $0 = client }
        for name in self.namespaces {
            let namespace = try client.namespace(name)
            namespace.onConnect { sid in
                self.unconnected.withLock { _ = $0.remove(name) }
                self.talk("connected to \(name) as \(sid)")
            }
            namespace.onAny { [self] event in
                self.print(
                    .event(name: event.name, arguments: event.arguments, ackID: event.ackID), event.namespace)
                if let answer { try? await event.acknowledge(with: answer) }
            }
            // With one namespace the connection's end says it.
            let isOneOfMany = self.namespaces.count > 1
            namespace.onEnd { end in
                if isOneOfMany, !end.isClean { self.talk("\(name) ended: \(end)") }
            }
        }
        if emits { self.readStandardInput(client) }
    }

    func tell(_ news: ClientTap.News) {
        switch news {
        case .ended(let end, let pause?):
            let ns = pause.components.seconds * 1_000_000_000 + pause.components.attoseconds / 1_000_000_000
            self.talk("\(end); reconnecting in \(Lapse.brief(ns))")
        case .ended(let end, nil):
            if !end.isClean { self.talk("\(end)") }
        }
    }

    /// A line for stderr.
    private func talk(_ line: String) {
        self.talkLines.push(Escaping.visible(line) + "\n")
    }

    private func print(_ item: EventPrinter.Item, _ namespace: String) {
        let isTaken = self.events.push(self.printer.line(item, namespace: namespace, atNs: Self.nowNs))
        guard !isTaken, self.hasToldOfLoss.isFirst else { return }
        self.talk("events are recorded, but not all are printed: standard output does not take them")
    }

    /// The client is over: waits until it is told what became of lines that were read, and until all is written.
    ///
    /// - Returns: for the summary: how much was not printed.
    func finish() -> String? {
        _ = self.inFlight.wait(timeout: .now() + 1)
        let lost = self.events.close(total: Self.patience, stalled: Self.stalledPatience)
        _ = self.talkLines.close(total: Self.stalledPatience, stalled: Self.stalledPatience)
        return lost > 0 ? "\(FindingsSummary.count(lost, "event")) not printed" : nil
    }

    // MARK: Standard input

    /// One line at a time: the next is read once the server can take more. None any more once the client is closed.
    private func readStandardInput(_ client: SocketIOClient) {
        Thread.detachNewThread { [self] in
            var number = 0
            var lines = InputLines()
            while let line = lines.next() {
                number += 1
                let place = "standard input, line \(number)"
                guard let text = line.text else {
                    self.talk("\(place): it is no UTF-8, from byte \(line.firstBadByte + 1) on; the line is left out")
                    continue
                }
                if text.allSatisfy(\.isWhitespace) { continue }
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
        func complain(_ what: String) { self.talk(place + what) }
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
        guard self.hasToldOfEnd.isFirst else { return }
        self.talk("\(place), and what follows it, is left out: the recording ends")
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
                    try await self.ask(line, within: .milliseconds(ms), namespace)
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
        _ line: EmitLine, within time: Duration, _ namespace: SocketIONamespace
    ) async throws(SocketIOEmitError) {
        let item: EventPrinter.Item
        do throws(SocketIOEmitError) {
            let answer = try await namespace.emit(line.event, with: line.arguments, ackTimeout: time)
            item = .ack(event: line.event, arguments: answer)
        } catch {
            if case .request(.notConnected) = error { throw error }
            item = .noAck(event: line.event, reason: error.description)
        }
        self.print(item, line.namespace)
    }
}

/// Something that is done once.
private final class Once: Sendable {
    private let isDone = Atomic<Bool>(false)

    /// True for the first who asks.
    var isFirst: Bool { !self.isDone.exchange(true, ordering: .relaxed) }
}
