import EngineIO
import TimelineModel

extension ClientLink {
    /// The next POST, where none is under way and nothing holds the packets back for the WebSocket.
    mutating func flush() -> [LinkOutput] {
        guard self.polling?.post == nil, self.polling?.isHeld == false, !self.isPausing, let sid = self.handshake?.sid,
            var queue = self.polling?.queue
        else { return [] }
        if self.polling?.bodies.isEmpty == false, let body = self.polling?.bodies.removeFirst() {
            return [self.post(body, sid: sid)]
        }
        guard let body = PollingBody.next(&queue, self.plan.version, maxPayload: self.maxPayload) else { return [] }
        self.polling?.queue = queue
        return [self.post(body, sid: sid)]
    }

    private mutating func post(_ body: PollingBody.Encoded, sid: String) -> LinkOutput {
        let id = self.number()
        self.polling?.post = id
        let request = HTTPRequest(
            method: "POST", target: self.plan.target(.polling, sid: sid, stamp: id),
            headers: [HTTPField("Content-Type", body.contentType)] + self.habits.headers, body: body.bytes)
        return .action(.request(request, as: id))
    }

    /// The next GET, where none is under way and the session stays with polling.
    mutating func poll() -> [LinkOutput] {
        guard self.polling?.get == nil, self.polling?.isHeld == false, !self.isPausing, let sid = self.handshake?.sid
        else { return [] }
        let id = self.number()
        self.polling?.get = id
        return [self.get(sid, as: id)]
    }

    func get(_ sid: String, as id: Int) -> LinkOutput {
        let target = self.plan.target(.polling, sid: sid, stamp: id)
        return .action(.request(HTTPRequest(method: "GET", target: target, headers: self.habits.headers), as: id))
    }

    private var isPausing: Bool {
        switch self.socket?.stage {
        case .pausing: self.habits.finishesUpgrade
        case .active: true
        case .dialing, .probing, nil: false
        }
    }

    mutating func receive(_ response: HTTPResponse, to id: Int, at now: Timestamp) -> [LinkOutput] {
        if id == self.polling?.get {
            self.polling?.get = nil
            return self.receiveGet(response, at: now)
        }
        guard id == self.polling?.post else { return [] }
        self.polling?.post = nil
        if case .closing(let end, let until) = self.phase {
            guard self.polling?.get != nil else { return self.end(end) }
            // A server answers the GET that is open as well; an abort would look as if the client had died.
            self.phase = .closing(end, until: min(until, now.advanced(byNs: Self.lastPollNs)))
            return []
        }
        guard response.status == 200 else {
            return self.finish(.ended("HTTP \(response.status) to a POST"), nil, at: now)
        }
        return self.flush() + self.goOnUpgrading()
    }

    private mutating func receiveGet(_ response: HTTPResponse, at now: Timestamp) -> [LinkOutput] {
        guard response.status == 200 else {
            if case .opening = self.phase {
                return self.finish(.refused(response, reason: "HTTP \(response.status)"), nil, at: now)
            }
            if case .closing(let end, _) = self.phase { return self.endIfQuiet(end) }
            return self.finish(.ended("HTTP \(response.status) to a GET"), nil, at: now)
        }
        var out: [LinkOutput] = []
        let (packets, problem) = PollingBody.packets(response.body, self.plan.version)
        for packet in packets { out += self.receive(packet, at: now) }
        if case .closing(let end, _) = self.phase { return out + self.endIfQuiet(end) }
        if let problem, self.isLive { out += self.finish(.garbled(problem), nil, at: now) }
        return out + self.poll() + self.goOnUpgrading()
    }

    mutating func requestFailed(_ reason: String, _ id: Int, at now: Timestamp) -> [LinkOutput] {
        guard id == self.polling?.get || id == self.polling?.post else { return [] }
        if id == self.polling?.get { self.polling?.get = nil } else { self.polling?.post = nil }
        switch self.phase {
        case .opening: return self.finish(.refused(nil, reason: reason), nil, at: now)
        case .open: return self.finish(.ended("a broken connection (\(reason))"), nil, at: now)
        case .closing(let end, _): return self.endIfQuiet(end)
        case .idle, .afterwards, .ended: return []
        }
    }

    /// The client's goodbye over polling: what is queued goes before it. Whoever vanishes says nothing.
    mutating func leavePolling(_ wish: ConnectionEnd?) -> [LinkOutput] {
        switch wish {
        case .fin, .reset:
            self.polling?.queue = []
            return []
        case .webSocketClose, nil: break
        }
        self.polling?.queue.append(EngineIOPacket(.close))
        guard self.polling?.post == nil, let sid = self.handshake?.sid, let queue = self.polling?.queue else {
            return []
        }
        self.polling?.queue = []
        return [self.post(PollingBody.encoded(Array(queue), self.plan.version), sid: sid)]
    }

    /// The end, where no answer is awaited any more.
    mutating func endIfQuiet(_ end: LinkEnd) -> [LinkOutput] {
        guard self.polling?.get == nil, self.polling?.post == nil, self.socket == nil else { return [] }
        return self.end(end)
    }

    private var isLive: Bool {
        switch self.phase {
        case .opening, .open: true
        case .idle, .closing, .afterwards, .ended: false
        }
    }
}
