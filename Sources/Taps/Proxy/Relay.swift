import NIOCore
import NIOPosix
import NIOSSL
import TimelineModel

/// A client's connection and the one to the server that belongs to it.
///
/// What one leg reads the other writes, as it is; a leg is read only while the other one takes what is written to it.
/// So a relay holds at most the 64 KiB of a channel's high-water mark, what one turn of reading adds to it (4 reads of
/// up to 64 KiB), and, where a peer ended its stream, what the kernel had received of it by then.
///
/// Where there is no server, or it goes before it answered anything, the client gets an answer from here. All else is
/// kept as it was: a FIN becomes a FIN behind the last byte, a reset a reset. Lives on one event loop.
final class Relay {
    private enum State {
        /// Holds what the client sent meanwhile: one turn of reading.
        case connecting([ByteBuffer])
        case relaying
        case refusing(Refusal)
        case over
    }

    /// For how long a client that was refused may go on sending, in seconds: a connection that is closed at once would
    /// take the answer from it.
    private static let lingerTime: TimeAmount = .seconds(2)

    let number: Int
    private let house: ProxyHouse
    private let loop: any EventLoop
    private var state = State.connecting([])
    private(set) var front: RelayLeg!
    private var back: RelayLeg?
    private var rewriter: RequestHeadRewriter?
    /// The client's first bytes, which tell what it asks for.
    private var asked: [UInt8] = []
    private var isAnswered = false
    private var deadline: Scheduled<Void>?

    init(_ number: Int, _ house: ProxyHouse, _ loop: any EventLoop) {
        self.number = number
        self.house = house
        self.loop = loop
        if house.settings.rewritesHost { self.rewriter = RequestHeadRewriter(house.settings.target) }
        self.front = RelayLeg(.front, isSecure: house.settings.identity != nil, self)
    }

    var now: Timestamp { self.house.clock.now }

    func tell(_ happening: ProxyEvent.Happening, _ leg: ProxyLeg, at: Timestamp) -> Bool {
        self.house.tell(ProxyEvent(leg: leg, connection: self.number, at: at, happening: happening))
    }

    /// The proxy ends: both legs are closed.
    func close() {
        self.finish()
        self.front.close()
        self.back?.close()
    }

    // MARK: The way to the server

    private func connect() {
        if let cause = self.house.fullness { return self.fail(cause) }
        self.deadline = self.loop.assumeIsolated().scheduleTask(
            in: .milliseconds(self.house.settings.connectTimeoutMs)
        ) {
            self.fail(.timedOut(self.house.settings.connectTimeoutMs))
        }
        self.house.connect(on: self.loop).assumeIsolated().whenComplete { result in
            switch result {
            case .success(let channel): self.connected(channel)
            case .failure(let error): self.fail(.init(connecting: error, self.house.settings))
            }
        }
    }

    private func connected(_ channel: any Channel) {
        guard case .connecting = self.state, channel.isActive else {
            if case .connecting = self.state { self.fail(.unreachable("it closed the connection at once")) }
            return channel.close(promise: nil)
        }
        let leg = RelayLeg(.back, isSecure: self.house.settings.target.isSecure, self)
        self.back = leg
        do {
            if let tls = try self.house.clientTLS() { try channel.pipeline.syncOperations.addHandler(tls) }
            try channel.pipeline.syncOperations.addHandler(leg)
        } catch {
            self.back = nil
            channel.close(promise: nil)
            self.fail(.handshake(String(describing: error)))
        }
    }

    private func fail(_ cause: UpstreamFailure.Cause) {
        guard case .connecting(let early) = self.state else { return }
        let failure = UpstreamFailure(cause: cause, target: self.house.settings.target)
        let client = self.front.farText.map { " (for \($0))" } ?? ""
        if let code = failure.code { _ = self.tell(.failed(code, failure.text + client), .back, at: self.now) }
        self.refuse(failure)
        for bytes in early { self.received(bytes, on: self.front) }
        if self.front.isInputEnded { self.inputEnded(self.front) }
        self.front.read(if: nil)
        // What did not become a connection in time is none.
        self.back?.close()
    }

    // MARK: What the legs tell

    func ready(_ leg: RelayLeg) {
        guard leg.place == .back else { return self.connect() }
        guard case .connecting(let early) = self.state else { return leg.close() }
        self.deadline?.cancel()
        self.state = .relaying
        for bytes in early { self.received(bytes, on: self.front) }
        leg.flush()
        if self.front.isInputEnded { self.inputEnded(self.front) }
        self.front.read(if: leg)
        leg.read(if: self.front)
    }

