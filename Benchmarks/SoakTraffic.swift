import Foundation
import Synchronization

/// A busy Socket.IO server on loopback and clients that come and go, some of them badly. A thread for each end of each
/// session: that is the driver's memory, which nobody measures.
final class SoakTraffic: Sendable {
    struct Counts {
        var begun = 0
        var running = 0
        /// Those whose connection to the recorder did not come to be.
        var failed = 0
        /// Text messages that were sent, by both ends.
        var messages = 0
    }

    /// How a client behaves.
    private enum Manner {
        case well
        /// Stops answering pings; the server closes.
        case silent
        /// Ends with a reset.
        case vanishing
        /// Comes with a token that the server refuses.
        case stale
        /// Asks for a session that is not there.
        case unknownSession

        init(_ number: Int) {
            switch number % 25 {
            case 5: self = .silent
            case 10: self = .vanishing
            case 15: self = .stale
            case 20: self = .unknownSession
            default: self = .well
            }
        }
    }

    private static let key = "dGhlIHNhbXBsZSBub25jZQ=="
    private static let pingInterval: UInt64 = 3_000_000_000
    private static let pingTimeout: UInt64 = 2_000_000_000
    private static let eventInterval: UInt64 = 100_000_000
    /// A client comes so many times, one after the other.
    private static let visits = 3

    private let listener: EchoSocket
    private let counts = Mutex(Counts())
    private let stopping = Atomic(false)

    /// Of the server.
    var port: Int { self.listener.port }
    var now: Counts { self.counts.withLock { $0 } }

    init() throws {
        self.listener = try .listening()
        Thread.detachNewThread { [self] in
            while let socket = self.listener.accept() {
                Thread.detachNewThread {
                    self.serve(socket)
                    socket.close()
                }
            }
        }
    }

    /// Lets clients come to this port, so many a minute, and some that stay until `stop`.
    func begin(port: Int, sessions: Int, staying: Int) {
        for number in 0..<staying { self.visit(-1 - number, port: port) }
        Thread.detachNewThread { [self] in
            var due = SoakPeer.now
            for number in 0... {
                guard !self.stopping.load(ordering: .relaxed) else { return }
                self.visit(number, port: port)
                due += 60_000_000_000 / UInt64(sessions)
                let now = SoakPeer.now
                if due > now { Thread.sleep(forTimeInterval: Double(due - now) / 1e9) }
            }
        }
    }

    /// Nobody comes any more; waits until those who are there have gone.
    func stop() {
        self.stopping.store(true, ordering: .relaxed)
        while self.now.running > 0 { Thread.sleep(forTimeInterval: 0.05) }
        self.listener.shutDown()
    }

    // MARK: Clients

    private func visit(_ number: Int, port: Int) {
        self.counts.withLock {
            $0.begun += 1
            $0.running += 1
        }
        Thread.detachNewThread { [self] in
            let address = UInt32(0x7F01_0000) | UInt32(truncatingIfNeeded: abs(number) / Self.visits) & 0xFFFF
            if let socket = EchoSocket.connected(to: port, from: address) {
                self.talk(socket, number)
                socket.close()
            } else {
                self.counts.withLock { $0.failed += 1 }
            }
            self.counts.withLock { $0.running -= 1 }
        }
    }

