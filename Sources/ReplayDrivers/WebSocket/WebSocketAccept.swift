import Crypto
import JSONText

/// `Sec-WebSocket-Accept`. Source: RFC 6455, section 4.2.2.
enum WebSocketAccept {
    static func value(forKey key: String) -> String {
        // Broken as a hash, and all that the handshake asks for.
        let hash = Array(Insecure.SHA1.hash(data: Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)))
        return Base64.encode(hash.span)
    }

    /// Of 16 bytes in base64, as section 4.1 asks for.
    static func isKey(_ key: String) -> Bool {
        key.utf8.count == 24 && key.hasSuffix("==")
            && key.utf8.dropLast(2).allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
                    true
                default: false
                }
            }
    }
}
