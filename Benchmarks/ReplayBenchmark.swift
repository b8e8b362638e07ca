import Foundation
import NIOCore
import NIOPosix
import Replay
import ReplayDrivers
import Synchronization
import Taps
import TimelineModel

/// How punctual a server's replays are, many at once on one thread, against a bare timer loop that has as many deadlines
/// on the same thread; and what memory each takes.
struct ReplayBenchmark {
    let sessions: Int
    let seconds: Int
    /// Between two packets of a session: one alone sends more often, so that its p99 is not its worst.
    var periodMs: Int64 { self.sessions == 1 ? 10 : 250 }

    struct Outcome {
        /// How late each packet was handed to the socket, in nanoseconds, ascending.
        var late: [Int64]
        /// Likewise of the timer loop.
        var bare: [Int64]
        var bytesPerSession: Int64
        /// Replays that went another way than their recording.
        var diverged: Int
    }

    func run() throws -> Outcome {
        FileLimit.raise()
        let bare = try self.timerLoop()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        defer { try? group.syncShutdownGracefully() }
        let late = Late()
        let clock = SteadyClock()
        let before = Self.residentBytes
        let drivers = (0..<self.sessions).map { number in
            ServerDriver(
                TimedRole(ReplayServer(self.lineage(number)), late), on: group.next(), clock: clock)
        }
        let ports = try drivers.map { try $0.listen(on: HostPort(host: "127.0.0.1", port: 0)).port }
        let clients = Process()
        clients.executableURL = URL(filePath: CommandLine.arguments[0])
        clients.arguments = ["replay-clients"]
        let input = Pipe()
        clients.standardInput = input
        try clients.runWithSignals()
        defer { clients.terminate() }
        input.fileHandleForWriting.write(Data(ports.map { "\($0)\n" }.joined().utf8))
        try? input.fileHandleForWriting.close()
        // All are connected by then, and at work.
        Thread.sleep(forTimeInterval: Double(self.seconds) / 2)
        let held = Self.residentBytes - before
        for driver in drivers { try driver.finished.wait() }
        let diverged = drivers.count { !$0.stop().role.base.outcome.isFaithful }
        return Outcome(
            late: late.sorted, bare: bare, bytesPerSession: held / Int64(self.sessions), diverged: diverged)
    }

    /// A session over a WebSocket that joins the root, and gets an event in each period; its phase is its own.
    private func lineage(_ number: Int) -> RecordedLineage {
        func at(_ ms: Int64) -> Timestamp { Timestamp(nanoseconds: ms * 1_000_000) }
        var facts = SessionFacts(id: 1, sid: "bench\(number)", opened: at(0))
        facts.completeHead = true
        facts.engineIOVersion = 4
        facts.socketIOVersion = 5
        facts.transports = [.websocket]
        facts.path = "/socket.io/"
        facts.pingIntervalMs = 600_000
        facts.pingTimeoutMs = 600_000
        var session = RecordedSession(facts: facts)
        func add(_ ms: Int64, _ sender: Sender, _ content: RecordedPacket.Content) {
            session.packets.append(
                RecordedPacket(
                    frameID: Int64(session.packets.count + 1), at: at(ms), sender: sender, transport: .websocket,
                    content: content))
        }
        let open = #"{"sid":"bench\#(number)","upgrades":[],"pingInterval":600000,"pingTimeout":600000}"#
        add(0, .server, .engineIO(.open, open))
        add(2, .client, .socketIO(ScriptedPacket(type: .connect)))
        add(4, .server, .socketIO(ScriptedPacket(type: .connect, payload: #"{"sid":"s"}"#)))
        // All replays begin about at once: their phases part them.
        let phase = Int64(number) * self.periodMs / Int64(max(1, self.sessions))
        for tick in 1...Int64(max(1, self.seconds)) * 1_000 / self.periodMs {
            let payload = #"["tick",{"number":\#(tick),"text":"some forty bytes of text for each of them"}]"#
            add(
                1_000 + phase + tick * self.periodMs, .server,
                .socketIO(ScriptedPacket(type: .event, event: "tick", payload: payload)))
        }
        return RecordedLineage(lives: [.session(session)])
    }

    /// The same deadlines with nothing to do.
    private func timerLoop() throws -> [Int64] {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        defer { try? group.syncShutdownGracefully() }
        let late = Late()
        let loop = group.next()
        let start = NIODeadline.now() + .seconds(1)
        for number in 0..<self.sessions {
            let phase = TimeAmount.milliseconds(Int64(number) * self.periodMs / Int64(max(1, self.sessions)))
            let ticks = Int64(max(1, self.seconds)) * 1_000 / self.periodMs
            @Sendable func arm(_ tick: Int64) {
                guard tick <= ticks else { return }
                let due = start + phase + .milliseconds(tick * self.periodMs)
                loop.scheduleTask(deadline: due) {
                    late.add((NIODeadline.now() - due).nanoseconds)
                    arm(tick + 1)
                }
            }
            loop.execute { arm(1) }
        }
        Thread.sleep(forTimeInterval: Double(self.seconds) + 1.5)
        return late.sorted
    }

    static func percentile(_ sorted: [Int64], _ part: Double) -> Int64 {
        sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(Double(sorted.count) * part))]
    }

    private static var residentBytes: Int64 {
        let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ")
        return Int64(pages?.dropFirst().first ?? "0").map { $0 * Int64(sysconf(Int32(_SC_PAGESIZE))) } ?? 0
    }
}

/// How late things were, of any thread.
final class Late: Sendable {
    private let samples = Mutex<[Int64]>([])

    func add(_ ns: Int64) { self.samples.withLock { $0.append(ns) } }
    var sorted: [Int64] { self.samples.withLock { $0.sorted() } }
}

/// A role that notes how long after its deadline it says to send something.
struct TimedRole<Base: ServerRole>: ServerRole {
    private(set) var base: Base
    private let late: Late

    init(_ base: Base, _ late: Late) {
        self.base = base
        self.late = late
    }

    var deadline: Timestamp? { self.base.deadline }
    var isFinished: Bool { self.base.isFinished }

    mutating func handle(_ event: ServerEvent, at now: Timestamp) -> [ServerAction] {
        let due = self.base.deadline
        let actions = self.base.handle(event, at: now)
        if event == .timePassed, let due, actions.contains(where: \.isSend) {
            self.late.add(now.nanoseconds - due.nanoseconds)
        }
        return actions
    }
}

extension ServerAction {
    fileprivate var isSend: Bool { if case .send = self { true } else { false } }
}
