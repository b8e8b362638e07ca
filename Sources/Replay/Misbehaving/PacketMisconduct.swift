import EngineIO
import SocketIO
import TimelineModel

/// Wrong packets of a client: some in place of right ones, others beside them, once it has joined a namespace.
struct PacketMisconduct: Misconduct {
    /// More than the default of socket.io-parser 4.2.6.
    private static let tooManyAttachments = 11
    /// How often a client asks for what it is refused.
    private static let mostRefusals = 4
    private static let placeholder = "{\"_placeholder\":true,\"num\":0}"

    private let fault: Misbehaviour
    /// It happens once in a session; losses and doubles each time.
    private var isDone = false
    private var maxPayload = 1_000_000
    private var refusals = 0

    init(_ fault: Misbehaviour) { self.fault = fault }

    mutating func opened(_ handshake: EngineIOHandshake, _ version: EngineIOVersion, at now: Timestamp) -> [LinkAct] {
        self.isDone = false
        if let maxPayload = handshake.maxPayload, (1...100_000_000).contains(maxPayload) {
            self.maxPayload = maxPayload
        }
        return []
    }

    // MARK: In place of what is right

    mutating func saying(_ packets: [EngineIOPacket], at now: Timestamp) -> [EngineIOPacket] {
        guard case .text(let text)? = packets.first?.content, packets.first?.type == .message,
            let packet = ScriptedPacket(text: text)
        else { return packets }
        switch (self.fault, packet.kind) {
        case (.connectMissing, .connect): return []
        case (.eventBeforeConnect, .connect):
            return self.once(packets) { [Self.event("early", packet.namespace)] + packets }
        case (.ackUnanswered, .ack), (.lossAtUpgrade, .ack): return []
        case (.ackDuplicate, .ack): return packets + packets
        default: return packets
        }
    }

    private mutating func once(
        _ packets: [EngineIOPacket], _ wrong: () -> [EngineIOPacket]
    ) -> [EngineIOPacket] {
        guard !self.isDone else { return packets }
        self.isDone = true
        return wrong()
    }

    // MARK: Beside it

    mutating func hearing(_ packet: EngineIOPacket, at now: Timestamp) -> [LinkAct] {
        guard packet.type == .message, case .text(let text) = packet.content, let heard = ScriptedPacket(text: text)
        else { return [] }
        switch (self.fault, heard.kind) {
        case (.connectErrorLoop, .connectError):
            self.refusals += 1
            guard self.refusals < Self.mostRefusals else { return [] }
            return [.packets([EngineIOPacket(.message, "0\(Self.prefix(heard.namespace))")])]
        case (.lossAtUpgrade, .event):
            guard !self.isDone, heard.ackID != nil else { return [] }
            self.isDone = true
            return [.upgrade]
        case (_, .connect):
            guard !self.isDone else { return [] }
            let acts = self.extras(heard.namespace)
            self.isDone = !acts.isEmpty
            return acts
        default: return []
        }
    }

    /// Whatever else the client said would be taken for an interruption.
    mutating func leaving() -> [LinkAct] {
        switch self.fault {
        case .attachmentMissing:
            return [.packets([EngineIOPacket(.message, "51-[\(Self.name),\(Self.placeholder)]")])]
        // 1000 is "normal".
        case .dataAfterClose:
            return [.frames([RawFrame(RawFrame.close, [0x03, 0xE8]), Self.frame("6")])]
        default: return []
        }
    }

