import Testing

@testable import Taps

@Suite("Privileges")
struct PrivilegesTests {
    typealias User = Privileges.User

    struct Row: Sendable {
        var real: User
        var effective: User
        var sudoUser: String?
        var sudoGroup: String?
        var invoker: User?
    }

    private static let root = User(id: 0, group: 0)
    private static let ann = User(id: 1000, group: 1000)

    @Test(
        "whose files they are",
        arguments: [
            // Nobody special, and root itself.
            Row(real: Self.ann, effective: Self.ann),
            Row(real: Self.root, effective: Self.root),
            // sudo.
            Row(real: Self.root, effective: Self.root, sudoUser: "1000", sudoGroup: "1000", invoker: Self.ann),
            Row(real: Self.root, effective: Self.root, sudoUser: "0", sudoGroup: "0"),
            Row(real: Self.root, effective: Self.root, sudoUser: "1000"),
            Row(real: Self.root, effective: Self.root, sudoUser: "ann", sudoGroup: "1000"),
            Row(real: Self.root, effective: Self.root, sudoUser: "-1", sudoGroup: "1000"),
            Row(real: Self.root, effective: Self.root, sudoUser: "99999999999", sudoGroup: "1000"),
            // The file's setuid and setgid bits; then the environment is anybody's.
            Row(real: Self.ann, effective: User(id: 0, group: 1000), invoker: Self.ann),
            Row(
                real: Self.ann, effective: User(id: 0, group: 1000), sudoUser: "7", sudoGroup: "7", invoker: Self.ann),
            Row(real: Self.ann, effective: User(id: 1000, group: 0), invoker: Self.ann),
            Row(real: Self.ann, effective: Self.ann, sudoUser: "7", sudoGroup: "7"),
        ])
    func invoker(row: Row) {
        #expect(
            Privileges.invoker(
                real: row.real, effective: row.effective, sudo: (row.sudoUser, row.sudoGroup)) == row.invoker)
    }

    @Test(
        "paths as a shell takes them",
        arguments: [
            ("/usr/bin/sioscope", "/usr/bin/sioscope"), ("/a b/sioscope", "'/a b/sioscope'"),
            ("/it's/$x", #"'/it'\''s/$x'"#), ("/ä", "'/ä'"), ("", "''"),
        ])
    func quoted(path: String, word: String) {
        #expect(Privileges.quoted(path) == word)
    }

    @Test("what is missing names the command that gives it")
    func missing() {
        #expect(
            Privileges.missing(for: "eth0", program: "/opt/my tools/sioscope").description
                == "no permission to capture on eth0; run this with sudo, or allow it once and for all: "
                + "sudo setcap cap_net_raw,cap_net_admin=eip '/opt/my tools/sioscope'")
    }
}
