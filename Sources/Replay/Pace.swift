/// How fast a recording is driven.
public enum Pace: Hashable, Sendable {
    /// As fast as it was.
    case recorded
    /// So many times as fast; more than 0.
    case times(Double)
    /// Without any pause that the recording has.
    case fast

    /// Heartbeat times never shrink below this: a client's timers need room. Milliseconds.
    public static let heartbeatFloorMs = 200

    /// A recorded time at this pace, in nanoseconds; never less than 0.
    public func scaled(_ ns: Int64) -> Int64 {
        switch self {
        case .recorded: return max(0, ns)
        case .fast: return 0
        case .times(let factor):
            let scaled = Double(max(0, ns)) / factor
            return scaled < 0x1p62 ? Int64(scaled) : .max
        }
    }

    /// pingInterval or pingTimeout at this pace. 0, which a recording may have, stays 0: it divides nothing.
    public func heartbeat(ms: Int) -> Int {
        guard ms > 0 else { return 0 }
        switch self {
        case .recorded: return ms
        case .fast: return min(ms, Self.heartbeatFloorMs)
        case .times(let factor):
            let scaled = Double(ms) / factor
            let floor = min(ms, Self.heartbeatFloorMs)
            return scaled < 0x1p31 ? max(floor, Int(scaled)) : Int(Int32.max)
        }
    }
}
