/// A value of a row, or of a query's parameter: SQLite's five kinds.
public enum TimelineValue: Hashable, Sendable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob([UInt8])
}
