/// Why the data of an Engine.IO `message` is no Socket.IO packet, and where.
public enum SocketIODecodeError: Error, Equatable, CustomStringConvertible {
    case empty
    case unknownType(UInt8)
    /// Types 5 and 6 without `<digits>-` behind the type, or with more than 2^31 - 1 attachments.
    case badAttachmentCount(offset: Int)
    case badJSON(offset: Int, expected: String)
    /// JSON of a kind that the packet type does not allow.
    case wrongPayload(type: String, offset: Int, expected: String)
    /// An id that does not fit 64 bits, or bytes between namespace and payload that are neither id nor payload.
    case badAckID(offset: Int)

    public var description: String {
        switch self {
        case .empty: "an empty Socket.IO packet, nothing at offset 0 of it; expected a type digit 0 to 6"
        case .unknownType(let byte):
            "\(byte >= 0x21 && byte < 0x7F ? "\"\(Character(Unicode.Scalar(byte)))\"" : "byte \(byte)") \(Self.place(0)); expected a type digit 0 to 6"
        case .badAttachmentCount(let offset):
            "no number of attachments \(Self.place(offset)); expected digits and \"-\""
        case .badJSON(let offset, let expected): "bad JSON \(Self.place(offset)); expected \(expected)"
        case .wrongPayload(let type, let offset, let expected):
            "wrong payload for \(type) \(Self.place(offset)); expected \(expected)"
        case .badAckID(let offset): "an ack id beyond 64 bits \(Self.place(offset)); expected a smaller one"
        }
    }

    private static func place(_ offset: Int) -> String { "at offset \(offset) of the Socket.IO packet" }
}
