import TimelineModel

struct TooManyPackets: SessionRule {
    static let most = Threshold(
        "most_packets", 16, step: 1,
        "How many packets a payload may have (`Payload.max_decode_packets` of python-engineio).")

    static let page = RulePage(
        "polling-too-many-packets", .http, .error, sides: [.client, .server],
        source: """
            python-engineio payload.py `max_decode_packets`; miguelgrinberg/python-engineio#142, zauberzeug/nicegui#209,
            open-webui/open-webui#3874
            """,
        summary: "A post had more packets than python-engineio takes at once",
        finds: """
            A POST with more than 16 packets to a server that shows to be python-engineio (by its open packet, its refusals
            or its Server header).
            """,
        why: """
            python-engineio refuses to take such a payload apart: it logs "Too many packets in payload", answers all the same
            and drops every packet of it. Clients for browsers send all that has gathered in one post.
            """,
        clientFix: "Send less at once, or start with `transports: [\"websocket\"]`, where nothing gathers.",
        serverFix: "Raise the limit: `from engineio.payload import Payload; Payload.max_decode_packets = 500`.",
        falseAlarms: "Node's server has no such limit, and servers of unknown kind are not judged.",
        thresholds: [most])

    static let sees: Interest = .engineIO

    private static let limit = 1024

    private let most: Int
    private var current: (exchangeID: Int64, first: Mark, count: Int)?
    private var found: [(exchangeID: Int64, first: Mark, count: Int)] = []

    init(_ settings: RuleSettings) {
        self.most = settings.count(Self.most)
    }

    mutating func see(_ frame: Frame, _ session: SessionState, _ report: inout Report) {
        guard frame.sender == .client, frame.transport == .polling, let exchange = frame.exchangeID else { return }
        if self.current?.exchangeID == exchange {
            self.current?.count += 1
        } else {
            self.finishPost()
            self.current = (exchange, Mark(frame), 1)
        }
    }

    private mutating func finishPost() {
        guard let post = self.current, post.count > self.most, self.found.count < Self.limit else { return }
        self.found.append(post)
    }

    mutating func end(_ session: SessionState, _ report: inout Report) {
        self.finishPost()
        guard session.server.kind == .python else { return }
        for post in self.found {
            report.add(
                "a POST of \(post.count) packets to python-engineio, which takes \(self.most) at most",
                at: post.first.at, frameID: post.first.frameID,
                evidence: Evidence(
                    frames: [post.first.frameID],
                    [("measured_packets", .integer(post.count)), ("allowed_packets", .integer(self.most))]))
        }
    }
}