    private func extras(_ namespace: String) -> [LinkAct] {
        let prefix = Self.prefix(namespace)
        func message(_ text: String) -> EngineIOPacket { EngineIOPacket(.message, text) }
        func binary(_ bytes: [UInt8] = [1, 2, 3]) -> EngineIOPacket { EngineIOPacket(.message, binary: bytes) }
        func header(_ count: Int, _ placeholders: [String]) -> EngineIOPacket {
            message("5\(count)-\(prefix)[\(([Self.name] + placeholders).joined(separator: ","))]")
        }
        switch self.fault {
        case .connectDuplicate: return [.packets([message("0\(prefix)")])]
        case .namespaceRejected, .connectErrorLoop, .noReconnect:
            return [.packets([message("0/no-such-namespace,")])]
        case .namespaceSyntax: return [.packets([message("0/chat?token=abc,")])]
        case .malformedSocketIO: return [.packets([message("2\(prefix){}")])]
        case .malformedEngineIO: return [.raw(.text("9"))]
        case .closeOverWebSocket: return [.packets([EngineIOPacket(.close)])]
        case .reservedEvent: return [.packets([message("2\(prefix)[\"disconnect\",\"bye\"]")])]
        case .ackIDWhitespace: return [.packets([message("2\(prefix) [\(Self.name)]")])]
        case .attachmentInterleaved:
            return [.packets([header(1, [Self.placeholder]), Self.event("between", namespace), binary()])]
        case .attachmentOrphan: return [.packets([binary()])]
        case .attachmentCountMismatch:
            return [.packets([header(1, ["{\"_placeholder\":true,\"num\":5}"]), binary()])]
        case .attachmentZero: return [.packets([header(0, [])])]
        case .attachmentLimit:
            let numbers = 0..<Self.tooManyAttachments
            return [
                .packets(
                    [header(numbers.count, numbers.map { "{\"_placeholder\":true,\"num\":\($0)}" })]
                        + numbers.map { binary([UInt8($0)]) })
            ]
        case .parserMismatch: return [.packets([binary(Self.messagePack)])]
        case .ackUnknown: return [.packets([message("3\(prefix)999999[\"nobody asked\"]")])]
        case .ackIDReused:
            return [.packets([message("2\(prefix)7777[\(Self.name),1]"), message("2\(prefix)7777[\(Self.name),2]")])]
        case .packetAfterDisconnect: return [.packets([message("1\(prefix)"), Self.event("after", namespace)])]
        case .messageTooBig:
            let filler = String(repeating: "x", count: self.maxPayload)
            return [.packets([message("2\(prefix)[\(Self.name),\"\(filler)\"]")])]
        case .unmaskedFrame, .reservedBits, .invalidFrame, .invalidUTF8: return [.frames([self.frame(prefix)])]
        default: return []
        }
    }

    /// What breaks the rules of WebSockets.
    private func frame(_ prefix: String) -> RawFrame {
        let event = "42\(prefix)[\(Self.name)]"
        switch self.fault {
        case .unmaskedFrame:
            var frame = Self.frame(event)
            frame.isMasked = false
            return frame
        case .reservedBits:
            // RSV1: deflated, without an agreement on that.
            var frame = Self.frame(event)
            frame.reserved = 4
            return frame
        case .invalidUTF8:
            // Latin 1 for an o with two dots.
            return RawFrame(RawFrame.text, Array("42\(prefix)[\(Self.name),\"".utf8) + [0xF6] + Array("\"]".utf8))
        default: return RawFrame(RawFrame.ping, Array(repeating: UInt8(ascii: "x"), count: 126))
        }
    }

    private static func frame(_ text: String) -> RawFrame { RawFrame(RawFrame.text, Array(text.utf8)) }

    private static func prefix(_ namespace: String) -> String { namespace == "/" ? "" : namespace + "," }

    private static let name = "\"misbehaviour\""

    private static func event(_ word: String, _ namespace: String) -> EngineIOPacket {
        EngineIOPacket(.message, "2\(Self.prefix(namespace))[\(Self.name),\"\(word)\"]")
    }

    /// `{type: 2, data: ["x"], nsp: "/"}` as MessagePack.
    private static let messagePack: [UInt8] =
        [0x83, 0xA4] + Array("type".utf8) + [0x02, 0xA4] + Array("data".utf8) + [0x91, 0xA1] + Array("x".utf8) + [0xA3]
        + Array("nsp".utf8) + [0xA1] + Array("/".utf8)
}

extension ScriptedPacket {
    /// The header of a packet; nil for what is none.
    fileprivate init?(text: String) {
        let bytes = Array(text.utf8)
        guard let head = try? SocketIOPacketHead(bytes.span, .v4) else { return nil }
        self.init(head, bytes.span)
    }
}
