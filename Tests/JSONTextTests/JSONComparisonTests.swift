import Foundation
import JSONText
import Testing

@Suite("JSON against Foundation")
struct JSONComparisonTests {
    @Test("random documents mean the same, and come back from their own text", arguments: 0..<4)
    func agrees(_ seed: Int) throws {
        var documents = RandomDocuments(seed: UInt64(seed))
        for _ in 0..<1_000 {
            let text = documents.next()
            let value = try JSONValue(text)
            let theirs = try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
            #expect(Self.isEqual(value, theirs), "\(text)")
            #expect(try JSONValue(value.description) == value, "\(text)")
        }
    }

    @Test("broken documents: the scanner and the tree agree, and Foundation with them", arguments: 0..<4)
    func agreesOnBroken(_ seed: Int) {
        var documents = RandomDocuments(seed: 100 + UInt64(seed))
        var compared = (valid: 0, invalid: 0)
        for _ in 0..<2_000 {
            let text = documents.next()
            let bytes = documents.mutated(text)
            let isValid = isValid(bytes)
            #expect(((try? JSONValue(bytes.span)) != nil) == isValid)
            guard Self.isComparable(bytes) else { continue }
            let theirs = try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
            #expect((theirs != nil) == isValid, "\(String(decoding: bytes, as: UTF8.self).debugDescription)")
            if isValid { compared.valid += 1 } else { compared.invalid += 1 }
        }
        #expect(compared.valid > 200 && compared.invalid > 500, "too few were compared: \(compared)")
    }

    /// Where Foundation means something else on purpose: it refuses text that is no UTF-8 and escaped surrogates without
    /// a partner, takes a zero byte for a sign of UTF-16 and skips a byte order mark, and refuses numbers beyond a Double.
    private static func isComparable(_ bytes: [UInt8]) -> Bool {
        guard let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0), !text.hasPrefix("\u{FEFF}")
        else {
            return false
        }
        guard !text.lowercased().contains("\\ud") else { return false }
        let numbers = text.split { !"+-.eE0123456789".contains($0) }
        return numbers.allSatisfy { Double($0)?.isFinite ?? true }
    }

    private static func isEqual(_ value: JSONValue, _ theirs: Any) -> Bool {
        switch value {
        case .null: return theirs is NSNull
        case .bool(let bool): return theirs as? Bool == bool
        case .number(let text):
            guard let number = theirs as? NSNumber else { return false }
            if let integer = Int64(text) { return number.int64Value == integer }
            // Foundation's last digit is not always the nearest one.
            guard let double = Double(text) else { return false }
            return abs(number.doubleValue - double) <= abs(double) * 1e-14
        case .string(let text): return (theirs as? String).map { Array($0.utf8) == Array(text.utf8) } ?? false
        case .array(let values):
            guard let array = theirs as? [Any], array.count == values.count else { return false }
            return zip(values, array).allSatisfy { Self.isEqual($0, $1) }
        case .object(let members):
            guard let object = theirs as? [String: Any], object.count == members.count else { return false }
            return members.allSatisfy { member in object[member.key].map { Self.isEqual(member.value, $0) } ?? false }
        }
    }
}
