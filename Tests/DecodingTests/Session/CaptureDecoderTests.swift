import Decoding
import Testing
import TimelineModel

@Suite("The door for captures")
struct CaptureDecoderTests {
    @Test("a clock that steps back is told once for each step, and a little disorder where a frame shows it")
    func clockStep() throws {
        let script = TrafficScript()
        let socket = script.connect()
        socket.openWebSocket("s")
        script.wait(ms: 5_000)
        socket.text("2", .server)
        script.wait(ms: -4_000)
        for _ in 0..<5 { socket.text("42[\"a\"]", .client) }
        // Packets of several interfaces may come a little out of order.
        script.wait(ms: -50)
        socket.text("3", .client)
        let decoded = try DecodedCapture(script.capture)
        #expect(
            decoded.anomalies.map { "\($0.code) \($0.detail)" } == [
                "capture.clock-step the time goes back by 3999 ms; expected it to go on",
                "capture.time-order a frame 49000000 ns older than the one before it; expected the order of time",
            ])
        let latest = try #require(decoded.frames.map(\.at).max())
        #expect(decoded.facts.ended == latest)
    }

    @Test("what is counted of a capture")
    func facts() throws {
        let script = TrafficScript()
        let connection = script.connect()
        connection.request("GET", "/index.html")
        connection.answer(200, "<html>")
        connection.openPolling("s")
        let decoded = try DecodedCapture(script.capture)
        #expect((decoded.facts.packets, decoded.facts.otherRequests, decoded.facts.droppedPackets) == (7, 1, 0))
        #expect(decoded.facts.completeHead && decoded.facts.completeTail)
        #expect(decoded.facts.started?.nanoseconds == 1_700_000_000_001_000_000)
        #expect(decoded.facts.ended?.nanoseconds == script.now)
        #expect(decoded.facts.bytes == Int64(script.capture.count - 24 - 7 * 16))
    }

    @Test("a file cut off anywhere gives all that is whole")
    func cutOff() throws {
        let script = TrafficScript()
        let socket = script.connect()
        socket.openWebSocket("s")
        for _ in 0..<3 { socket.text("42[\"a\"]", .client) }
        let whole = try DecodedCapture(script.capture)
        for end in 24..<script.capture.count {
            let cut = try DecodedCapture(Array(script.capture[..<end]))
            #expect(cut.frames == Array(whole.frames.prefix(cut.frames.count)))
            #expect(cut.frames.count < whole.frames.count)
            // A file that ends with a record may be whole.
            if cut.facts.completeTail { #expect(cut.facts.bytes + 16 * cut.facts.packets + 24 == Int64(end)) }
        }
    }

    @Test(
        "no file is read that is none, and no link type that is not known",
        arguments: [[], [1, 2, 3], Array("hello world, this is text".utf8)])
    func refuses(_ bytes: [UInt8]) {
        #expect(throws: CaptureDecodeError.self) { try DecodedCapture(bytes) }
        var strange = TrafficScript().capture
        strange[20] = 105
        let connection = TrafficScript()
        _ = connection.connect()
        let error = #expect(throws: CaptureDecodeError.self) {
            try DecodedCapture(strange + connection.capture.dropFirst(24))
        }
        #expect(error?.description.contains("IEEE 802.11") == true)
    }
}
