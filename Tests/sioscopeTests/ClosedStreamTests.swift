import Foundation
import Testing

@Suite("A parent that closed standard streams")
struct ClosedStreamTests {
    /// How a shell closes them.
    static let closed = ["<&-", ">&-", "2>&-", "<&- >&-", "<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-"]

    private static func status(_ arguments: [String], _ closed: String) throws -> Int32 {
        try RunningProgram(arguments, through: ["sh", "-c", "exec \"$0\" \"$@\" \(closed)"]).end()
    }

    @Test("the exit status is that of what happened", arguments: Self.closed)
    func status(_ closed: String) throws {
        #expect(try Self.status(["import", "/nowhere.pcap", "-o", "/nowhere/t.db"], closed) == 2)
        // What was to be printed is lost, and nobody may take it for done.
        #expect(try Self.status(["rules"], closed) == (closed.split(separator: " ").contains(">&-") ? 2 : 0))
        try ExportTests.withFolder { folder in
            let hook = ["record", "hook", "--listen", "127.0.0.1:0", "-o", folder.path + "/t.db", "--duration", "0.5"]
            let status = try Self.status(hook, closed)
            #expect(status == 0)
        }
    }

    @Test("what is said never gets into a file", arguments: Self.closed)
    func files(_ closed: String) throws {
        try ExportTests.withFolder { folder in
            let log = folder.path + "/t.log"
            // Nobody is there, so the log stays empty, and there is something to say.
            let client = ["record", "client", "ws://127.0.0.1:1", "--hook-log", log, "-o", folder.path + "/t.db"]
            let status = try Self.status(client + ["--duration", "0.5"], closed)
            #expect(status == 2)
            let text = try String(contentsOfFile: log, encoding: .utf8)
            #expect(text == "")
        }
    }
}
