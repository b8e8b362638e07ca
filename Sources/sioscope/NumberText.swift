import ArgumentParser

/// Numbers as flags take them. Where one is none, the parser alone would not say what was expected.
enum NumberText {
    static func whole<Number: FixedWidthInteger>(_ argument: String) throws -> Number {
        if let number = Number(argument) { return number }
        let digits = argument.drop { $0 == "-" || $0 == "+" }
        let isNumber = !digits.isEmpty && digits.allSatisfy { ("0"..."9").contains($0) }
        throw ValidationError(
            isNumber ? "give a whole number from \(Number.min) to \(Number.max)" : "give a whole number, such as 3")
    }

    static func seconds(_ argument: String) throws -> Double {
        guard let number = Double(argument), !number.isNaN else {
            throw ValidationError("give a number of seconds, such as 2 or 0.5")
        }
        return number
    }
}
