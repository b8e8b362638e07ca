import Testing

@testable import Taps

@Suite("Capture filter")
struct CaptureFilterTests {
    @Test(
        "ports",
        arguments: [
            ("3000", "tcp port 3000"), ("1", "tcp port 1"), ("65535", "tcp port 65535"),
            ("3000-3010", "tcp portrange 3000-3010"), ("80-80", "tcp port 80"), ("0", nil), ("65536", nil),
            ("3010-3000", nil), ("", nil), ("-", nil), ("80-", nil), ("-80", nil), ("http", nil), ("+80", nil),
            (" 80", nil), ("1-2-3", nil), ("٨٠", nil),
        ] as [(String, String?)])
    func ports(text: String, expression: String?) {
        #expect(CaptureFilter.Ports(text)?.expression == expression)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var ports: [String] = []
        var expression: String?
        var plain: String
        var onEthernet: [String]
        var testDescription: String { self.plain }
    }

    @Test(
        "what devices are asked for",
        arguments: [
            Row(plain: "", onEthernet: [""]),
            Row(expression: "  ", plain: "", onEthernet: [""]),
            Row(
                ports: ["80"], plain: "tcp port 80",
                onEthernet: ["(tcp port 80) or (vlan and (tcp port 80))", "tcp port 80"]),
            Row(
                ports: ["80", "90-91"], expression: "host a or host b",
                plain: "(tcp port 80 or tcp portrange 90-91) and (host a or host b)",
                onEthernet: [
                    "((tcp port 80 or tcp portrange 90-91) and (host a or host b)) or "
                        + "(vlan and ((tcp port 80 or tcp portrange 90-91) and (host a or host b)))",
                    "(tcp port 80 or tcp portrange 90-91) and (host a or host b)",
                ]),
            Row(
                expression: "vlan 7 and tcp", plain: "vlan 7 and tcp", onEthernet: ["vlan 7 and tcp"]),
        ])
    func candidates(row: Row) throws {
        let filter = CaptureFilter(
            ports: try row.ports.map { try #require(CaptureFilter.Ports($0)) }, expression: row.expression)
        #expect(filter.plain == row.plain)
        #expect(filter.candidates(isEthernet: true) == row.onEthernet)
        #expect(filter.candidates(isEthernet: false) == [row.plain])
    }
}
