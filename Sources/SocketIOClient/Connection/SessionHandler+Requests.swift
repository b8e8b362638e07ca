import NIOCore
import SocketIO

/// What the user asks for, and what is delivered to the user.
extension SessionHandler {
    /// Sends as soon as there is room, and in the order of the calls.
    func submit(_ request: EmitRequest) {
        guard self.phase == .open else { return request.finish(.notConnected(request.namespace)) }
        if self.requests.isAnyWaiting || !(self.context?.channel.isWritable ?? false) {
            self.requests.append(request)
        } else {
            self.perform(request)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        while context.channel.isWritable, let request = self.requests.next() { self.perform(request) }
        context.fireChannelWritabilityChanged()
    }

    private func perform(_ request: EmitRequest) {
        guard !request.isCancelled else { return request.finish(.failure(.cancelled)) }
        do throws(SocketIORequestError) {
            let actions = try request.actions(&self.socket, at: self.now)
            self.requests.expectAck(of: request)
            if request.isLeave { self.lastNamespaceEnd = .leftAllNamespaces }
            self.run(actions)
            if request.ack == nil { request.finish(.success([])) }
        } catch {
            request.finish(.failure(SocketIOEmitError(error)))
        }
    }

    /// Its task does not wait any more.
    func cancel(_ request: EmitRequest) {
        if let ack = request.ack, self.requests.takeAck(ack.token) != nil {
            self.socket.forget(token: ack.token, namespace: request.namespace)
        }
        request.finish(.failure(.cancelled))
    }

    func failWaiting() {
        for request in self.requests.drain() { request.finish(.failure(.disconnected)) }
    }

    /// A clean end. True where there is nothing to say goodbye to: the channel is to be closed.
    func closeByUser() -> Bool {
        switch self.phase {
        case .dialing:
            self.failBeforeOpen(.closedByClient, .fin)
            return true
        case .open:
            self.run(self.socket.close())
            self.close(.closedByClient, code: 1000)
        case .closing, .closed: break
        }
        return false
    }

    // MARK: Deliveries

    func deliver(_ delivery: Delivery) {
        self.inbox.yield(delivery)
        self.undelivered += 1
        if self.undelivered > self.configuration.deliveryLimit, self.phase == .open { self.pauseReading(true) }
    }

    /// Handlers have taken so many more.
    func delivered(_ count: Int) {
        self.undelivered -= count
        if self.undelivered <= self.configuration.deliveryLimit / 2 { self.pauseReading(false) }
    }

    func pauseReading(_ isPaused: Bool) {
        guard self.isReadingPaused != isPaused, let context else { return }
        self.isReadingPaused = isPaused
        context.channel.setOption(.autoRead, value: !isPaused).whenFailure { _ in }
        guard !isPaused else { return }
        self.socket.readingResumed(at: self.now)
        self.run(self.engine.handle(.readingResumed, at: self.now))
    }
}
