/// What a client asks for that gets its answer from the proxy: waits for the end of the request's head, for an answer
/// to no question would be taken for that of the next one.
struct Refusal {
    /// Of a head; a longer one is answered as if it were whole.
    static let headBytes = 64 << 10
    /// Enough to tell a HEAD by.
    static let methodBytes = 5

    private let failure: UpstreamFailure
    private var head: [UInt8] = []
    private(set) var isWhole = false
    private var isAnswered = false

    init(_ failure: UpstreamFailure) {
        self.failure = failure
    }

    /// True once, where the head is whole with this.
    mutating func receive(_ bytes: some Collection<UInt8>) -> Bool {
        guard !self.isWhole else { return false }
        for byte in bytes {
            self.head.append(byte)
            if byte == 0x0A, self.head.suffix(4) == [0x0D, 0x0A, 0x0D, 0x0A] { self.isWhole = true }
            if self.head.count >= Self.headBytes { self.isWhole = true }
            if self.isWhole { break }
        }
        return self.isWhole
    }

    /// What was forwarded before, of which this is the beginning.
    mutating func takeAsWhole(_ beginning: [UInt8]) {
        self.head = beginning
        self.isWhole = true
    }

    /// The answer, once.
    mutating func answer() -> String? {
        guard self.isWhole, !self.isAnswered else { return nil }
        self.isAnswered = true
        return self.failure.answer(isHead: self.head.starts(with: Array("HEAD ".utf8)))
    }
}
