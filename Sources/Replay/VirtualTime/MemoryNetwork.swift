import EngineIO
public import TimelineModel

/// Runs a server's role against a client's role without sockets and without waiting: time goes from one event to the
/// next.
///
/// It does for the roles what their drivers do: HTTP connections that are kept alive, cookies, the frames of a
/// WebSocket, answers to its pings, both halves of its close. Nothing is random and nothing is read from outside, so
/// the same roles give the same run, to the byte. Cost: linear in the events; memory: what is under way.
public struct MemoryNetwork<Server: ServerRole, Client: ClientRole>: Sendable {
    public internal(set) var server: Server
    public internal(set) var client: Client
    /// The time of the last event.
    public private(set) var now: Timestamp
    let settings: MemoryNetworkSettings
    var queue = EventQueue<MemoryDelivery>()
    var links: [Int: MemoryLink] = [:]
    var nextLink = 0
    /// Requests under way and WebSockets, by the client's numbers.
    var linkOfRequest: [Int: Int] = [:]
    var linkOfWebSocket: [Int: Int] = [:]
    /// Kept alive, in the order in which they became free.
    var idleLinks: [Int] = []
    var cookies = CookieJar()
    /// How often a role was told the time since it last went on; where it did nothing then, that counts a thousandfold.
    private var alarms = 0
    /// Beyond it a role lets time stand still for ever.
    private static var alarmLimit: Int { 10_000_000 }

    public init(server: Server, client: Client, _ settings: MemoryNetworkSettings = MemoryNetworkSettings()) {
        self.server = server
        self.client = client
        self.settings = settings
        self.now = settings.start
    }

    // MARK: Time

    /// Runs until the server waits for nothing more, nothing can happen any more, or a limit is reached.
    ///
    /// - Parameter isCut: asked before each step: true ends it there.
    public mutating func run(
        _ witness: inout some MemoryWitness, isCut: () -> Bool = { false }
    ) -> MemoryNetworkEnd {
        self.perform(self.client.handle(.begin, at: self.now), &witness)
        var isClientGone = false
        while !self.server.isFinished {
            guard !isCut() else { return .cut }
            let isQuiet = self.queue.isEmpty && (self.client.isFinished || self.client.deadline == nil)
            if isQuiet, !isClientGone, self.client.isFinished || self.server.deadline == nil {
                // Its driver would see the process end, or be told by its user that nothing moves.
                isClientGone = true
                self.perform(self.server.handle(.clientGone, at: self.now), &witness)
                continue
            }
            guard let next = self.nextMoment else { return .quiet }
            guard next.nanoseconds(since: self.settings.start) <= self.settings.limitNs else { return .limit }
            if next > self.now { self.alarms = 0 }
            guard self.alarms < Self.alarmLimit else { return .stuck }
            self.now = max(self.now, next)
            self.step(&witness)
        }
        self.settle(&witness)
        if self.settings.lingerNs > 0 {
            self.linger(&witness)
            self.settle(&witness)
        }
        return .finished
    }

    private var nextMoment: Timestamp? {
        let client = self.client.isFinished ? nil : self.client.deadline
        return [self.queue.firstDue, self.server.deadline, client].compactMap { $0 }.min()
    }

    /// What has arrived comes before what is due: a timer that fires at the moment of an answer would be a coin's toss.
    private mutating func step(_ witness: inout some MemoryWitness) {
        if let due = self.queue.firstDue, due <= self.now, let item = self.queue.pop() {
            self.deliver(item.event, &witness)
        } else if let due = self.server.deadline, due <= self.now {
            let actions = self.server.handle(.timePassed, at: self.now)
            self.alarms += actions.isEmpty ? 1_000 : 1
            self.perform(actions, &witness)
        } else if let due = self.client.deadline, due <= self.now, !self.client.isFinished {
            let actions = self.client.handle(.timePassed, at: self.now)
            self.alarms += actions.isEmpty ? 1_000 : 1
            self.perform(actions, &witness)
        }
    }

    /// What was under way when the server was done still arrives, so that closes are whole; no timer fires any more.
    private mutating func settle(_ witness: inout some MemoryWitness) {
        let until = self.now.advanced(byNs: 8 * self.settings.latencyNs)
        while let due = self.queue.firstDue, due <= until, let item = self.queue.pop() {
            self.now = max(self.now, due)
            self.deliver(item.event, &witness)
        }
    }

    /// The client goes on for as long as the settings let it.
    private mutating func linger(_ witness: inout some MemoryWitness) {
        let until = self.now.advanced(byNs: self.settings.lingerNs)
        while !self.client.isFinished, self.alarms < Self.alarmLimit,
            let next = self.nextMoment, next <= until
        {
            if next > self.now { self.alarms = 0 }
            self.now = max(self.now, next)
            self.step(&witness)
        }
    }

    mutating func arrival(_ link: Int, to server: Bool, trips: Int64 = 1) -> Timestamp {
        let at = self.now.advanced(byNs: trips * self.settings.latencyNs)
        guard var state = self.links[link] else { return at }
        let arrival = max(at, server ? state.client.lastArrival : state.server.lastArrival)
        if server { state.client.lastArrival = arrival } else { state.server.lastArrival = arrival }
        self.links[link] = state
        return arrival
    }
}
