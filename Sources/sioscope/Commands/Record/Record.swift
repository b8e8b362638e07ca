import ArgumentParser

/// The ways of recording live; does nothing itself.
struct Record: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Record live traffic into a timeline.",
        discussion: """
            Four ways to tap a live session; all write the same timeline as import does, and judge it by the same rules \
            while it runs: each finding is told within a second, on stderr and in the table 'findings'. Others can read \
            the timeline meanwhile (sqlite3, sioscope query, sioscope frames -f); what is older than a second survives \
            whatever happens to the recorder. An existing timeline gets the recording as a further capture. Timelines \
            are readable by their owner alone.

            EXAMPLES:
              sioscope record proxy --listen 127.0.0.1:9000 --to http://127.0.0.1:3000 -o run.db
              sioscope record pcap -i lo -p 3000 -o run.db
              sioscope record hook --listen unix:/tmp/hook.sock -o run.db
              sioscope record client http://127.0.0.1:3000 -o run.db
              sioscope record pcap -i eth0 -p 443 -o week.db --keep 7d --max-size 2048
              sioscope record proxy --listen 127.0.0.1:9000 --to http://app:3000 -o test.db --exit-on error

            EXIT STATUS:
              0    ended by itself, or after --duration
              1    ended by --exit-on
              2    it could not record, or not go on; what was recorded is kept
              130  ended by SIGINT, 143 by SIGTERM, 129 by SIGHUP; everything is written
            """,
        subcommands: Self.commands
    )

    /// In the order the help lists them.
    static let commands: [any ParsableCommand.Type] = [
        RecordClient.self, RecordProxy.self, RecordPcap.self, RecordHook.self,
    ]
}