    func received(_ bytes: ByteBuffer, on leg: RelayLeg) {
        switch (self.state, leg.place) {
        case (.connecting(var early), .front):
            early.append(bytes)
            self.state = .connecting(early)
        case (.relaying, .front):
            if self.asked.count < Refusal.methodBytes {
                self.asked += bytes.readableBytesView.prefix(Refusal.methodBytes)
            }
            if self.rewriter == nil {
                self.back?.send(bytes)
            } else {
                var rewritten = ByteBuffer()
                self.rewriter?.receive(bytes, into: &rewritten)
                if rewritten.readableBytes > 0 { self.back?.send(rewritten) }
            }
        case (.relaying, .back):
            self.isAnswered = true
            self.front.send(bytes)
        case (.refusing(var refusal), .front):
            let isWhole = refusal.receive(bytes.readableBytesView)
            self.state = .refusing(refusal)
            if isWhole { self.answer() }
        case (.connecting, .back), (.refusing, .back), (.over, _):
            break
        }
    }

    func readCompleted(_ leg: RelayLeg) {
        switch (self.state, leg.place) {
        case (.connecting(let early), .front):
            if early.isEmpty { leg.read(if: nil) }
        case (.connecting, .back), (.refusing, .front):
            leg.read(if: nil)
        case (.relaying, _):
            let other = leg.place == .front ? self.back : self.front
            other?.flush()
            leg.read(if: other)
        case (.refusing, .back), (.over, _):
            break
        }
    }

    func writable(_ leg: RelayLeg) {
        (leg.place == .front ? self.back : self.front)?.resume()
    }

    /// A FIN came.
    func inputEnded(_ leg: RelayLeg) {
        switch (self.state, leg.place) {
        case (.relaying, .front):
            if let rest = self.rewriter?.finish(), !rest.isEmpty { self.back?.send(ByteBuffer(bytes: rest)) }
            self.back?.flush()
            self.back?.endOutput()
        case (.relaying, .back):
            if self.isCut { return self.cut(reset: false) }
            self.front.flush()
            self.front.endOutput()
        case (.refusing(let refusal), .front):
            // Without a request there is nothing to answer.
            if !refusal.isWhole { leg.endOutput() }
        case (.connecting, _), (.refusing, .back), (.over, _):
            break
        }
    }

    /// A connection is gone: by both FINs, by a reset, or closed from here.
    func left(_ leg: RelayLeg) {
        defer { if self.front.isGone, self.back?.isGone ?? true { self.finish() } }
        switch (self.state, leg.place) {
        case (.connecting, .front):
            self.deadline?.cancel()
            self.state = .over
            self.back?.close()
            if !leg.isReady, leg.isSecure {
                let reason = leg.error.map { ": \(UpstreamFailure.text(of: $0))" } ?? ""
                let text = "a client gave no TLS connection\(reason)"
                _ = self.tell(.failed("tls.handshake-failed", text), .front, at: self.now)
                self.house.withoutTLS.note(text, at: self.now)
            }
        case (.connecting, .back):
            self.fail(.handshake(leg.error.map { UpstreamFailure.text(of: $0) } ?? "it closed the connection"))
        case (.relaying, .back) where self.isCut && !self.front.isGone:
            self.cut(reset: leg.isReset)
        case (.relaying, _):
            guard let other = leg.place == .front ? self.back : self.front else { return }
            leg.isReset ? other.abort() : other.endOutput()
        case (.refusing, _), (.over, _):
            break
        }
    }

    private func finish() {
        self.state = .over
        self.deadline?.cancel()
        self.house.left(self)
    }

    // MARK: An answer from here

    /// The server took a request and goes without a word, while the client still waits for one.
    private var isCut: Bool { !self.isAnswered && !self.asked.isEmpty && !self.front.isInputEnded }

    private func cut(reset: Bool) {
        self.refuse(UpstreamFailure(cause: .cut(reset: reset), target: self.house.settings.target))
        guard case .refusing(var refusal) = self.state else { return }
        refusal.takeAsWhole(self.asked)
        self.state = .refusing(refusal)
        self.answer()
        self.back?.endOutput()
        self.front.read(if: nil)
    }

    private func refuse(_ failure: UpstreamFailure) {
        self.deadline?.cancel()
        self.house.upstream.note(failure.text, at: self.now)
        self.state = .refusing(Refusal(failure))
    }

    private func answer() {
        guard case .refusing(var refusal) = self.state, let text = refusal.answer() else { return }
        self.state = .refusing(refusal)
        self.front.send(ByteBuffer(string: text))
        self.front.flush()
        self.front.endOutput()
        self.deadline = self.loop.assumeIsolated().scheduleTask(in: Self.lingerTime) {
            self.front.close()
            self.back?.close()
        }
    }
}
