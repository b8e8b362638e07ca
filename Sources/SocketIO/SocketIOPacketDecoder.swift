import JSONText
import TimelineModel

/// Why a peer's messages are no packets.
public enum SocketIOPacketError: Error, Equatable, Sendable, CustomStringConvertible {
    case malformed(SocketIODecodeError)
    /// A text came where attachments should follow.
    case attachmentsMissing(count: Int)
    /// A binary message that no header announced.
    case orphanAttachment(bytes: Int)
    case tooManyAttachments(count: Int, limit: Int)
    case attachmentsTooBig(limitBytes: Int)
    /// A placeholder names no attachment that is there.
    case badPlaceholder
    /// Before the server accepted the namespace.
    case tooManyEarlyPackets(namespace: String, limit: Int)

    public var description: String {
        switch self {
        case .malformed(let error): "no Socket.IO packet: \(error)"
        case .attachmentsMissing(let count): "a text packet came where \(count) attachments should follow"
        case .orphanAttachment(let bytes): "a binary message of \(bytes) bytes that no packet announced"
        case .tooManyAttachments(let count, let limit): "a packet announces \(count) attachments; \(limit) are allowed"
        case .attachmentsTooBig(let limit): "the attachments of a packet are larger than \(limit) bytes together"
        case .badPlaceholder: "a placeholder names an attachment that is not there"
        case .tooManyEarlyPackets(let namespace, let limit):
            "more than \(limit) packets for \(namespace) before the server accepted it"
        }
    }
}

/// Puts packets of version 5 together from the messages that carry them, for one sender. Strict, as a peer has to be:
/// an error is the end of the connection. (Observers use `SocketIOPacketHead` and go on.)
///
/// Memory: one packet with at most `attachmentLimit` attachments of at most `attachmentBytesLimit` bytes together.
public struct SocketIOPacketDecoder: Sendable {
    private enum State: Sendable {
        case idle
        case collecting(Header, JSONValue, attachments: [[UInt8]], bytes: Int)
    }

    private struct Header: Sendable {
        var type: SocketIOType
        var namespace: String
        var ackID: Int64?
        var count: Int
    }

    private let attachmentLimit: Int
    private let attachmentBytesLimit: Int
    private var state = State.idle

    public init(attachmentLimit: Int = 256, attachmentBytesLimit: Int = 16 << 20) {
        self.attachmentLimit = attachmentLimit
        self.attachmentBytesLimit = attachmentBytesLimit
    }

    /// The packet that a message completes; nil where attachments are still to come.
    public mutating func receive(_ message: SocketIOMessage) throws(SocketIOPacketError) -> SocketIOPacket? {
        switch (self.state, message) {
        case (.idle, .text(let text)):
            return try self.begin(Array(text.utf8).span)
        case (.idle, .binary(let bytes)):
            throw .orphanAttachment(bytes: bytes.count)
        case (.collecting(let header, _, let attachments, _), .text):
            throw .attachmentsMissing(count: header.count - attachments.count)
        case (.collecting(let header, let json, var attachments, let bytes), .binary(let attachment)):
            // Let go of the state's reference first, or each append copies all of them.
            self.state = .idle
            guard attachment.count <= self.attachmentBytesLimit - bytes else {
                throw .attachmentsTooBig(limitBytes: self.attachmentBytesLimit)
            }
            attachments.append(attachment)
            if attachments.count < header.count {
                self.state = .collecting(header, json, attachments: attachments, bytes: bytes + attachment.count)
                return nil
            }
            guard let value = SocketIOValue(json, attachments: attachments) else { throw .badPlaceholder }
            return try Self.packet(header, value)
        }
    }

    private mutating func begin(_ bytes: Span<UInt8>) throws(SocketIOPacketError) -> SocketIOPacket? {
        let (header, json) = try Self.read(bytes)
        guard header.count <= self.attachmentLimit else {
            throw .tooManyAttachments(count: header.count, limit: self.attachmentLimit)
        }
        if header.count > 0, let json {
            self.state = .collecting(header, json, attachments: [], bytes: 0)
            return nil
        }
        switch header.type {
        case .binaryEvent, .binaryAck:
            // None announced: a placeholder would find nothing.
            guard let value = SocketIOValue(json ?? .null, attachments: []) else { throw .badPlaceholder }
            return try Self.packet(header, value)
        case .connect, .disconnect, .event, .ack, .connectError, .attachment:
            return try Self.packet(header, json.map { SocketIOValue($0) })
        }
    }

    private static func read(_ bytes: Span<UInt8>) throws(SocketIOPacketError) -> (Header, JSONValue?) {
        let head: SocketIOPacketHead
        do throws(SocketIODecodeError) {
            head = try SocketIOPacketHead(bytes, .v5)
        } catch {
            throw .malformed(error)
        }
        let header = Header(
            type: head.type, namespace: head.namespace.map { bytes.text($0) } ?? SocketIOPacket.rootNamespace,
            ackID: head.ackID, count: head.attachments ?? 0)
        guard let payload = head.payload else { return (header, nil) }
        do throws(JSONSyntaxError) {
            return (header, try JSONValue(bytes.extracting(payload)))
        } catch {
            // Its syntax is checked already; it may be nested too deeply.
            throw .malformed(.badJSON(offset: payload.lowerBound + error.offset, expected: error.expected))
        }
    }

    private static func packet(
        _ header: Header, _ payload: SocketIOValue?
    ) throws(SocketIOPacketError) -> SocketIOPacket {
        let content: SocketIOPacket.Content
        switch header.type {
        case .connect: content = .connect(payload)
        case .disconnect: content = .disconnect(payload)
        case .connectError: content = .connectError(payload)
        case .event, .binaryEvent:
            guard let values = payload?.array, let name = values.first?.eventName else {
                throw .malformed(.wrongPayload(type: header.type.name, offset: 0, expected: "an array with a name"))
            }
            content = .event(name: name, arguments: Array(values.dropFirst()), ackID: header.ackID)
        case .ack, .binaryAck:
            guard let id = header.ackID, let values = payload?.array else {
                throw .malformed(.wrongPayload(type: header.type.name, offset: 0, expected: "an id and an array"))
            }
            content = .ack(id: id, arguments: values)
        case .attachment: throw .malformed(.unknownType(header.type.rawValue))
        }
        return SocketIOPacket(namespace: header.namespace, content)
    }
}

extension SocketIOValue {
    /// A name may be a number, too.
    fileprivate var eventName: String? {
        switch self {
        case .string(let text), .number(let text): text
        case .null, .bool, .binary, .array, .object: nil
        }
    }
}

extension Span where Element == UInt8 {
    fileprivate func text(_ range: Range<Int>) -> String {
        self.extracting(range).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }
}
