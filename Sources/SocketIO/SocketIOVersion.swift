/// Protocol versions: 5 runs over Engine.IO 4; 4 and 3 over Engine.IO 3. v3 is v4 without `binary_ack`, so the wire
/// does not tell them apart until one is sent; both are read as `v4`.
public enum SocketIOVersion: Int, Hashable, Sendable, CaseIterable {
    case v4 = 4
    case v5 = 5
}
