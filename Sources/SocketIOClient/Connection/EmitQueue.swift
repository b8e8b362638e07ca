/// Requests that are not done: those that wait for room, in their order, and those that wait for an ack.
///
/// Memory: one of each for every task of the user that waits; acks are bounded by the machine's limit.
struct EmitQueue {
    private var waiting: [EmitRequest] = []
    private var head = 0
    private var acks: [UInt64: EmitRequest] = [:]

    var isAnyWaiting: Bool { self.head < self.waiting.count }

    mutating func append(_ request: EmitRequest) {
        self.waiting.append(request)
    }

    mutating func next() -> EmitRequest? {
        guard self.isAnyWaiting else { return nil }
        let request = self.waiting[self.head]
        self.head += 1
        if self.head == self.waiting.count {
            self.waiting.removeAll(keepingCapacity: true)
            self.head = 0
        } else if self.head >= 1024 {
            // Not for each: what is left moves to the front.
            self.waiting.removeFirst(self.head)
            self.head = 0
        }
        return request
    }

    /// It was sent, and asks for an ack.
    mutating func expectAck(of request: EmitRequest) {
        if let ack = request.ack { self.acks[ack.token] = request }
    }

    mutating func takeAck(_ token: UInt64) -> EmitRequest? {
        self.acks.removeValue(forKey: token)
    }

    /// All of them, as the connection is over.
    mutating func drain() -> [EmitRequest] {
        defer { self = EmitQueue() }
        return Array(self.waiting[self.head...]) + self.acks.values
    }
}
