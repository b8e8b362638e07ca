import Foundation
import JSONText
import TestSupport
import Testing

@Suite("Base64")
struct Base64Tests {
    @Test(
        "what a text stands for",
        arguments: [
            ("", ""), ("AA==", "00"), ("AA", "00"), ("AAA=", "0000"), ("AAA", "0000"), ("AAAA", "000000"),
            ("AQIDBA==", "01020304"), ("AQIDBA", "01020304"), ("/+8=", "ffef"), ("_-8", "ffef"), ("+/+/", "fbffbf"),
            ("Zm9vYmFy", "666f6f626172"),
            // One digit stands for no byte; what is outside the alphabet, white space too, for none either.
            ("A", nil), ("AAAAA", nil), ("A===", nil), ("AA=A", nil), ("=AAA", nil), ("AA AA", nil), ("AAA\n", nil),
            ("AAA*", nil), ("ÄÖ", nil), ("A\0AA", nil),
        ] as [(String, String?)])
    func decodes(_ text: String, _ hex: String?) {
        #expect(Base64.decode(Array(text.utf8).span) == hex.map { bytes(hex: $0) })
    }

    @Test("any bytes come back, and are written as Foundation writes them")
    func property() {
        var random = SeededRandom(seed: 4)
        for count in 0..<400 {
            let bytes = random.bytes(count)
            let text = Base64.encode(bytes.span)
            #expect(text == Data(bytes).base64EncodedString())
            #expect(Base64.decode(Array(text.utf8).span) == bytes)
            let bare = text.filter { $0 != "=" }
            #expect(Base64.decode(Array(bare.utf8).span) == bytes)
            _ = Base64.decode(random.mutated(Array(text.utf8)).span)
        }
    }
}
