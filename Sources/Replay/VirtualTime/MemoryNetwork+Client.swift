/// What the client's role does.
extension MemoryNetwork {
    mutating func perform(_ actions: [ClientAction], _ witness: inout some MemoryWitness) {
        for action in actions {
            switch action {
            case .request(let request, let number): self.ask(request, number)
            case .abort(let number):
                guard let link = self.linkOfRequest.removeValue(forKey: number) else { continue }
                self.links[link]?.use = .idle
                self.finishClient(link)
            case .openWebSocket(let target, let headers, let number): self.dial(target, headers, number)
            case .send(let content, let number):
                guard let link = self.openWebSocket(number) else { continue }
                self.writeClient(WebSocketBytes.message(content, masked: true), link)
            case .sendControl(.close(let code, let reason), let number):
                guard let link = self.openWebSocket(number) else { continue }
                self.closeClient(code: code, reason: reason, link)
            case .sendControl(let control, let number):
                guard let link = self.openWebSocket(number) else { continue }
                self.writeClient(WebSocketBytes.control(control, masked: true), link)
            case .sendFrames(let frames, let number):
                guard let link = self.openWebSocket(number) else { continue }
                self.writeClient(frames.flatMap { $0.bytes(key: 0) }, link)
                if frames.contains(where: { $0.opcode == RawFrame.close }) { self.links[link]?.client.sentClose = true }
            case .ignoreClose(let number):
                guard let link = self.linkOfWebSocket[number] else { continue }
                self.links[link]?.client.ignoresClose = true
            case .end(let end, let number): self.endClient(end, number)
            case .fetchAuth(let namespace, let recorded, let number):
                let payload = self.settings.auth(namespace, recorded)
                self.queue.push(
                    .auth(payload, for: number), at: self.now.advanced(byNs: max(0, self.settings.authDelayNs)))
            }
        }
    }

    private mutating func ask(_ request: HTTPRequest, _ number: Int) {
        var request = request
        request.headers = self.fields(request.target) + request.headers
        var trips: Int64 = 1
        let link: Int
        if let free = self.idleLinks.popLast() {
            link = free
            self.links[link]?.use = .asking(number)
        } else {
            link = self.open(.asking(number))
            trips = 3
        }
        self.linkOfRequest[number] = link
        self.queue.push(.request(request, link: link), at: self.arrival(link, to: true, trips: trips))
    }

    private mutating func dial(_ target: String, _ headers: [HTTPField], _ number: Int) {
        let fields = self.fields(target) + HTTPBytes.upgradeFields + headers
        let link = self.open(.dialing(number))
        self.linkOfWebSocket[number] = link
        self.queue.push(
            .request(HTTPRequest(method: "GET", target: target, headers: fields), link: link),
            at: self.arrival(link, to: true, trips: 3))
    }

    /// The first request on a connection is one round trip behind its SYN.
    private mutating func open(_ use: MemoryLink.Use) -> Int {
        let link = self.nextLink
        self.nextLink += 1
        self.links[link] = MemoryLink(use, at: self.now)
        self.queue.push(.opened(link: link), at: self.arrival(link, to: true))
        return link
    }

    private func fields(_ target: String) -> [HTTPField] {
        [HTTPField("Host", self.settings.host)]
            + (self.cookies.field(for: target).map { [HTTPField("Cookie", $0)] } ?? [])
    }

    private func openWebSocket(_ number: Int) -> Int? {
        guard let link = self.linkOfWebSocket[number], self.links[link]?.use == .webSocket(number) else { return nil }
        return link
    }

    mutating func writeClient(_ bytes: [UInt8], _ link: Int) {
        guard let end = self.links[link]?.client, !end.isClosed, !end.sentClose else { return }
        self.queue.push(.toServer(.bytes(bytes), link: link), at: self.arrival(link, to: true))
    }

    mutating func closeClient(code: UInt16?, reason: String, _ link: Int) {
        self.writeClient(WebSocketBytes.control(.close(code: code, reason: reason), masked: true), link)
        self.links[link]?.client.sentClose = true
    }

    mutating func finishClient(_ link: Int) {
        guard self.links[link]?.client.isClosed == false else { return }
        self.links[link]?.client.isClosed = true
        self.idleLinks.removeAll { $0 == link }
        self.queue.push(.toServer(.fin, link: link), at: self.arrival(link, to: true))
    }

    private mutating func endClient(_ end: ConnectionEnd, _ number: Int) {
        guard let link = self.linkOfWebSocket[number], let state = self.links[link] else { return }
        switch (end, state.use) {
        case (.webSocketClose(let code, let reason), .webSocket): self.closeClient(code: code, reason: reason, link)
        case (.webSocketClose, _), (.fin, _):
            self.finishClient(link)
            self.leave(link, number)
        case (.reset, _):
            self.links[link]?.client.isClosed = true
            self.queue.push(.toServer(.reset, link: link), at: self.arrival(link, to: true))
            self.leave(link, number)
        }
    }

    /// After an end of its own the client's end hears nothing more.
    private mutating func leave(_ link: Int, _ number: Int) {
        self.linkOfWebSocket[number] = nil
        self.links[link]?.use = .idle
        self.queue.push(.clientIsOver(webSocket: number), at: self.now)
    }
}
