import TimelineModel

/// One packet as the capture file holds it; its captured bytes come beside it as a span.
public struct CaptureRecord: Hashable, Sendable {
    /// By the clock of the tap, to the nanosecond where the file is as fine. Clamped to what a `Timestamp` holds.
    public var at: Timestamp
    public var linkType: LinkType
    /// Counts from 0 over the whole file: the interfaces of a later pcapng section follow those of the earlier ones.
    public var interface: Int
    /// Bytes on the wire; more than were captured where a snap length cut the packet.
    public var originalLength: Int

    public init(at: Timestamp, linkType: LinkType, interface: Int = 0, originalLength: Int) {
        self.at = at
        self.linkType = linkType
        self.interface = interface
        self.originalLength = originalLength
    }
}
