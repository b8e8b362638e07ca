/// Base64 with padding (RFC 4648, section 4).
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let second = start + 1 < bytes.count ? bytes[start + 1] : 0
            let third = start + 2 < bytes.count ? bytes[start + 2] : 0
            let group = UInt32(bytes[start]) << 16 | UInt32(second) << 8 | UInt32(third)
            for (place, shift) in [18, 12, 6, 0].enumerated() {
                let isPadding = start + place > bytes.count
                text.append(isPadding ? UInt8(ascii: "=") : Self.alphabet[Int(group >> UInt32(shift) & 63)])
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
