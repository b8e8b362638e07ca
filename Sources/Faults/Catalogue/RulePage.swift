public import TimelineModel

/// What is to be known of a rule. The texts are Markdown without headings, written for who has the fault and not the
/// specification; a line break in them is a blank. A class, for a judge takes one up for each rule and frame.
public final class RulePage: Sendable {
    public enum Layer: String, Sendable, CaseIterable {
        case tcp = "TCP"
        case http = "HTTP"
        case webSocket = "WebSocket"
        case engineIO = "Engine.IO"
        case socketIO = "Socket.IO"
        case session = "Session"
    }

    /// Who has to change something.
    public enum Side: String, Sendable, CaseIterable {
        case client, server, middlebox, application, capture
    }

    /// Kebab name, as in `findings.rule`.
    public let id: String
    public let layer: Layer
    /// What a finding has where nothing demotes or raises it.
    public let severity: Severity
    /// Protocol versions it applies to: "all", "Engine.IO 4", "Socket.IO 5", ...
    public let versions: String
    public let sides: [Side]
    /// The version of sioscope that first had it.
    public let since: String
    /// Where the rule comes from: specification sections, RFCs, implementations, reports.
    public let source: String
    /// One sentence, for lists: what a finding says happened.
    public let summary: String
    /// What makes it fire, exactly.
    public let finds: String
    public let why: String
    /// What to change on the client, on the server (or between them); nil where there is nothing to do.
    public let clientFix: String?
    public let serverFix: String?
    /// What looks like it and is none, and what is done about that.
    public let falseAlarms: String
    /// What a configuration may change.
    public let thresholds: [Threshold]
    /// Its notes are of use to a diagnosis and to who asks for them; told unasked they would only be noise.
    public let isBackground: Bool

    public init(
        _ id: String, _ layer: Layer, _ severity: Severity, versions: String = "all", sides: [Side],
        since: String = "0.1", source: String, summary: String, finds: String, why: String,
        clientFix: String? = nil, serverFix: String? = nil, falseAlarms: String, thresholds: [Threshold] = [],
        isBackground: Bool = false
    ) {
        self.id = id
        self.layer = layer
        self.severity = severity
        self.versions = versions
        self.sides = sides
        self.since = since
        self.source = Self.filled(source)
        self.summary = Self.filled(summary)
        self.finds = Self.filled(finds)
        self.why = Self.filled(why)
        self.clientFix = clientFix.map(Self.filled)
        self.serverFix = serverFix.map(Self.filled)
        self.falseAlarms = Self.filled(falseAlarms)
        self.thresholds = thresholds
        self.isBackground = isBackground
    }

    private static func filled(_ text: String) -> String {
        text.split(separator: "\n").joined(separator: " ")
    }
}

/// A number in a rule's trigger that a configuration may change.
public struct Threshold: Hashable, Sendable {
    /// Snake case with its unit, as in a configuration: `late_after_ms`.
    public let name: String
    public let standard: Double
    /// The smallest change that should make a difference to somebody; the tests shift each threshold by it.
    public let step: Double
    public let meaning: String

    public init(_ name: String, _ standard: Double, step: Double, _ meaning: String) {
        self.name = name
        self.standard = standard
        self.step = step
        self.meaning = meaning
    }
}

/// The thresholds of one rule as they are in force.
public struct RuleSettings: Sendable {
    /// By name; a threshold that is not here has its standard value.
    public var values: [String: Double]

    public init(_ values: [String: Double] = [:]) {
        self.values = values
    }

    public subscript(_ threshold: Threshold) -> Double {
        self.values[threshold.name] ?? threshold.standard
    }

    /// A threshold in milliseconds, in nanoseconds.
    public func nanoseconds(_ threshold: Threshold) -> Int64 {
        Int64(milliseconds: self[threshold])
    }

    /// A threshold that counts something.
    public func count(_ threshold: Threshold) -> Int {
        Int(exactly: self[threshold].rounded()) ?? .max
    }
}

extension Int64 {
    /// Nanoseconds of so many milliseconds; saturates.
    init(milliseconds: Double) {
        let nanoseconds = (milliseconds * 1e6).rounded()
        self = Int64(exactly: nanoseconds) ?? (nanoseconds < 0 ? .min : .max)
    }
}
