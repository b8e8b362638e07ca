import TimelineModel

/// The client's side of an Engine.IO 4 session over a WebSocket. No socket, no clock: events and times go in, actions
/// come out.
///
/// ```
/// idle --transportOpened--> opening --open packet--> open --+
///                              |                       |    | ping: pong, and the watchdog begins anew
///                              +-- timeout, other -----+----+
///                                                      v
///                                                    ended (nothing comes out of it any more)
/// ```
///
/// It never pings: in version 4 the server does, and one that gets a ping ends the session. It waits for pings, though:
/// a client that does not would sit on a dead connection for ever. Source: Engine.IO protocol v4, "Heartbeat".
///
/// Times are of any one clock that does not step; only differences count.
public struct EngineIOClientMachine: Sendable {
    public typealias Content = EngineIOPacket.Content

    public enum Event: Hashable, Sendable {
        /// The WebSocket is open.
        case transportOpened
        /// A whole WebSocket message.
        case received(Content)
        /// The WebSocket is gone.
        case transportClosed
        /// Data for a `message` packet. Dropped while the session is not open.
        case send(Content)
        /// The user wants an end. No `close` packet is sent: over a WebSocket the reference server ignores it, and its
        /// own client does not send it.
        case close
        /// The deadline may have passed.
        case timePassed
        /// The deadline may have passed, and the WebSocket holds what was not read yet, as where the caller was held up
        /// by other work: what is waited for may lie there.
        case timePassedUnread
        /// The WebSocket was not read until now, by the client's own choice: the server may have pinged meanwhile.
        case readingResumed
    }

    public enum Action: Equatable, Sendable {
        /// To be sent as one WebSocket message.
        case send(Content)
        case opened(EngineIOHandshake)
        /// The data of a `message` packet.
        case deliver(Content)
        /// The session is over; the WebSocket is to be closed. Comes once, and last.
        case ended(EngineIOClientEnd)
    }

    private enum State: Sendable {
        case idle
        case opening(Wait)
        case open(EngineIOHandshake, watchdog: Wait?)
        case ended(EngineIOClientEnd)
    }

    /// For something of the server.
    private struct Wait: Sendable {
        let ns: Int64
        var until: Timestamp
        /// No longer, whatever lies unread: a server that sends much, but not what is waited for, is to be noticed. It
        /// counts from the first look behind `until`, which comes late where the loop was held up.
        var last: Timestamp?

        init(ns: Int64, from now: Timestamp) {
            self.ns = ns
            self.until = now.advanced(byNs: ns)
        }

        var ms: Int64 { self.ns / 1_000_000 }

        func isOver(at now: Timestamp) -> Bool { self.until <= now }

        /// A little longer, so that what lies unread is read; false where it is enough.
        mutating func prolong(at now: Timestamp) -> Bool {
            let last = self.last ?? now.advanced(byNs: self.ns)
            guard now < last else { return false }
            self.last = last
            self.until = min(last, now.advanced(byNs: max(1, self.ns / 8)))
            return true
        }
    }

    /// The reference client's time from the first byte of the connection to the open packet, socket.io-client
    /// `manager.ts`: 20 s.
    public static let defaultOpenTimeoutNs: Int64 = 20_000_000_000

    private let openTimeoutNs: Int64
    private var state = State.idle

    public init(openTimeoutNs: Int64 = Self.defaultOpenTimeoutNs) {
        self.openTimeoutNs = openTimeoutNs
    }

    /// When `timePassed` is due at the latest; nil where nothing is waited for.
    public var deadline: Timestamp? {
        switch self.state {
        case .idle, .ended: nil
        case .opening(let wait): wait.until
        case .open(_, let watchdog): watchdog?.until
        }
    }

    /// Of the open packet, while the session is open.
    public var handshake: EngineIOHandshake? {
        if case .open(let handshake, _) = self.state { handshake } else { nil }
    }

    public var end: EngineIOClientEnd? {
        if case .ended(let end) = self.state { end } else { nil }
    }

