import ArgumentParser

/// A duration as a flag takes it: `90s`, `15m`, `12h`, `7d`; a bare number is seconds.
struct DurationText: Equatable {
    let nanoseconds: Int64

    private static let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]

    /// - Throws: what a duration looks like.
    static func read(_ argument: String) throws -> DurationText {
        if let duration = DurationText(argument: argument) { return duration }
        let digits = argument.last.flatMap { Self.units[$0] } == nil ? argument[...] : argument.dropLast()
        let isTooLong =
            !digits.isEmpty && digits.allSatisfy { ("0"..."9").contains($0) } && digits.contains { $0 != "0" }
        throw ValidationError(
            isTooLong
                ? "give 106751d at most"
                : "give a whole number above 0 with s, m, h or d, such as 90s, 15m, 12h or 7d")
    }

    init?(argument: String) {
        let unit = argument.last.flatMap { Self.units[$0] }
        let digits = unit == nil ? argument[...] : argument.dropLast()
        guard let number = Int64(digits), number > 0 else { return nil }
        let (seconds, isLong) = number.multipliedReportingOverflow(by: unit ?? 1)
        let (nanoseconds, isTooLong) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !isLong, !isTooLong else { return nil }
        self.nanoseconds = nanoseconds
    }
}
