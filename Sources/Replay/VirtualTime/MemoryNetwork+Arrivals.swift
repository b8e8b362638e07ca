import TimelineModel

/// What arrives at either end.
extension MemoryNetwork {
    mutating func deliver(_ event: MemoryDelivery, _ witness: inout some MemoryWitness) {
        switch event {
        case .opened(let link): witness.opened(link, at: self.now)
        case .request(let request, let link):
            guard self.links[link]?.server.isClosed == false else { return }
            witness.bytes(HTTPBytes.of(request), of: link, from: .client, at: self.now)
            self.perform(self.server.handle(.request(request, on: link), at: self.now), &witness)
        case .toServer(let part, let link): self.arriveAtServer(part, link, &witness)
        case .toClient(let part, let link): self.arriveAtClient(part, link, &witness)
        case .serverIsOver(let link): self.tellServerOver(link, wasReset: false, &witness)
        case .clientIsOver(let webSocket):
            self.perform(self.client.handle(.closed(on: webSocket, wasReset: false), at: self.now), &witness)
        case .auth(let payload, let number):
            self.perform(self.client.handle(.auth(payload, for: number), at: self.now), &witness)
        }
    }

    private mutating func arriveAtServer(_ part: MemoryPart, _ link: Int, _ witness: inout some MemoryWitness) {
        guard self.links[link] != nil else { return }
        switch part {
        case .bytes(let bytes):
            guard self.links[link]?.server.isClosed == false else { return }
            witness.bytes(bytes, of: link, from: .client, at: self.now)
            for item in self.links[link]?.server.reader.read(bytes) ?? [] { self.takeAtServer(item, link, &witness) }
        case .fin:
            witness.ended(link, by: .client, at: self.now)
            self.finishServer(link, &witness)
            self.tellServerOver(link, wasReset: false, &witness)
        case .reset:
            witness.reset(link, by: .client, at: self.now)
            self.links[link]?.server.isClosed = true
            self.tellServerOver(link, wasReset: true, &witness)
        case .response, .switching: break
        }
    }

    private mutating func takeAtServer(
        _ item: WebSocketReader.Item, _ link: Int, _ witness: inout some MemoryWitness
    ) {
        switch item {
        case .message(let content):
            self.perform(self.server.handle(.message(content, on: link), at: self.now), &witness)
        case .control(let control):
            let actions = self.server.handle(.control(control, on: link), at: self.now)
            switch control {
            case .ping(let data): self.writeServer(WebSocketBytes.control(.pong(data), masked: false), link, &witness)
            case .pong: break
            case .close(let code, _):
                self.links[link]?.server.gotClose = true
                self.closeServer(code: code, reason: "", link, &witness)
                self.finishServer(link, &witness)
            }
            self.perform(actions, &witness)
        case .broken(let code, let reason):
            let actions = self.server.handle(.broken(code: code, reason: reason, on: link), at: self.now)
            // Without a word of it, as servers do.
            self.closeServer(code: code, reason: "", link, &witness)
            self.finishServer(link, &witness)
            self.perform(actions, &witness)
        }
    }

    private mutating func arriveAtClient(_ part: MemoryPart, _ link: Int, _ witness: inout some MemoryWitness) {
        guard let state = self.links[link], !state.client.isClosed else { return }
        switch (part, state.use) {
        case (.response(let response), .asking(let number)):
            self.cookies.take(from: response.headers)
            self.linkOfRequest[number] = nil
            self.links[link]?.use = .idle
            self.idleLinks.append(link)
            self.perform(self.client.handle(.response(response, to: number), at: self.now), &witness)
        case (.response(let response), .dialing(let number)):
            self.cookies.take(from: response.headers)
            self.linkOfWebSocket[number] = nil
            self.links[link]?.use = .idle
            self.finishClient(link)
            self.perform(
                self.client.handle(
                    .webSocketRefused(response, reason: "status \(response.status)", number), at: self.now),
                &witness)
        case (.switching, .dialing(let number)):
            self.links[link]?.use = .webSocket(number)
            self.perform(self.client.handle(.webSocketOpened(number), at: self.now), &witness)
        case (.bytes(let bytes), .webSocket(let number)):
            for item in self.links[link]?.client.reader.read(bytes) ?? [] {
                self.takeAtClient(item, link, number, &witness)
            }
        case (.fin, _):
            self.finishClient(link)
            self.tellClientOver(link, wasReset: false, &witness)
        case (.reset, _):
            self.links[link]?.client.isClosed = true
            self.tellClientOver(link, wasReset: true, &witness)
        case (.response, _), (.switching, _), (.bytes, _): break
        }
    }

    private mutating func takeAtClient(
        _ item: WebSocketReader.Item, _ link: Int, _ number: Int, _ witness: inout some MemoryWitness
    ) {
        switch item {
        case .message(let content):
            self.perform(self.client.handle(.message(content, on: number), at: self.now), &witness)
        case .control(let control):
            let actions = self.client.handle(.control(control, on: number), at: self.now)
            switch control {
            case .ping(let data): self.writeClient(WebSocketBytes.control(.pong(data), masked: true), link)
            case .pong: break
            case .close(let code, _):
                self.links[link]?.client.gotClose = true
                if self.links[link]?.client.ignoresClose == false { self.closeClient(code: code, reason: "", link) }
            }
            self.perform(actions, &witness)
        case .broken(let code, let reason):
            self.closeClient(code: code, reason: reason, link)
            self.finishClient(link)
            self.tellClientOver(link, wasReset: false, &witness)
        }
    }

    /// Once for a connection.
    private mutating func tellServerOver(_ link: Int, wasReset: Bool, _ witness: inout some MemoryWitness) {
        guard self.links[link]?.isOver == false else { return }
        self.links[link]?.isOver = true
        self.perform(self.server.handle(.closed(on: link, wasReset: wasReset), at: self.now), &witness)
        self.forget(link)
    }

    private mutating func tellClientOver(_ link: Int, wasReset: Bool, _ witness: inout some MemoryWitness) {
        guard let use = self.links[link]?.use else { return }
        self.links[link]?.use = .idle
        self.idleLinks.removeAll { $0 == link }
        let how = wasReset ? "reset by the server" : "closed by the server without an answer"
        switch use {
        case .idle: break
        case .asking(let number):
            self.linkOfRequest[number] = nil
            self.perform(self.client.handle(.requestFailed(reason: how, to: number), at: self.now), &witness)
        case .dialing(let number):
            self.linkOfWebSocket[number] = nil
            self.perform(self.client.handle(.webSocketRefused(nil, reason: how, number), at: self.now), &witness)
        case .webSocket(let number):
            self.linkOfWebSocket[number] = nil
            self.perform(self.client.handle(.closed(on: number, wasReset: wasReset), at: self.now), &witness)
        }
        self.forget(link)
    }

    /// Both ends are done with it.
    private mutating func forget(_ link: Int) {
        guard let state = self.links[link], state.isOver, state.client.isClosed, state.use == .idle else { return }
        self.links[link] = nil
    }
}
