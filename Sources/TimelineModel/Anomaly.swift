/// A row of `anomalies`: the decoder saw a specification broken, or the capture incomplete. Decoding went on.
public struct Anomaly: Hashable, Sendable {
    /// `<layer>.<kebab-name>`, as the column holds it.
    public struct Code: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
        public let text: String

        public init(stringLiteral text: String) {
            self.text = text
        }

        public var description: String { self.text }
    }

    public var code: Code
    /// What was there, where, and what was expected, in one line: `<what> at offset <n> of <place>; expected <what>`.
    ///
    /// Offsets count bytes from 0: in what one side sent on the connection, from the first byte that was seen of it; in
    /// a body, its encoding undone; in a packet or message, which is the frame that the anomaly belongs to; in the file.
    /// What is told of a whole file or of its clock has none.
    public var detail: String
    public var at: Timestamp
    public var sessionID: Int64?
    public var connectionID: Int64?
    public var frameID: Int64?

    /// `1 byte`, `2 bytes`, for a detail.
    public static func bytes(_ count: some BinaryInteger) -> String { "\(count) byte\(count == 1 ? "" : "s")" }

    public init(
        _ code: Code, at: Timestamp, detail: String, sessionID: Int64? = nil, connectionID: Int64? = nil,
        frameID: Int64? = nil
    ) {
        self.code = code
        self.detail = detail
        self.at = at
        self.sessionID = sessionID
        self.connectionID = connectionID
        self.frameID = frameID
    }
}
