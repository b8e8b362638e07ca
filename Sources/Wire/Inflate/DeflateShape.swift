/// What bytes look like that may be one message of permessage-deflate, its window known or not.
///
/// Such a message is made of whole deflate blocks and ends with an empty stored one, of which the sender cuts four bytes
/// off (RFC 7692, section 7.2.1): where the last block ends is as telling as a checksum. Of 2^13 random payloads one
/// passes.
enum DeflateShape: Equatable {
    /// It inflates to this, and refers to nothing before it.
    case message([UInt8])
    /// It refers to what came before it.
    case refersBack
    /// It ends with a final block, as some senders have it. Less is to be seen then: of 2^10 random payloads one passes.
    case final
    /// It inflates to more than is looked at.
    case tooLarge
    case none

    /// More output than this is not looked at.
    private static let limitBytes = 1 << 20
    /// The largest window there is: with it no reference reaches too far.
    private static let window = [UInt8](repeating: 0, count: 32 << 10)

    init(_ bytes: Span<UInt8>) {
        let alone = Self(bytes, Inflater(.raw))
        guard alone == .none else {
            self = alone
            return
        }
        let inflater = Inflater(.raw)
        inflater.assume(Self.window.span)
        let behind = Self(bytes, inflater)
        if case .message = behind { self = .refersBack } else { self = behind }
    }

    private init(_ bytes: Span<UInt8>, _ inflater: Inflater) {
        var output: [UInt8] = []
        do throws(InflateError) {
            try inflater.inflate(bytes, into: &output, limit: Self.limitBytes)
            if inflater.isAtEnd {
                self = .final
                return
            }
            let tail: InlineArray<4, UInt8> = [0x00, 0x00, 0xFF, 0xFF]
            try inflater.inflate(tail.span, into: &output, limit: Self.limitBytes)
            self = inflater.isAtBlockStart ? .message(output) : .none
        } catch {
            if case .tooLarge = error { self = .tooLarge } else { self = .none }
        }
    }
}