    private func talk(_ socket: EchoSocket, _ number: Int) {
        let stays = number < 0
        let manner = stays ? .well : Manner(number)
        let polls = manner == .unknownSession
        let query = polls ? "transport=polling&sid=gone\(number)" : "transport=websocket"
        var request = "GET /socket.io/?EIO=4&\(query) HTTP/1.1\r\nHost: soak.example\r\n"
        if !polls {
            request += "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: \(Self.key)\r\n"
            request += "Sec-WebSocket-Version: 13\r\n"
        }
        guard socket.send(Array((request + "\r\n").utf8)), let head = socket.receiveHead(),
            head.hasPrefix("HTTP/1.1 101")
        else { return }
        let peer = SoakPeer(socket, isClient: true)
        let token = manner == .stale ? "stale" : "fresh-\(number)"
        var (asked, acked) = (0, 0)
        // From two seconds to fourteen: some before the first ping, most after some.
        let end = SoakPeer.now + UInt64(2 + abs(number) * 7 % 13) * 1_000_000_000
        var nextEvent = UInt64.max
        while true {
            // Who stays looks whether it is time to stop; who is silent waits until the server loses patience.
            let look = stays || SoakPeer.now >= end ? SoakPeer.now + 500_000_000 : end
            switch peer.receive(until: min(nextEvent, look)) {
            case .over: return
            case .message("2"):
                if manner != .silent { self.send(peer, "3") }
            case .message(let text) where text.hasPrefix("0"):
                self.send(peer, "40{\"token\":\"\(token)\"}")
            case .message(let text) where text.hasPrefix("40"):
                nextEvent = SoakPeer.now
            case .message(let text) where text.hasPrefix("44"):
                peer.sendClose(1000)
                return
            case .message(let text):
                if text.hasPrefix("43") { acked += 1 }
            case .time:
                let now = SoakPeer.now
                let isOver = stays ? self.stopping.load(ordering: .relaxed) : now >= end
                if isOver, manner != .silent {
                    self.leave(peer, manner, asked: asked, acked: acked)
                    return
                }
                if now >= nextEvent {
                    nextEvent = now + Self.eventInterval * (stays ? 5 : 1)
                    asked += 1
                    let body = "{\"room\":\"r\(abs(number) % 40)\",\"text\":\"message \(asked) of \(number)\"}"
                    self.send(peer, "42\(asked % 5 == 0 ? String(asked) : "")[\"say\",\(body)]")
                }
            }
        }
    }

    private func leave(_ peer: SoakPeer, _ manner: Manner, asked: Int, acked: Int) {
        if manner == .vanishing {
            var reset = linger(l_onoff: 1, l_linger: 0)
            let size = socklen_t(MemoryLayout<linger>.size)
            setsockopt(peer.socket.descriptor, SOL_SOCKET, SO_LINGER, &reset, size)
            return
        }
        // What is on its way back is waited for, so that no ack is missing where nothing is wrong.
        var missing = asked / 5 - acked
        let due = SoakPeer.now + 1_000_000_000
        while missing > 0 {
            switch peer.receive(until: due) {
            case .message("2"): self.send(peer, "3")
            case .message(let text): if text.hasPrefix("43") { missing -= 1 }
            case .time, .over: missing = 0
            }
        }
        self.send(peer, "41")
        peer.sendClose(1000)
        while case .message = peer.receive(until: due) {}
    }

    // MARK: The server

    private func serve(_ socket: EchoSocket) {
        guard let head = socket.receiveHead() else { return }
        guard EchoClient.field("upgrade", head) != nil else {
            let body = "{\"code\":1,\"message\":\"Session ID unknown\"}"
            _ = socket.send(
                Array(
                    ("HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nConnection: close\r\n"
                        + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)").utf8))
            return
        }
        let answer =
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Accept: \(EchoClient.accepts[Self.key] ?? "")\r\n\r\n"
        guard socket.send(Array(answer.utf8)) else { return }
        let peer = SoakPeer(socket, isClient: false)
        self.send(
            peer,
            "0{\"sid\":\"\(UUID().uuidString)\",\"upgrades\":[],\"pingInterval\":3000,\"pingTimeout\":2000,"
                + "\"maxPayload\":1000000}")
        self.converse(peer)
    }

    private func converse(_ peer: SoakPeer) {
        var nextPing = SoakPeer.now + Self.pingInterval
        var pongDue = UInt64.max
        var heard = 0
        while true {
            switch peer.receive(until: min(nextPing, pongDue)) {
            case .over:
                peer.sendClose(1000)
                return
            case .time where SoakPeer.now >= pongDue:
                return
            case .time:
                self.send(peer, "2")
                (nextPing, pongDue) = (.max, SoakPeer.now + Self.pingTimeout)
            case .message("3"):
                (nextPing, pongDue) = (SoakPeer.now + Self.pingInterval, .max)
            case .message(let text) where text.hasPrefix("40"):
                let refused = text.contains("stale")
                self.send(peer, refused ? "44{\"message\":\"not authorized\"}" : "40{\"sid\":\"\(UUID().uuidString)\"}")
            case .message(let text) where text.hasPrefix("42"):
                heard += 1
                let id = text.dropFirst(2).prefix { $0.isNumber }
                if !id.isEmpty {
                    self.send(peer, "43\(id)[\"ok\"]")
                } else if heard.isMultiple(of: 3) {
                    self.send(peer, "42[\"said\",{\"number\":\(heard),\"by\":\"somebody else in the room\"}]")
                }
            case .message: break
            }
        }
    }

    private func send(_ peer: SoakPeer, _ text: String) {
        if peer.send(text) { self.counts.withLock { $0.messages += 1 } }
    }
}
