import HookLog
import TimelineModel

/// Why a text is no hook log at all.
public enum HookLogError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Not one line could be read; the first error and its line, from 1.
    case noGoodLine(lines: Int, first: Int, HookLineError)
    /// There is no line.
    case empty

    public var description: String {
        switch self {
        case .noGoodLine(let lines, let number, let error):
            "no hook log: not one of \(lines) lines can be read; line \(number): \(error)"
        case .empty: "no hook log: there is no line in it"
        }
    }
}

/// The door for a hook log as a file, the lines of `HookLine`, fed at any cuts. Lines and memory are as in
/// `HookDecoder`.
public final class HookLogDecoder: Door {
    private static let batchFrames = 4096
    /// A file is one client.
    private static let client = 0

    private let lines: HookDecoder

    public init(_ facts: CaptureFacts, limits: DecodingLimits = DecodingLimits()) {
        self.lines = HookDecoder(facts, limits: limits, isLive: false)
    }

    public var facts: CaptureFacts { self.lines.facts }
    /// Longer lines are not read.
    public var lineLimit: Int { self.lines.lineLimit }

    public func feed(_ bytes: Span<UInt8>, _ deliver: (TimelineBatch) -> Void) {
        self.lines.receive(bytes, client: Self.client, at: .zero)
        if self.lines.readyFrames >= Self.batchFrames { deliver(self.lines.drain()) }
    }

    public func finish(_ deliver: (TimelineBatch) -> Void) throws(HookLogError) {
        // A last line without its end that cannot be read was cut off; one that can may be whole.
        if self.lines.endLines(Self.client, at: .zero) { self.lines.cutOff() }
        guard self.lines.goodLines > 0 else {
            throw self.lines.firstBadLine(of: Self.client).map {
                .noGoodLine(lines: self.lines.lines(of: Self.client), first: $0.number, $0.error)
            } ?? .empty
        }
        self.lines.finish(deliver)
    }
}
