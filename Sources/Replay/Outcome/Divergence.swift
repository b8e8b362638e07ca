public import TimelineModel

/// A place where the live run went another way than the recording.
public struct Divergence: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Recorded, and not said live.
        case missing
        /// Said live, and not recorded.
        case unexpected
        /// Said with another value: `differences` names the places.
        case changed
        /// Said before something that it followed, in the same namespace.
        case reordered
        /// Said, but later than is allowed.
        case late
    }

    public var kind: Kind
    /// Number of the life within the lineage, from 1.
    public var life: Int
    /// `frames.id` in the recording; nil for what only the live run has.
    public var recordedFrameID: Int64?
    /// Nanoseconds from the beginning of the replay; nil for what never came.
    public var atNs: Int64?
    /// Who should have said it, or did.
    public var sender: Sender
    /// Nil for what is no Socket.IO.
    public var namespace: String?
    /// What it is, short, for a person: `event "chat" ["a",1]`.
    public var what: String
    public var differences: [JSONDifference]
    /// What it means, one sentence, with numbers.
    public var detail: String

    public init(
        _ kind: Kind, life: Int, recordedFrameID: Int64? = nil, atNs: Int64? = nil, sender: Sender,
        namespace: String? = nil, what: String, differences: [JSONDifference] = [], detail: String = ""
    ) {
        self.kind = kind
        self.life = life
        self.recordedFrameID = recordedFrameID
        self.atNs = atNs
        self.sender = sender
        self.namespace = namespace
        self.what = what
        self.differences = differences
        self.detail = detail
    }
}
