import ArgumentParser
import TimelineModel

/// What makes the exit status 1.
enum FailOn: String, CaseIterable, ExpressibleByArgument {
    case error, warning, note, never

    /// The mildest severity that does; nil where none does.
    var least: Severity? { Severity(rawValue: self.rawValue) }
}

extension Severity: ExpressibleByArgument {}
