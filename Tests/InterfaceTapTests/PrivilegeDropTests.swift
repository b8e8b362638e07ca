import Foundation
import Testing

/// The built program gives up what it needed to open the interface.
@Suite("Dropping privileges", .enabled(if: getuid() == 0, "only root can give privileges"))
struct PrivilegeDropTests {
    private static let nobody: UInt32 = 65_534

    /// The fields of `/proc/ID/task/*/status`, one dictionary a thread.
    private static func threads(of id: Int32) throws -> [[String: String]] {
        let folder = "/proc/\(id)/task"
        return try FileManager.default.contentsOfDirectory(atPath: folder).map { task in
            let text = try String(contentsOfFile: "\(folder)/\(task)/status", encoding: .utf8)
            let pairs = text.split(separator: "\n").compactMap { line -> (String, String)? in
                guard let colon = line.firstIndex(of: ":") else { return nil }
                let value = line[line.index(after: colon)...].split(whereSeparator: \.isWhitespace)
                return (String(line[..<colon]), value.joined(separator: " "))
            }
            return Dictionary(pairs) { first, _ in first }
        }
    }

    private static func expectDropped(_ program: Program) throws {
        let threads = try Self.threads(of: program.id)
        #expect(threads.count >= 3)
        for thread in threads {
            let ids = Array(repeating: "\(Self.nobody)", count: 4).joined(separator: " ")
            #expect(thread["Uid"] == ids, "\(thread["Name"] ?? "")")
            #expect(thread["Gid"] == ids)
            // None of root's.
            #expect(["", "\(Self.nobody)"].contains(thread["Groups"] ?? ""))
            for set in ["CapPrm", "CapEff", "CapInh", "CapAmb"] {
                #expect(thread[set] == "0000000000000000", "\(thread["Name"] ?? "") \(set)")
            }
        }
    }

    private static func expectOwned(_ folder: String, _ files: [String]) throws {
        for file in files {
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(file)")
            #expect(attributes[.ownerAccountID] as? UInt32 == Self.nobody, "\(file)")
        }
    }

    private static func record(_ folder: String, _ start: ([String]) throws -> Program) throws {
        chown(folder, Self.nobody, Self.nobody)
        let conversation = try Conversation()
        defer { conversation.close() }
        let program = try start([
            "record", "pcap", "-i", "lo", "-p", "\(conversation.port)", "-o", "\(folder)/live.db", "-w",
            "\(folder)/file.pcapng",
        ])
        let isReady = program.waits(for: "recording lo")
        if isReady {
            defer { program.interrupt() }
            try Self.expectDropped(program)
            try conversation.play(Conversation.session(sid: "one"))
        }
        let ended = program.end()
        #expect(isReady, "\(ended.talk)")
        #expect(ended.status == 130, "\(ended.talk)")
        try Self.expectOwned(folder, ["live.db", "file.pcapng"])
        #expect(try Program.rows("\(folder)/live.db", "SELECT sid FROM sessions") == [#"{"sid":"one"}"#])
    }

    @Test("started through sudo, it becomes who called")
    func sudo() throws {
        try withFolder { folder in
            try Self.record(folder) { arguments in
                try Program(arguments, environment: ["SUDO_UID": "\(Self.nobody)", "SUDO_GID": "\(Self.nobody)"])
            }
        }
    }

    @Test(
        "with capabilities of the file, they go, in all threads",
        .enabled(if: Capture.has("setcap", "setpriv"), "setcap and setpriv are not installed"))
    func capabilities() throws {
        try withFolder { folder in
            let copy = "\(folder)/sioscope"
            try FileManager.default.copyItem(atPath: Program.path, toPath: copy)
            chmod(copy, 0o755)
            // Capabilities belong to the file's data, not to its name: a copy must not carry them on.
            let set = try Program(["cap_net_raw,cap_net_admin=eip", copy], path: "setcap").end()
            try #require(set.status == 0, "\(set.talk)")
            try Self.record(folder) { arguments in
                try Program(
                    arguments, path: copy,
                    through: ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"])
            }
        }
    }
}