    public mutating func handle(_ event: Event, at now: Timestamp) -> [Action] {
        switch (self.state, event) {
        case (.ended, _): return []
        case (.idle, .transportOpened):
            self.state = .opening(Wait(ns: self.openTimeoutNs, from: now))
            return []
        case (_, .transportOpened): return []
        case (_, .transportClosed): return self.finish(.transportClosed)
        case (_, .close): return self.finish(.closedByClient)

        case (.opening(let wait), .timePassed):
            return wait.isOver(at: now) ? self.finish(.openTimeout(afterMs: wait.ms)) : []
        case (.opening(var wait), .timePassedUnread):
            guard wait.isOver(at: now) else { return [] }
            guard wait.prolong(at: now) else { return self.finish(.openTimeout(afterMs: wait.ms)) }
            self.state = .opening(wait)
            return []
        case (.opening, .readingResumed):
            self.state = .opening(Wait(ns: self.openTimeoutNs, from: now))
            return []
        case (.opening, .received(let message)): return self.open(message, at: now)

        case (.open(_, let watchdog?), .timePassed):
            return watchdog.isOver(at: now) ? self.finish(.pingTimeout(afterMs: watchdog.ms)) : []
        case (.open(let handshake, var watchdog?), .timePassedUnread):
            guard watchdog.isOver(at: now) else { return [] }
            guard watchdog.prolong(at: now) else { return self.finish(.pingTimeout(afterMs: watchdog.ms)) }
            self.state = .open(handshake, watchdog: watchdog)
            return []
        case (.open(let handshake, _), .readingResumed):
            self.restartWatchdog(handshake, at: now)
            return []
        case (.open(let handshake, _), .received(let message)): return self.receive(message, handshake, at: now)
        case (.open, .send(let content)):
            switch content {
            case .text(let text): return [.send(EngineIOPacket(.message, text).webSocketMessage())]
            case .binary(let bytes): return [.send(EngineIOPacket(.message, binary: bytes).webSocketMessage())]
            }
        case (.open(_, nil), .timePassed), (.open(_, nil), .timePassedUnread), (.idle, .timePassed),
            (.idle, .timePassedUnread), (.idle, .readingResumed), (.idle, .received), (.idle, .send),
            (.opening, .send):
            return []
        }
    }

    private mutating func finish(_ end: EngineIOClientEnd) -> [Action] {
        self.state = .ended(end)
        return [.ended(end)]
    }

    private mutating func open(_ message: Content, at now: Timestamp) -> [Action] {
        do throws(EngineIODecodeError) {
            let packet = try EngineIOPacket(webSocketMessage: message)
            guard packet.type == .open else { return self.finish(.unexpectedBeforeOpen(packet.type)) }
            guard case .text(let json) = packet.content, let handshake = EngineIOHandshake(json: Array(json.utf8).span)
            else { return self.finish(.badOpen) }
            self.restartWatchdog(handshake, at: now)
            return [.opened(handshake)]
        } catch {
            return self.finish(.malformedPacket(error))
        }
    }

    private mutating func receive(
        _ message: Content, _ handshake: EngineIOHandshake, at now: Timestamp
    ) -> [Action] {
        do throws(EngineIODecodeError) {
            let packet = try EngineIOPacket(webSocketMessage: message)
            switch packet.type {
            case .message: return [.deliver(packet.content)]
            case .ping:
                // Only pings count, as for the reference client: other packets tell nothing of the server's timer.
                self.restartWatchdog(handshake, at: now)
                guard case .text(let data) = packet.content else { return [] }
                return [.send(EngineIOPacket(.pong, data).webSocketMessage())]
            case .close: return self.finish(.closedByServer)
            // Without a meaning here, and harmless: python's server sends a noop over WebSockets, and the reference
            // client ignores pongs. A second open changes nothing that is asked for.
            case .open, .pong, .upgrade, .noop: return []
            }
        } catch {
            return self.finish(.malformedPacket(error))
        }
    }

    private mutating func restartWatchdog(_ handshake: EngineIOHandshake, at now: Timestamp) {
        self.state = .open(handshake, watchdog: handshake.watchdogNs.map { Wait(ns: $0, from: now) })
    }
}

extension EngineIOHandshake {
    /// How long a client waits for a ping: pingInterval + pingTimeout, in nanoseconds. Nil where the server names
    /// neither, or nothing above 0: then there is no watchdog, for any number would be a guess. (python's server
    /// advertises intervals below a second as 0; its pingTimeout alone is enough then.)
    public var watchdogNs: Int64? {
        guard self.pingIntervalMs != nil || self.pingTimeoutMs != nil else { return nil }
        let interval = Int64(max(0, self.pingIntervalMs ?? 0))
        let (sum, overflow) = interval.addingReportingOverflow(Int64(max(0, self.pingTimeoutMs ?? 0)))
        guard !overflow, sum > 0 else { return overflow ? .max : nil }
        let (ns, tooLong) = sum.multipliedReportingOverflow(by: 1_000_000)
        return tooLong ? .max : ns
    }
}
