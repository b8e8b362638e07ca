import TimelineModel

/// Where one Engine.IO packet or WebSocket message came from: what a frame takes over from the layers below.
struct FrameOrigin {
    var connectionID: Int64
    var at: Timestamp
    var sender: Sender
    var transport: Transport
    /// Of the WebSocket message.
    var opcode: UInt8?
    var sizeBytes: Int
    var wireBytes: Int
    var flags: FrameFlags
    var exchangeID: Int64?

    func frame(_ layer: Layer, sessionID: Int64?) -> Frame {
        Frame(
            sessionID: sessionID, connectionID: self.connectionID, at: self.at, sender: self.sender,
            transport: self.transport, layer: layer, opcode: self.opcode, sizeBytes: self.sizeBytes,
            wireBytes: self.wireBytes, flags: self.flags, exchangeID: self.exchangeID)
    }

    func anomaly(_ code: Anomaly.Code, _ detail: String) -> Anomaly {
        Anomaly(code, at: self.at, detail: detail, connectionID: self.connectionID)
    }

    /// Bytes as text. What is no UTF-8 is repaired with U+FFFD and reported.
    func text(_ bytes: Span<UInt8>, _ anomalies: inout [Anomaly]) -> String {
        let valid = bytes.withUnsafeBufferPointer { String(validating: $0, as: UTF8.self) }
        if let valid { return valid }
        anomalies.append(
            self.anomaly(
                self.transport == .websocket ? "websocket.invalid-utf8" : "http.invalid-utf8",
                Self.notUTF8(bytes)))
        return bytes.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }

    private static func notUTF8(_ bytes: Span<UInt8>) -> String {
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: bytes)
            return ""
        } catch {
            return "bytes that are no UTF-8 at offset \(error.byteOffsets.lowerBound) of a text of \(bytes.count); "
                + "expected UTF-8"
        }
    }
}
