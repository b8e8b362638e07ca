/// Why a record cannot be looked into at all. Everything milder is counted.
public enum LinkError: Error, Hashable, Sendable, CustomStringConvertible {
    case unsupported(LinkType)

    public var description: String {
        switch self {
        case .unsupported(let type):
            "packets of \(type.isNamed ? "link type " : "")\(type.name) cannot be read; expected Ethernet, Linux cooked, loopback, raw IP or NFLOG"
        }
    }
}
