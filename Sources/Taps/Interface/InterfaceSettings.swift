import TimelineModel

/// What to record from which interface.
public struct InterfaceSettings: Hashable, Sendable {
    /// The most of a packet that libpcap hands out, in bytes.
    public static let largestSnapLength = 262_144

    /// The interface's name, or `any`.
    public var device: String
    public var filter: CaptureFilter
    /// Where the interface stands between client and server.
    public var tap: TapPosition = .unknown
    public var isPromiscuous = false
    /// The kernel's buffer, in bytes; what comes while it is full is lost, and counted.
    public var bufferBytes = 32 << 20
    /// Bytes that are kept of a packet.
    public var snapLength = Self.largestSnapLength
    /// Packets after which to end.
    public var packetLimit: Int?
    /// Where the packets go too, as pcapng.
    public var file: CaptureFileSettings?
    /// This program and its version, for the file's head.
    public var application = "sioscope"

    public init(device: String, filter: CaptureFilter) {
        self.device = device
        self.filter = filter
    }
}

/// A capture file beside the timeline, or a ring of them.
public struct CaptureFileSettings: Hashable, Sendable {
    public var path: String
    /// Bytes after which another file is begun; nil for one file.
    public var ringBytes: Int?
    /// Files that are kept, the oldest is deleted; nil for all.
    public var ringFiles: Int?

    public init(path: String, ringBytes: Int? = nil, ringFiles: Int? = nil) {
        self.path = path
        self.ringBytes = ringBytes
        self.ringFiles = ringFiles
    }
}
