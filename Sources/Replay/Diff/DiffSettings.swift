/// What counts when two recordings are compared.
public struct DiffSettings: Hashable, Sendable {
    /// Values that are allowed to differ.
    public var masks: [DiffMask] = []
    /// Which transports a session used, in which order, is compared too.
    public var comparesTransports = false
    /// How fast the second recording was driven, where it is a replay of the first: its times are stretched by as much.
    /// `.fast` compares no times.
    public var pace: Pace = .recorded
    /// Two times that lie no further apart are the same, in nanoseconds; or no further than `toleranceShare` of the
    /// first. Source: what a scheduler and a network do to a delay; both ends were measured with other clocks.
    public var toleranceNs: Int64 = 50_000_000
    public var toleranceShare = 0.2
    /// So many differences are kept one by one, and as many of times; all are counted.
    public var limit = 1_000

    public init() {}

    /// - Parameter ns: the first delay; the second may be so much longer or shorter.
    func tolerance(of ns: Int64) -> Int64 {
        let share = Double(max(0, ns)) * self.toleranceShare
        return max(self.toleranceNs, share < 0x1p62 ? Int64(share) : .max)
    }
}
