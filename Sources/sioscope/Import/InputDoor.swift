import Decoding
import Timeline
import TimelineModel
import Wire

/// Finds out by its first bytes what an input is, undoes gzip, and feeds the door that reads it.
final class InputDoor {
    private enum State {
        /// Not enough bytes yet to tell.
        case sniffing([UInt8])
        case open(any Door)
    }

    /// Captures show what they are within their first bytes, whatever else by its first lines.
    private static let captureBytes = 512

    private let name: String
    private let tap: TapPosition
    private let limits: DecodingLimits
    private var state = State.sniffing([])
    private var gzip: Inflater?
    private var isFirst = true

    init(name: String, tap: TapPosition, limits: DecodingLimits) {
        self.name = name
        self.tap = tap
        self.limits = limits
    }

    /// The door's facts of the capture; nil while nothing was read.
    var facts: CaptureFacts? {
        if case .open(let door) = self.state { door.facts } else { nil }
    }

    /// Bytes behind the gzip data that were passed over.
    var trailingBytes: Int { self.gzip?.trailingBytes ?? 0 }

    /// Throws where its first bytes tell that there is no door for it.
    func check(_ first: [UInt8]) throws(ToolError) {
        // What is in it shows once it is unpacked.
        if CaptureFormat.sniff(first.span) != .gzip { _ = try self.door(first) }
    }

    func feed(_ bytes: Span<UInt8>, _ deliver: (TimelineBatch) -> Void) throws {
        if self.isFirst {
            self.isFirst = false
            if CaptureFormat.sniff(bytes) == .gzip { self.gzip = Inflater(.gzip, passesOverTrailer: true) }
        }
        guard let gzip = self.gzip else { return try self.feedPlain(bytes, deliver) }
        var failure: (any Error)?
        do throws(InflateError) {
            try gzip.inflate(bytes) { piece in
                do {
                    try self.feedPlain(piece.span, deliver)
                    return true
                } catch {
                    failure = error
                    return false
                }
            }
        } catch {
            throw ToolError("\(self.name): gzip data is damaged: \(error)")
        }
        if let failure { throw failure }
    }

    func finish(_ deliver: (TimelineBatch) -> Void) throws {
        if let gzip = self.gzip, !gzip.isAtEnd {
            throw ToolError(
                "\(self.name): the gzip file is cut off; copy it again, or unpack what is there with `gzip -dc`")
        }
        if case .sniffing(let first) = self.state { try self.open(first, deliver) }
        guard case .open(let door) = self.state else { return }
        try self.named { try door.finish(deliver) }
    }

    private func feedPlain(_ bytes: Span<UInt8>, _ deliver: (TimelineBatch) -> Void) throws {
        switch self.state {
        case .open(let door):
            try self.named { try door.feed(bytes, deliver) }
        case .sniffing(var first):
            bytes.withUnsafeBufferPointer { first.append(contentsOf: $0) }
            self.state = .sniffing(first)
            if first.count >= Self.captureBytes, first.count >= JSONInput.sniffBytes || Self.isCapture(first) {
                try self.open(first, deliver)
            }
        }
    }

    private static func isCapture(_ first: [UInt8]) -> Bool {
        switch CaptureFormat.sniff(first.span) {
        case .pcap, .pcapng, .gzip: true
        case .json, .text, .empty, .unknown: false
        }
    }

    private func open(_ first: [UInt8], _ deliver: (TimelineBatch) -> Void) throws {
        let door = try self.door(first)
        self.state = .open(door)
        try self.named { try door.feed(first.span, deliver) }
    }

    private func door(_ first: [UInt8]) throws(ToolError) -> any Door {
        switch CaptureFormat.sniff(first.span) {
        case .pcap, .pcapng:
            return CaptureDecoder(CaptureFacts(kind: .pcap, source: self.name, tap: self.tap), limits: self.limits)
        case .gzip: throw self.refusal("gzip inside gzip")
        case .empty: throw ToolError("\(self.name) is empty; nothing to import")
        case .json, .text, .unknown: return try self.textDoor(first)
        }
    }

    /// A log that begins in the middle of a line may begin with anything.
    private func textDoor(_ first: [UInt8]) throws(ToolError) -> any Door {
        switch JSONInput.sniff(first.span) {
        case .hookLog:
            return HookLogDecoder(CaptureFacts(kind: .hook, source: self.name, tap: self.tap), limits: self.limits)
        case .har:
            return HARDecoder(CaptureFacts(kind: .har, source: self.name, tap: self.tap), limits: self.limits)
        case .text where CaptureFormat.sniff(first.span) == .text: throw self.refusal("text")
        case .text where TimelineReader.isTimeline(beginning: first):
            throw ToolError(
                "\(self.name) is a timeline already; read it with `sioscope sessions \(self.name)`, or export it and"
                    + " import that")
        case .text: throw self.refusal("no kind of file that is known here")
        }
    }

    private func refusal(_ what: String) -> ToolError {
        ToolError("\(self.name) is \(what); import reads pcap, pcapng, HAR and hook logs, gzip-compressed or not")
    }

    /// Errors of a door do not know the file; the user must.
    private func named(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as ToolError {
            throw error
        } catch {
            throw ToolError("\(self.name): \(error)")
        }
    }
}
