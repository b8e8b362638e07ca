import JSONText
import TimelineModel

/// The body of a request or of an answer, as far as a HAR has it.
struct HARBody {
    private(set) var bytes: [UInt8] = []
    /// Why it is not there, if it is not.
    private(set) var loss: String?
    /// What it took on the wire.
    let wireBytes: Int

    /// - Parameters:
    ///   - content: `postData` or `content`.
    ///   - isExpected: a body belongs there, so that none at all is one that was not saved, unless the HAR says more
    ///     than once that it was empty: programs leave out a text, and write 0 for a size, that they do not know.
    ///   - name: which body, in words.
    init(_ content: JSONValue?, bodySize: JSONValue?, headers: JSONValue?, isExpected: Bool, _ name: String) {
        let text = content?["text"]?.string
        let onWire = Self.size(bodySize)
        let size = max(Self.size(content?["size"]), content?["size"] == nil ? onWire : 0)
        if let text {
            let utf8 = Array(text.utf8)
            if content?["encoding"]?.string?.lowercased() != "base64" {
                self.bytes = utf8
            } else if let decoded = Base64.decode(utf8.span) {
                self.bytes = decoded
            } else {
                self.loss = "no base64 in \(name) of the HAR; expected base64"
            }
        }
        self.wireBytes = onWire > 0 ? onWire : self.bytes.count
        guard self.bytes.isEmpty, self.loss == nil else { return }
        if size > 0 {
            self.loss = "no text for the \(Anomaly.bytes(size)) of \(name) of the HAR; \(Self.expectation)"
        } else if isExpected, !Self.isStatedEmpty(text, [content?["size"], bodySize], headers) {
            self.loss = "\(name) is not in the HAR; \(Self.expectation)"
        }
    }

    private static let expectation = "expected its text, as in a HAR that is saved with content"

    private static func isStatedEmpty(_ text: String?, _ sizes: [JSONValue?], _ headers: JSONValue?) -> Bool {
        let length = headers?.array?.first { $0["name"]?.string?.lowercased() == "content-length" }
        if length?["value"]?.string == "0" { return true }
        return sizes.count { $0?.integer == 0 } + (text == nil ? 0 : 1) >= 2
    }

    /// A number of bytes, 0 where there is none (-1 stands for that). More than fits a file of ours is nonsense, and
    /// is cut so that sums of such numbers have room.
    private static func size(_ value: JSONValue?) -> Int {
        Int(min(max(0, value?.integer ?? 0), Int64(Int32.max)))
    }
}
