/// An HTTP request, whole.
public struct HTTPRequest: Hashable, Sendable {
    public var method: String
    /// Path and query.
    public var target: String
    public var headers: [HTTPField]
    public var body: [UInt8]

    public init(method: String, target: String, headers: [HTTPField] = [], body: [UInt8] = []) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
    }

    /// The first field of that name, in any case.
    public func header(_ name: String) -> String? { self.headers.first { $0.isNamed(name) }?.value }
}

/// An HTTP answer, whole. `Content-Length`, `Date` and `Connection` are the driver's.
public struct HTTPResponse: Hashable, Sendable {
    public var status: Int
    public var headers: [HTTPField]
    public var body: [UInt8]

    public init(status: Int, headers: [HTTPField] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    public func header(_ name: String) -> String? { self.headers.first { $0.isNamed(name) }?.value }
}

/// One line of a head.
public struct HTTPField: Hashable, Sendable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    /// Names are compared without regard to case. Source: RFC 9110, section 5.1.
    public func isNamed(_ name: String) -> Bool { self.name.lowercased() == name.lowercased() }
}
