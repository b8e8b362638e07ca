import Testing

@testable import Taps

@Suite("Names of ring files")
struct RingFileNameTests {
    @Test(
        "number and time stand before the extension",
        arguments: [
            ("run.pcapng", 1, "run_00001_", ".pcapng"), ("/a.b/run", 42, "/a.b/run_00042_", ""),
            ("./x.tar.pcapng", 123_456, "./x.tar_123456_", ".pcapng"), (".hidden", 1, ".hidden_00001_", ""),
            ("/a/.pcapng", 1, "/a/.pcapng_00001_", ""),
        ])
    func names(path: String, number: Int, start: String, end: String) {
        // Some hours after the new year in the zone that is furthest behind.
        let name = RingFileName(path).name(number, at: 1_767_312_000)
        #expect(name.hasPrefix(start))
        #expect(name.hasSuffix(end))
        let time = name.dropFirst(start.count).dropLast(end.count)
        #expect(time.count == 14)
        #expect(time.allSatisfy { $0.isASCII && $0.isNumber })
        #expect(time.hasPrefix("2026010"))
    }
}
