import Testing
import TestSupport
import TimelineModel

import struct Recording.RedactionKey
import struct Recording.Redactor

@testable import Decoding
@testable import Faults

/// What the rules find in rows whose secrets were replaced before anything else saw them.
@Suite("Rules after redaction")
struct RedactedRowsTests {
    /// What pages say cannot be found: that a token has expired stands in the token.
    private static func isLost(_ finding: Finding) -> Bool {
        finding.rule == "stale-auth-on-reconnect" && finding.evidence.contains("\"expired_ms\"")
    }

    private static func expectSame(
        _ contents: CaptureContents, _ configuration: Configuration, _ name: String
    ) {
        let plain = contents.analysed(configuration).findings
        let redacted = contents.redacted().analysed(configuration).findings
        #expect(redacted == plain.filter { !Self.isLost($0) }, "\(name)")
    }

    @Test("fixtures give the same findings", arguments: Scenario.files)
    func fixtures(_ rule: String) throws {
        for scenario in try Scenario.read(rule: rule) {
            Self.expectSame(try Recording(scenario.lines).rows(), scenario.configuration(), scenario.title)
        }
    }

    @Test("captures give the same findings", arguments: TestFiles.captureFiles)
    func bundled(_ name: String) throws {
        let contents = try CaptureContents(TestFiles.bytes(TestFiles.captures.appending(path: name)))
        Self.expectSame(contents, Configuration(), name)
    }

    @Test("credentials that are refused again are found, and are not in the rows")
    func staleAuth() throws {
        let rule = "stale-auth-on-reconnect"
        var found = 0
        for scenario in try Scenario.read(rule: rule) where scenario.fires {
            let contents = try Recording(scenario.lines).rows().redacted()
            for payload in contents.frames.filter({ $0.socketIOType == .connect && $0.sender == .client })
                .compactMap(\.payload)
            {
                #expect(!payload.contains("secret-") && !payload.contains("eyJ") && payload.contains("redacted:"))
            }
            found += contents.analysed().findings.count { $0.rule == rule }
        }
        // Those of the fixtures that do not need the time in a token.
        #expect(found == 4)
    }
}

extension CaptureContents {
    fileprivate func redacted() -> CaptureContents {
        var redactor = Redactor(RedactionKey())
        var batch = TimelineBatch()
        (batch.frames, batch.exchanges, batch.anomalies) = (self.frames, self.exchanges, self.anomalies)
        redactor.redact(&batch)
        var contents = self
        (contents.frames, contents.exchanges, contents.anomalies) = (batch.frames, batch.exchanges, batch.anomalies)
        redactor.redact(&contents.facts)
        return contents
    }
}
