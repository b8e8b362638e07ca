/// Why a text is no scenario, and where.
public struct ScenarioError: Error, Equatable, CustomStringConvertible {
    /// From 1; 0 where the whole file is meant.
    public let line: Int
    public let expected: String

    public init(line: Int, expected: String) {
        self.line = line
        self.expected = expected
    }

    public var description: String { self.line > 0 ? "line \(self.line): \(self.expected)" : self.expected }
}
