import EngineIO
import TimelineModel

/// One recorded session while it is played to one live client: when each packet of the server is due, what the client
/// has said of what it should, and how the session ends.
struct LifePlay: Sendable {
    enum Output: Hashable, Sendable {
        /// One unit: nothing may come between.
        case send([EngineIOPacket])
        /// A recorded one of version 4.
        case ping
        case end(RecordedEnd.ServerEnd)
        /// The client broke the rules of Socket.IO; a strict server ends the session.
        case violated(String)
        /// The policy is strict, or the client has fallen silent: no use in going on.
        case stuck(waitedFor: String)
    }

    let plan: LifePlan
    /// Number of the life in the lineage, from 1.
    let number: Int
    let settings: ReplayServerSettings
    let dialect: EngineIOServerSettings.Dialect
    /// Of the replay.
    let origin: Timestamp
    let began: Timestamp
    let timing: LifeTiming
    var reader: LivePacketReader
    var expected: ExpectedPackets

    /// Acks that the server has asked for, and that the recorded client never gave.
    var unanswered: Set<LifePlan.AckName> = []
    /// When a packet of the client came, or was given up; nil for what is still to come. By its place.
    var heard: [Int: Heard] = [:]
    /// The live id of an event that asks for an ack, by its place.
    var liveAckIDs: [Int: Int64] = [:]
    var lanes: [Lane]
    /// Acks whose event has come.
    var dueAcks: [DueStep] = []
    /// Recorded answers to pings of version 3, with the data of the live ping.
    var duePongs: [(due: Timestamp, data: String)] = []
    private var pings = 0
    var namespaces: [String: LiveNamespace] = [:]
    /// A CONNECT has come.
    var hasConnected = false
    var demandedLeft: Int
    /// First of `plan.demanded` that has not been heard.
    var nextDemanded = 0
    var progress: (live: Timestamp, recordedNs: Int64)
    /// Since the client last said something.
    var givenUpInARow = 0
    var nextSuffix = 0
    let sidSuffix: String

    var divergences: [Divergence] = []
    var lateness = Lateness()
    var isDone = false
    /// The client left when the played server had fallen silent, as it may.
    var leftSilence: Timestamp?
    /// The recorded server's reaction has come live as well.
    var hasReacted = false

    enum Heard { case at(Timestamp), givenUp(Timestamp) }

    enum LiveNamespace { case connecting, connected }

    struct Lane {
        var steps: ArraySlice<Int>
        var last: (live: Timestamp, recordedNs: Int64)?
        /// When the live client's CONNECT came that the recording lacks.
        var assumedAt: Timestamp?
    }

    struct DueStep {
        var step: Int
        var due: Timestamp
    }

    /// - Parameter origin: the beginning of the replay.
    init(
        _ plan: LifePlan, number: Int, _ settings: ReplayServerSettings, _ dialect: EngineIOServerSettings.Dialect,
        sidSuffix: String, origin: Timestamp, at now: Timestamp
    ) {
        self.origin = origin
        self.plan = plan
        self.number = number
        self.settings = settings
        self.dialect = dialect
        self.sidSuffix = sidSuffix
        self.began = now
        self.timing = LifeTiming(plan, settings)
        self.reader = LivePacketReader(plan.language)
        self.expected = plan.expected
        self.lanes = plan.lanes.map { Lane(steps: $0[...]) }
        self.demandedLeft = plan.demanded.count
        self.progress = (now, 0)
        if plan.version == .v3 { self.namespaces["/"] = .connected }
    }

    /// A ping of version 3, whose recorded answer comes again, or its absence: the k-th live ping gets what the k-th
    /// recorded one got, and those beyond are answered at once.
    mutating func pinged(_ data: String, at now: Timestamp, _ outputs: inout [Output]) {
        let number = self.pings
        self.pings += 1
        guard number < self.plan.pongs.count else {
            outputs.append(.send([EngineIOPacket(.pong, data)]))
            return
        }
        if let delay = self.plan.pongs[number] {
            self.duePongs.append((now.advanced(byNs: self.settings.pace.scaled(delay)), data))
        }
    }

    var matched: Int { self.plan.demanded.count - self.demandedLeft }

    mutating func takeDivergences() -> [Divergence] {
        defer { self.divergences = [] }
        return self.divergences
    }
}
