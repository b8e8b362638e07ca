import Testing

@testable import Decoding

@Suite("JSON input")
struct JSONInputTests {
    @Test(
        "told by its first key",
        arguments: [
            ("{\"log\":{", JSONInput.har), ("\u{FEFF} {\n \"log\"", .har), ("[", .har), ("{", .har), ("", .har),
            ("{\"comment\":1", .har),
            ("{\"v\":1,", .hookLog), ("\u{FEFF}{\"at_ns\"", .hookLog), ("\n\n { \"kind\" :", .hookLog),
            ("{\"sess", .har),
            ("{\"session\":\"log\"}", .hookLog),
        ])
    func sniff(_ text: String, _ expected: JSONInput) {
        let bytes = Array(text.utf8)
        #expect(JSONInput.sniff(bytes.span) == expected)
    }
}
