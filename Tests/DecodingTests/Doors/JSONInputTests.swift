import Testing

@testable import Decoding

@Suite("JSON input")
struct JSONInputTests {
    static let line = #"{"v":1,"at_ns":1,"session":"s","kind":"open"}"#

    @Test(
        "told by its first lines",
        arguments: [
            ("{\"log\":{", JSONInput.har), ("\u{FEFF} {\n \"log\"", .har), ("[", .har), ("{", .har), ("", .text),
            ("{\"comment\":1", .har),
            ("{\"v\":1,", .hookLog), ("\u{FEFF}{\"at_ns\"", .hookLog), ("\n\n { \"kind\" :", .hookLog),
            ("{\"sess", .har),
            ("{\"session\":\"log\"}", .hookLog),
            // A log that was cut, or has something else in front.
            ("garbage\n\(Self.line)\nmore", .hookLog), ("ion\":\"s\",\"kind\":\"x\"}\r\n\(Self.line)\r\n", .hookLog),
            ("[1]\n{}\n\(Self.line)", .hookLog), ("\u{FEFF}#\n \(Self.line)", .hookLog),
            ("\u{1}\u{2}\n\(Self.line)", .hookLog), ("garbage\n{\"v\":1,\"at_ns\":1,\"text\":\"aaa", .hookLog),
            // Not one of its lines.
            ("garbage\n{\"v\":1}\n", .text), ("garbage\n{\"at_ns\":1,\"kind\":\"message\"}\n", .text),
            ("garbage", .text),
            ("{\n\"log\": {\n{\"text\":\"", .har), ("{\"log\":\n{\"url\":\"x\",\"kind\":\"open\"}", .har),
        ])
    func sniff(_ text: String, _ expected: JSONInput) {
        let bytes = Array(text.utf8)
        #expect(JSONInput.sniff(bytes.span) == expected)
    }
}
