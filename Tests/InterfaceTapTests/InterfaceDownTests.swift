import Foundation
import Testing

/// An interface that goes away, in a network of its own.
@Suite("An interface that goes down", .enabled(if: getuid() == 0, "only root can make networks"))
struct InterfaceDownTests {
    static let hasNetworks: Bool = {
        guard Capture.has("unshare", "ip") else { return false }
        let ended = try? Program(["-n", "ip", "link", "set", "lo", "up"], path: "unshare").end()
        return ended?.status == 0
    }()

    @Test(
        "ends the recording with its error; what came is kept",
        .enabled(if: Self.hasNetworks, "networks of one's own are not allowed here"))
    func down() throws {
        try withFolder { folder in
            // The shell lives in the network, takes the interface down once told, and goes with the recording.
            let script = """
                ip link set lo up
                mkfifo "$1/said"
                "$0" record pcap -i lo -f icmp -o "$1/live.db" 2>"$1/said" &
                { read -r line; echo "$line" >&2; ping -c 1 -W 2 127.0.0.1 >/dev/null 2>&1; ip link set lo down
                  cat >&2; } <"$1/said"
                wait $!
                """
            let ended = try Program(
                ["-n", "timeout", "-k", "1", "30", "/bin/bash", "-c", script, Program.path, folder], path: "unshare"
            ).end()
            #expect(ended.status == 2, "\(ended.talk)")
            #expect(ended.talk.contains("recording lo"))
            #expect(ended.talk.contains("error: lo "), "\(ended.talk)")
            #expect(ended.talk.contains("kept"), "\(ended.talk)")
            #expect(try Program.rows("\(folder)/live.db", "SELECT count(*) AS n FROM captures") == [#"{"n":1}"#])
        }
    }

    @Test(
        "one that is down cannot be opened",
        .enabled(if: Self.hasNetworks, "networks of one's own are not allowed here"))
    func isDown() throws {
        try withFolder { folder in
            let ended = try Program(
                ["-n", Program.path, "record", "pcap", "-i", "lo", "-p", "80", "-o", "\(folder)/x.db"], path: "unshare"
            ).end()
            #expect(ended.status == 2)
            #expect(
                ended.talk
                    == "sioscope: error: lo is down; bring it up (ip link set lo up) and run this again\n")
        }
    }
}
