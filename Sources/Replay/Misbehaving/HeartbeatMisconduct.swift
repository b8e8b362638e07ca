import EngineIO
import TimelineModel

/// Wrong heartbeats of a client.
struct HeartbeatMisconduct: Misconduct {
    enum Fault: Hashable, Sendable {
        /// Pings each pingInterval, as clients of Engine.IO 3 do.
        case pings
        case noPongs
        case latePongs
        case extraPongs
        /// Pongs as binary messages.
        case binaryPongs
    }

    /// Of pingTimeout: late for a watcher, and in time for the server.
    private static let lateShare = 0.9
    /// Pongs that nobody asked for come so often in a pingInterval.
    private static let extraShare = 0.25

    private let fault: Fault
    private var intervalNs: Int64 = 25_000_000_000
    private var timeoutNs: Int64 = 20_000_000_000
    private var next: Timestamp?
    private var held: [EngineIOPacket] = []

    init(_ fault: Fault) { self.fault = fault }

    var deadline: Timestamp? { self.next }

    mutating func opened(_ handshake: EngineIOHandshake, _ version: EngineIOVersion, at now: Timestamp) -> [LinkAct] {
        self.intervalNs = Self.nanoseconds(handshake.pingIntervalMs) ?? self.intervalNs
        self.timeoutNs = Self.nanoseconds(handshake.pingTimeoutMs) ?? self.timeoutNs
        switch self.fault {
        case .pings: self.next = now.advanced(byNs: self.intervalNs)
        case .extraPongs: self.next = now.advanced(byNs: Int64(Double(self.intervalNs) * Self.extraShare))
        case .noPongs, .latePongs, .binaryPongs: break
        }
        return version == .v3 && self.fault == .extraPongs ? [.packets([EngineIOPacket(.pong)])] : []
    }

    mutating func saying(_ packets: [EngineIOPacket], at now: Timestamp) -> [EngineIOPacket] {
        switch self.fault {
        case .pings, .extraPongs: return packets
        case .noPongs: return packets.filter { $0.type != .pong }
        case .latePongs:
            let pongs = packets.filter { $0.type == .pong }
            guard !pongs.isEmpty else { return packets }
            self.held += pongs
            self.next = self.next ?? now.advanced(byNs: Int64(Double(self.timeoutNs) * Self.lateShare))
            return packets.filter { $0.type != .pong }
        case .binaryPongs:
            return packets.map { $0.type == .pong ? EngineIOPacket(.message, binary: [UInt8(ascii: "3")]) : $0 }
        }
    }

    mutating func timePassed(at now: Timestamp) -> [LinkAct] {
        guard let next, next <= now else { return [] }
        switch self.fault {
        case .pings:
            self.next = now.advanced(byNs: self.intervalNs)
            return [.packets([EngineIOPacket(.ping)])]
        case .extraPongs:
            self.next = now.advanced(byNs: Int64(Double(self.intervalNs) * Self.extraShare))
            return [.packets([EngineIOPacket(.pong)])]
        case .latePongs:
            defer { self.held = [] }
            self.next = nil
            return [.packets(self.held)]
        case .noPongs, .binaryPongs:
            self.next = nil
            return []
        }
    }

    /// Nil for what names no time.
    private static func nanoseconds(_ ms: Int?) -> Int64? {
        guard let ms, ms > 0 else { return nil }
        let (ns, overflow) = Int64(ms).multipliedReportingOverflow(by: 1_000_000)
        return overflow ? nil : ns
    }
}
