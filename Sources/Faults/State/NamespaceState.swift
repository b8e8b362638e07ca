public import TimelineModel

/// Where a client stands with one namespace.
public enum NamespaceState: Hashable, Sendable {
    /// The client asked for it and has no answer yet.
    case requested(Mark)
    /// The server accepted.
    case connected(Mark)
    /// The server refused.
    case refused(Mark)
    /// One side left it. python-socketio also refuses in this way where `always_connect` is set: it accepts first.
    case left(Mark, by: Sender)
}

/// The namespaces of one session.
public struct NamespaceTable: Hashable, Sendable {
    /// Names beyond this many are not followed: a peer that makes up names must not fill the memory.
    static let limit = 1024

    /// Of `/`, which most packets are of.
    private var root: NamespaceState?
    private var others: [String: NamespaceState] = [:]
    /// How many a CONNECT of the client was accepted for, ever.
    public private(set) var accepted = 0
    public private(set) var isFull = false

    /// Nil where nobody spoke of it yet.
    public subscript(_ namespace: String) -> NamespaceState? {
        namespace == "/" ? self.root : self.others[namespace]
    }

    public var names: [String] { (self.root == nil ? [] : ["/"]) + self.others.keys.sorted() }

    /// Under version 4 the root is connected without being asked for, from the open packet on.
    mutating func connectRoot(_ open: Frame) {
        if self.root == nil { self.root = .connected(Mark(open)) }
    }

    mutating func apply(_ frame: Frame) {
        guard let namespace = frame.namespace else { return }
        let mark = Mark(frame)
        let state = self[namespace]
        switch (frame.socketIOType, frame.sender) {
        case (.connect, .client):
            switch state {
            case .connected, .requested: break  // a second one changes nothing
            default: self.set(namespace, .requested(mark))
            }
        case (.connect, .server):
            self.accepted += 1
            // It answers a CONNECT that the client has taken back by now.
            if case .left(_, by: .client) = state { return }
            self.set(namespace, .connected(mark))
        case (.connectError, .server):
            // A second CONNECT was refused; the first one stands.
            if case .connected = state { return }
            self.set(namespace, .refused(mark))
        case (.disconnect, let sender):
            self.set(namespace, .left(mark, by: sender))
        default:
            break
        }
    }

    private mutating func set(_ namespace: String, _ state: NamespaceState) {
        if namespace == "/" {
            self.root = state
            return
        }
        if self.others[namespace] == nil, self.others.count >= Self.limit {
            self.isFull = true
            return
        }
        self.others[namespace] = state
    }
}
