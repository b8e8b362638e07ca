import Timeline
import TimelineModel

/// A row of `sessions_lines.sql`, and how `sioscope sessions` shows it.
struct SessionLine: Equatable {
    var id: Int64
    var sid: String?
    var openedNs: Int64
    var endedNs: Int64?
    var engineIOVersion: Int64?
    var socketIOVersion: Int64?
    var transports: String
    var path: String?
    var client: String
    var server: String
    var framesClient: Int64
    var framesServer: Int64
    var endClass: String?
    var endedBy: String?
    var closeCode: Int64?
    var lineage: Int64
    /// False where its open packet is not in the capture.
    var completeHead: Bool
    var holes: Int64
    var captureEndedNs: Int64?

    /// - Parameter row: with the columns of `sessions_lines.sql`, in that order.
    init(_ row: [TimelineValue]) {
        self.id = row[0].integer ?? 0
        self.sid = row[1].text
        self.openedNs = row[2].integer ?? 0
        self.endedNs = row[3].integer
        self.engineIOVersion = row[4].integer
        self.socketIOVersion = row[5].integer
        self.transports = row[6].text ?? ""
        self.path = row[7].text
        self.client = Self.endpoint(row[8].text, row[9].integer)
        self.server = Self.endpoint(row[10].text, row[11].integer)
        self.framesClient = row[12].integer ?? 0
        self.framesServer = row[13].integer ?? 0
        self.endClass = row[14].text
        self.endedBy = row[15].text
        self.closeCode = row[16].integer
        self.lineage = row[17].integer ?? 0
        self.completeHead = row[18].integer != 0
        self.holes = row[19].integer ?? 0
        self.captureEndedNs = row[20].integer
    }

    /// In the order of importance: a narrow terminal shows the first ones.
    ///
    /// - Parameter day: of all sessions; it stands in the title then, and the column has room for milliseconds.
    static func columns(day: String?) -> [String] {
        [
            "#", day.map { "\($0) UTC" } ?? "opened (UTC)", "life", "ended", "via", "frames", "eio/sio", "lineage",
            "sid",
            "client, server", "path",
        ]
    }

    func cells(day: String?, unicode: Bool) -> [TimelineValue] {
        let places = [self.client, self.server].filter { !$0.isEmpty }.joined(separator: unicode ? " → " : " > ")
        let opened =
            day == nil
            ? Measures.day(nanoseconds: self.openedNs) + " "
                + Measures.timeOfDay(nanoseconds: self.openedNs, decimals: 0)
            : Measures.timeOfDay(nanoseconds: self.openedNs, decimals: 3)
        return [
            .integer(self.id), .text(opened), .text(self.life(unicode: unicode)), .text(self.ending),
            .text(self.via(unicode: unicode)), .text("\(self.framesClient)/\(self.framesServer)"), .text(self.versions),
            .integer(self.lineage), .text(self.sid ?? "?"), .text(places), .text(self.path ?? ""),
        ]
    }

    /// One line over what belongs to it: number, sid, who with whom, how long, how it ended.
    func heading(unicode: Bool) -> String {
        let sid = Escaping.visible(self.sid ?? "?")
        let short = sid.count > 10 ? sid.prefix(8) + (unicode ? "…" : "~") : sid
        let places = [self.client, self.server].filter { !$0.isEmpty }.joined(separator: unicode ? " → " : " > ")
        let (via, life) = (self.via(unicode: unicode), self.life(unicode: unicode))
        return ["session \(self.id)", short, places, via, life, self.ending]
            .filter { !$0.isEmpty }.joined(separator: "  ")
    }

    /// All sessions of a timeline, in the order of their beginnings.
    static func load(from timeline: TimelineReader) throws -> [SessionLine] {
        var lines: [SessionLine] = []
        try timeline.query(String(decoding: PackageResources.sessions_lines_sql, as: UTF8.self)) {
            lines.append(SessionLine($0))
        }
        return lines
    }

    /// Where the capture has no end of it (or no beginning), it lived longer than that.
    private func life(unicode: Bool) -> String {
        guard let end = self.endedNs ?? self.captureEndedNs else { return "" }
        let lived = end.subtractingReportingOverflow(self.openedNs).partialValue
        let isWhole = self.endedNs != nil && self.completeHead
        return (isWhole ? "" : unicode ? "≥ " : ">= ") + Lapse.brief(lived, unicode: unicode)
    }

    private var versions: String {
        let engineIO = self.engineIOVersion.map { String($0) } ?? "?"
        return engineIO + "/" + (self.socketIOVersion.map { String($0) } ?? "-")
    }

    private func via(unicode: Bool) -> String {
        self.transports.split(separator: ",")
            .map { $0 == "polling" ? "lp" : $0 == "websocket" ? "ws" : String($0) }
            .joined(separator: unicode ? "→" : ">")
    }

    /// Who ended it and how: `client close 1000`, `server FIN`. An empty close is one without a code.
    private var ending: String {
        let how: String =
            switch self.endClass {
            case "websocket-close": self.closeCode.map { "close \($0)" } ?? "empty close"
            case "eio-close": "eio-close"
            case "fin": "FIN"
            case "rst": "RST"
            case "http-error": "HTTP error"
            case "capture-end", nil: "still open"
            case let other?: other
            }
        let gaps = self.holes == 0 ? "" : self.holes == 1 ? ", 1 gap" : ", \(self.holes) gaps"
        return (self.endedBy.map { "\($0) " } ?? "") + how + gaps
    }

    /// `127.0.0.1:4106`, `[::1]:4106`; empty where the source knew no address.
    private static func endpoint(_ address: String?, _ port: Int64?) -> String {
        guard let address, !address.isEmpty else { return "" }
        let host = address.contains(":") ? "[\(address)]" : address
        return port.map { $0 == 0 ? host : "\(host):\($0)" } ?? host
    }
}
