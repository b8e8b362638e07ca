public import TimelineModel

/// A packet whose binary messages have not all come.
public struct AwaitedAttachments: Hashable, Sendable {
    public var header: Mark
    public var announced: Int
    public var received: Int
    /// The header or the attachment that came last.
    public var last: Mark
    /// Another packet of Socket.IO came where they should follow.
    public var isInterrupted = false
    /// A new header took its place, and what was missing will not come: that header's id.
    public var replacedBy: Int64?

    public var missing: Int { max(0, self.announced - self.received) }
}

/// What each side of a session has announced and not sent yet.
public struct AttachmentState: Hashable, Sendable {
    private var client: AwaitedAttachments?
    private var server: AwaitedAttachments?
    /// The last one that was given up, of either side.
    private var replaced: AwaitedAttachments?

    public subscript(_ sender: Sender) -> AwaitedAttachments? {
        get { sender == .client ? self.client : self.server }
        set { if sender == .client { self.client = newValue } else { self.server = newValue } }
    }

    /// What was awaited when a frame came that interrupted it; nil where that was forgotten, for bytes are missing.
    func interrupted(by frameID: Int64, of sender: Sender) -> AwaitedAttachments? {
        if let replaced = self.replaced, replaced.replacedBy == frameID { return replaced }
        guard let awaited = self[sender], awaited.header.frameID != frameID else { return nil }
        return awaited
    }

    mutating func apply(_ frame: Frame) {
        guard let number = frame.attachments else { return }
        switch frame.socketIOType {
        case .binaryEvent, .binaryAck:
            if var old = self[frame.sender] {
                old.replacedBy = frame.id
                self.replaced = old
            }
            let mark = Mark(frame)
            self[frame.sender] =
                number > 0 ? AwaitedAttachments(header: mark, announced: number, received: 0, last: mark) : nil
        case .attachment:
            guard var awaited = self[frame.sender] else { return }
            awaited.received += 1
            awaited.last = Mark(frame)
            self[frame.sender] = awaited.missing > 0 ? awaited : nil
        default:
            break
        }
    }

    /// A packet came where attachments should follow.
    mutating func interrupt(_ sender: Sender) {
        self[sender]?.isInterrupted = true
    }

    /// Bytes are missing, and attachments may be among them.
    mutating func lose() {
        self = AttachmentState()
    }
}
