import JSONText

/// The scanner and the tree must agree on what is JSON, and the tree must give back what it read.
enum JSONTarget {
    static func run(_ bytes: Span<UInt8>) throws {
        let end = try? JSONScanner.skipValue(bytes, from: 0)
        if let end {
            try require(end > 0 && end <= bytes.count, "a value that ends at \(end) of \(bytes.count)")
            try require(
                (try? JSONScanner.validate(bytes.extracting(0..<end))) != nil,
                "a value to \(end) that is not valid alone")
        }
        let scanned = Result { () throws(JSONSyntaxError) in try JSONScanner.validate(bytes) }
        let parsed = Result { () throws(JSONSyntaxError) in try JSONValue(bytes) }
        switch (scanned, parsed) {
        case (.failure(let a), .failure(let b)):
            try require(a == b, "the scanner says \(a), the tree \(b)")
            try require(a.offset >= 0 && a.offset <= bytes.count, "an error at \(a.offset) of \(bytes.count)")
        case (.success, .failure(let error)):
            try require(error.expected.contains("nesting"), "valid, and yet: \(error)")
        case (.failure(let error), .success):
            throw BrokenInvariant("read as a tree, and yet: \(error)")
        case (.success, .success(let value)):
            try self.roundTrip(value)
        }
        var text = ""
        let string = bytes.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
        JSONString.write(string, to: &text)
        let read = try JSONValue(text)
        try require(read.string == string, "a string is not given back")
    }

    private static func roundTrip(_ value: JSONValue) throws {
        let text = value.description
        let again = try JSONValue(text)
        try require(again == value, "\(text) is read as \(again)")
        _ = value.integer
        _ = value.double
    }
}
