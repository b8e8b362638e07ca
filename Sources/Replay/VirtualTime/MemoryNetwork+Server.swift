/// What the server's role does.
extension MemoryNetwork {
    mutating func perform(_ actions: [ServerAction], _ witness: inout some MemoryWitness) {
        for action in actions {
            switch action {
            case .respond(let response, let link): self.respond(response, link, &witness)
            case .acceptWebSocket(let link, _):
                guard let state = self.links[link], !state.server.isClosed, !state.isSwitched else { continue }
                self.links[link]?.isSwitched = true
                witness.bytes(HTTPBytes.switching, of: link, from: .server, at: self.now)
                self.sendToClient(.switching, link)
            case .send(let content, let link):
                guard self.serverMayWrite(link) else { continue }
                self.writeServer(WebSocketBytes.message(content, masked: false), link, &witness)
            case .sendFragmented(let content, let pieces, let pings, let link):
                guard self.serverMayWrite(link) else { continue }
                self.writeServer(
                    WebSocketBytes.fragments(content, pieces: pieces, pings: pings, masked: false), link, &witness)
            case .sendControl(.close(let code, let reason), let link):
                guard self.links[link]?.isSwitched == true else { continue }
                self.closeServer(code: code, reason: reason, link, &witness)
            case .sendControl(let control, let link):
                guard self.serverMayWrite(link) else { continue }
                self.writeServer(WebSocketBytes.control(control, masked: false), link, &witness)
            case .sendRaw(let bytes, let link): self.writeServer(bytes, link, &witness)
            case .end(let end, let link): self.endServer(end, link, &witness)
            }
        }
    }

    private mutating func respond(_ response: HTTPResponse, _ link: Int, _ witness: inout some MemoryWitness) {
        guard let state = self.links[link], !state.server.isClosed, !state.isSwitched else { return }
        witness.bytes(HTTPBytes.of(response), of: link, from: .server, at: self.now)
        self.sendToClient(.response(response), link)
    }

    private func serverMayWrite(_ link: Int) -> Bool {
        guard let state = self.links[link] else { return false }
        return state.isSwitched && !state.server.sentClose
    }

    mutating func writeServer(_ bytes: [UInt8], _ link: Int, _ witness: inout some MemoryWitness) {
        guard self.links[link]?.server.isClosed == false else { return }
        witness.bytes(bytes, of: link, from: .server, at: self.now)
        self.sendToClient(.bytes(bytes), link)
    }

    mutating func closeServer(
        code: UInt16?, reason: String, _ link: Int, _ witness: inout some MemoryWitness
    ) {
        guard self.links[link]?.server.sentClose == false else { return }
        self.writeServer(WebSocketBytes.control(.close(code: code, reason: reason), masked: false), link, &witness)
        self.links[link]?.server.sentClose = true
    }

    private mutating func endServer(_ end: ConnectionEnd, _ link: Int, _ witness: inout some MemoryWitness) {
        guard let state = self.links[link], !state.server.isClosed else { return }
        switch end {
        case .webSocketClose(let code, let reason) where state.isSwitched:
            // FIN follows its answer.
            self.closeServer(code: code, reason: reason, link, &witness)
        case .webSocketClose, .fin: self.finishServer(link, &witness)
        case .reset:
            witness.reset(link, by: .server, at: self.now)
            self.links[link]?.server.isClosed = true
            self.sendToClient(.reset, link)
            self.queue.push(.serverIsOver(link: link), at: self.now)
        }
    }

    mutating func finishServer(_ link: Int, _ witness: inout some MemoryWitness) {
        guard self.links[link]?.server.isClosed == false else { return }
        self.links[link]?.server.isClosed = true
        witness.ended(link, by: .server, at: self.now)
        self.sendToClient(.fin, link)
    }

    private mutating func sendToClient(_ part: MemoryPart, _ link: Int) {
        self.queue.push(.toClient(part, link: link), at: self.arrival(link, to: false))
    }
}
