import Faults
import JSONText
import TimelineModel

/// SARIF 2.1.0: one run, all rules, a result a finding. Source: OASIS, "Static Analysis Results Interchange Format
/// (SARIF) Version 2.1.0 Plus Errata 01".
struct SARIFReport {
    private let report: FindingsReport
    private let pages = Catalogue.all.map { $0.page }

    init(_ report: FindingsReport) {
        self.report = report
    }

    /// One line for the head, one a result, one for the end: a big log is never held as a whole.
    func print(to write: (String) throws -> Void) throws {
        let indexes = Dictionary(
            self.pages.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
        let sessions = Dictionary(
            self.report.sessions.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let driver = Self.object([
            ("name", .string("sioscope")), ("version", .string(SioscopeCommand.version)),
            ("rules", .array(self.pages.map(Self.rule))),
        ])
        try write(
            "{\"$schema\":\"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json\","
                + "\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":\(driver)},\"columnKind\":\"unicodeCodePoints\","
                + "\"results\":[")
        for (number, item) in self.report.findings.enumerated() {
            let session = item.finding.sessionID.flatMap { sessions[$0] }
            try write((number == 0 ? "\n" : ",\n") + self.result(item, session, indexes).description)
        }
        try write("]}]}\n")
    }

    private static func object(_ members: [(String, JSONValue)]) -> JSONValue {
        .object(members.map { JSONValue.Member($0.0, $0.1) })
    }

    private static func message(_ text: String) -> JSONValue { self.object([("text", .string(text))]) }

    private static func rule(_ page: RulePage) -> JSONValue {
        let plain = RuleText.parts(of: page).map { "\($0.title): \($0.text)" }.joined(separator: "\n\n")
        return self.object([
            ("id", .string(page.id)),
            ("shortDescription", self.message(RuleText.summary(page) + ".")),
            ("fullDescription", self.message(RuleText.oneLine(page.finds))),
            ("help", self.object([("text", .string(plain)), ("markdown", .string(RuleText.markdown(page)))])),
            ("defaultConfiguration", self.object([("level", .string(page.severity.rawValue))])),
            (
                "properties",
                self.object([
                    ("tags", .array([.string(page.layer.rawValue)] + page.sides.map { .string($0.rawValue) })),
                    ("versions", .string(page.versions)), ("since", .string(page.since)),
                ])
            ),
        ])
    }

    private func result(_ item: NumberedFinding, _ session: SessionLine?, _ indexes: [String: Int]) -> JSONValue {
        let finding = item.finding
        var members: [(String, JSONValue)] = [("ruleId", .string(finding.rule))]
        if let index = indexes[finding.rule] { members.append(("ruleIndex", .integer(index))) }
        members.append(("level", .string(finding.severity.rawValue)))
        members.append(("message", Self.message(Escaping.visible(finding.message))))
        let artifact = Self.object([("uri", .string(Self.uri(self.report.path)))])
        var location: [(String, JSONValue)] = [
            ("physicalLocation", Self.object([("artifactLocation", artifact)]))
        ]
        let logical = Self.logicalLocations(finding)
        if !logical.isEmpty { location.append(("logicalLocations", .array(logical))) }
        members.append(("locations", .array([Self.object(location)])))
        members.append(
            (
                "properties",
                Self.object([
                    ("findingId", .integer(item.id)), ("status", .string(finding.status.rawValue)),
                    ("atNs", .integer(finding.at.nanoseconds)),
                    ("time", .string(FindingsReport.time(of: item, in: session))),
                    ("evidence", (try? JSONValue(finding.evidence)) ?? .null),
                ])
            ))
        return Self.object(members)
    }

    /// The session and, in it, the frame.
    private static func logicalLocations(_ finding: Finding) -> [JSONValue] {
        var places: [JSONValue] = []
        var path = ""
        for (kind, id) in [("session", finding.sessionID), ("frame", finding.frameID)] {
            guard let id else { continue }
            path += (path.isEmpty ? "" : "/") + "\(kind) \(id)"
            places.append(
                self.object([
                    ("name", .string("\(kind) \(id)")), ("fullyQualifiedName", .string(path)), ("kind", .string(kind)),
                ]))
        }
        return places
    }

    /// A path as a URI reference (RFC 3986): relative as it is, absolute as a `file` URI.
    static func uri(_ path: String) -> String {
        let plain = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/".utf8)
        var text = path.hasPrefix("/") ? "file://" : ""
        for byte in path.utf8 {
            if plain.contains(byte) {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                text += "%" + (digits.count < 2 ? "0" : "") + digits
            }
        }
        return text
    }
}
