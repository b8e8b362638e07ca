import JSONText

/// A fact about a packet: an input and what it stands for. `Tests/Fixtures/README.md` says where they come from.
public struct Vector: Sendable, CustomStringConvertible {
    public let id: String
    public let layer: String
    public let input: JSONValue
    public let expect: JSONValue

    public static let all: [Vector] = {
        guard let bytes = try? TestFiles.bytes(TestFiles.fixtures.appending(path: "vectors.json")),
            let file = try? JSONValue(bytes.span), let vectors = file["vectors"]?.array
        else { return [] }
        return vectors.compactMap { vector in
            guard let id = vector["id"]?.string, let layer = vector["layer"]?.string, let input = vector["input"],
                let expect = vector["expect"]
            else { return nil }
            return Vector(id: id, layer: layer, input: input, expect: expect)
        }
    }()

    public var description: String { self.id }

    /// What crosses the wire, and whether as binary.
    public struct Message: Sendable {
        public let bytes: [UInt8]
        public let isBinary: Bool
        /// The client sent it; nil where the vector does not say.
        public let isFromClient: Bool?

        init?(_ value: JSONValue) {
            if let text = value["text"]?.string {
                self.bytes = Array(text.utf8)
                self.isBinary = false
            } else if let hex = value["hex"]?.string {
                self.bytes = TestSupport.bytes(hex: hex)
                self.isBinary = true
            } else {
                return nil
            }
            self.isFromClient = value["dir"]?.string.map { $0 == "c2s" }
        }
    }

    /// The input's only message, or all of them in order.
    public var messages: [Message] {
        (self.input["frames"]?.array ?? [self.input]).compactMap { Message($0) }
    }
}
