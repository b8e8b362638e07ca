import Timeline

/// Values as a table shows them: one line each, safe to print.
enum TableCell {
    /// Decimals a column of REALs is shown with at most.
    static let maximumDecimals = 3

    /// - Parameter decimals: of the value's column, so that points stand below each other.
    static func text(_ value: TimelineValue, decimals: Int) -> String {
        switch value {
        case .null: ""
        case .integer(let number): String(number)
        case .real(let number): Self.real(number, decimals: decimals)
        case .text(let text): Escaping.visible(text)
        case .blob(let bytes): Self.bytes(bytes, count: bytes.count)
        }
    }

    /// How many decimals a value needs, up to ``maximumDecimals``.
    static func decimals(_ value: TimelineValue) -> Int {
        guard case .real(let number) = value, number.isFinite, number.magnitude < 1e15 else { return 0 }
        var scaled = number
        for count in 0..<Self.maximumDecimals {
            if abs(scaled - scaled.rounded()) < 1e-9 * max(1, scaled.magnitude) { return count }
            scaled *= 10
        }
        return Self.maximumDecimals
    }

    static func real(_ number: Double, decimals: Int) -> String {
        guard number.isFinite, number.magnitude < 1e15 else { return number.description }
        let unit = [1.0, 10, 100, 1000][decimals]
        let scaled = Int64((number.magnitude * unit).rounded())
        // Something is there, though too small for the column: say so rather than print a zero.
        if scaled == 0, number != 0 { return (number < 0 ? "-" : "") + "<" + Self.fixed(1, decimals: decimals) }
        return (number < 0 && scaled != 0 ? "-" : "") + Self.fixed(scaled, decimals: decimals)
    }

    private static func fixed(_ scaled: Int64, decimals: Int) -> String {
        guard decimals > 0 else { return String(scaled) }
        let digits = String(scaled)
        let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
        return padded.dropLast(decimals) + "." + padded.suffix(decimals)
    }

    /// The first bytes in hexadecimal, and how many there are where some are left out.
    static func bytes(_ bytes: some Sequence<UInt8>, count: Int) -> String {
        let shown = bytes.prefix(8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
        if count == 0 { return "(no bytes)" }
        return count > 8 ? "\(shown) … (\(count) bytes)" : shown
    }
}
