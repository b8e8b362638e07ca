import Testing
import Wire

@Suite("Broken capture files")
struct CaptureMutationTests {
    static let seeds: [[UInt8]] = [
        PcapBytes().record(1, 2, Array(0...60)).record(3, 4, [1, 2, 3]).record(5, 6, Array(0...99)).bytes,
        PcapBytes(isBig: true, magic: 0xA1B2_CD34).record(1, 2, Array(0...60)).record(3, 4, [1, 2, 3]).bytes,
        PcapngBytes().section().interface(options: [(9, [9]), (14, [1, 0, 0, 0, 0, 0, 0, 0])])
            .enhanced(units: 9, Array(0...60), options: [(4, [1, 0, 0, 0, 0, 0, 0, 0])]).simple([1, 2, 3])
            .statistics(0, [(5, 4)]).section(isBig: true).interface(113).obsolete(0, drops: 1, units: 8, Array(0...20))
            .block(77) { $0.put([UInt8](repeating: 0, count: 100)) }.enhanced(units: 9, Array(0...60)).bytes,
    ]

    /// Bytes changed, and the file cut or repeated: no crash, and the same at any cuts.
    @Test("any bytes decode equally at any cuts", arguments: 0..<300)
    func survives(_ round: Int) {
        var random = SeededRandom(seed: UInt64(round))
        var bytes = Self.seeds[round % Self.seeds.count]
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            // Often a value that makes lengths odd.
            let value = [0, 1, 3, 12, 0x7F, 0xFF, UInt8.random(in: 0...255, using: &random)]
                .randomElement(using: &random)
            bytes[Int.random(in: 0..<bytes.count, using: &random)] = value ?? 0
        }
        if round % 4 == 0 { bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random)) }
        if round % 4 == 1 { bytes += bytes }
        let events = ChunkVerifier.verify(bytes, rounds: 5, seed: UInt64(round)) {
            CaptureFileDecoder.events($0, recordLimit: 256)
        }
        let captured = events.reduce(0) { sum, event in
            if case .record(_, let data) = event { sum + data.count } else { sum }
        }
        #expect(captured <= bytes.count)
        guard case .end(_, let isComplete)? = events.last else {
            Issue.record("no end")
            return
        }
        // What was not read to its end says why.
        let reasons = events.contains {
            switch $0 {
            case .failure: true
            case .note(let code, _): code != "capture.dropped" && code != "capture.no-time"
            case .record, .end: false
            }
        }
        #expect(isComplete || reasons)
    }
}
