/// The two protocol versions in use. Who sends the heartbeat, the base64 form and the polling payload differ.
public enum EngineIOVersion: Int, Hashable, Sendable, CaseIterable {
    case v3 = 3
    case v4 = 4
}
