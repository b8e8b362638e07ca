#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif
internal import TimelineModel

/// One of the timeline's fixed words as a C string that lives as long as the process: SQLite binds it without a copy.
///
/// The memory is written once, before the value exists, and never freed; hence the unchecked Sendable.
struct Word: @unchecked Sendable {
    let bytes: UnsafePointer<CChar>
    let count: Int32

    init(_ text: String) {
        let utf8 = Array(text.utf8)
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: utf8.count + 1)
        for (index, byte) in utf8.enumerated() { copy[index] = CChar(bitPattern: byte) }
        copy[utf8.count] = 0
        self.bytes = UnsafePointer(copy)
        self.count = Int32(utf8.count)
    }

    @inline(__always)
    func equals(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard Int(self.count) == text.count else { return false }
        guard let start = text.baseAddress else { return true }
        return memcmp(self.bytes, start, text.count) == 0
    }

    static let empty = Word("")
    static let slash = Word("/")
    static let client = Word(Sender.client.rawValue)
    static let server = Word(Sender.server.rawValue)
    static let polling = Word(Transport.polling.rawValue)
    static let websocket = Word(Transport.websocket.rawValue)
    static let engineIOLayer = Word(Layer.engineio.rawValue)
    static let webSocketLayer = Word(Layer.websocket.rawValue)
    /// By raw value, which counts from 0 in the order of the cases.
    static let engineIOTypes = EngineIOType.allCases.map { Word($0.name) }
    static let socketIOTypes = SocketIOType.allCases.map { Word($0.name) }
    /// By raw value: every combination of flags.
    static let flags = (0..<32 as Range<UInt8>).map { Word(FrameFlags(rawValue: $0).text) }
}
