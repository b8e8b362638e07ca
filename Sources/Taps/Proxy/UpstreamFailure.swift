import TimelineModel

/// Why a client cannot be served, told to it as a proxy does, and kept in the timeline.
///
/// Source: RFC 9110, sections 15.6.3 (502), 15.6.4 (503) and 15.6.5 (504).
struct UpstreamFailure: Equatable, Sendable {
    enum Cause: Equatable, Sendable {
        /// No connection: refused, no route, no such name.
        case unreachable(String)
        /// Neither yes nor no within the time given, in milliseconds.
        case timedOut(Int64)
        /// Not tried, for this process may have no more than so many files open.
        case noFiles(limit: Int)
        /// Connected, but no TLS came to be.
        case handshake(String)
        /// It took a request and went before it had answered anything.
        case cut(reset: Bool)
    }

    let cause: Cause
    let target: ProxyTarget

    /// Of the anomaly; nil where the connection's own row says it.
    var code: Anomaly.Code? {
        switch self.cause {
        case .unreachable, .timedOut, .noFiles: "tcp.connect-failed"
        case .handshake: "tls.handshake-failed"
        case .cut: nil
        }
    }

    /// One line.
    var text: String {
        switch self.cause {
        case .unreachable(let reason): "\(self.target) cannot be reached: \(reason)"
        case .timedOut(let milliseconds): "\(self.target) did not accept a connection within \(milliseconds) ms"
        case .noFiles(let limit):
            "there is no room for another client, for this process may have \(limit) files open; "
                + "start it where `ulimit -Hn` gives more"
        case .handshake(let reason): "\(self.target) gave no TLS connection: \(reason)"
        case .cut(let reset):
            "\(self.target) \(reset ? "reset" : "closed") the connection before it answered"
        }
    }

    /// The whole answer.
    ///
    /// - Parameter isHead: the request was a HEAD, which gets no body (RFC 9110, section 9.3.2).
    func answer(isHead: Bool) -> String {
        let body = "sioscope proxy: \(self.text)\n"
        let status =
            switch self.cause {
            case .timedOut: "504 Gateway Timeout"
            case .noFiles: "503 Service Unavailable"
            case .unreachable, .handshake, .cut: "502 Bad Gateway"
            }
        return "HTTP/1.1 \(status)\r\nContent-Type: text/plain; charset=utf-8\r\n"
            + "Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(isHead ? "" : body)"
    }
}
