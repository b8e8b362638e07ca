import ArgumentParser

/// The root command: names the others, does nothing itself.
struct SioscopeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sioscope",
        abstract: "Record and analyse Engine.IO and Socket.IO traffic.",
        discussion: """
            A capture file becomes a timeline: one SQLite file with a row for every session and every frame. The \
            other commands read it; so does sqlite3.

            EXAMPLES:
              sioscope import capture.pcapng -o run.db   make the timeline
              sioscope why run.db                        why each session ended
              sioscope analyze run.db                    what broke the protocol
              sioscope sessions run.db                   the sessions, and how each ended
              sioscope frames run.db --session 2         every frame of session 2
              sioscope replay run.db --as server -- ./client {url}
                                                         the recorded server again, for a client under test
              sioscope query run.db slowest-acks         a question that has a name
              sioscope query run.db --sql 'SELECT ...' --format json

            EXIT STATUS:
              0    all well, or the reader of the output closed the pipe
              1    the tool worked and found something to report
              2    it could not do it; one line on stderr says why and what to do
              130  interrupted, after everything was flushed
            """,
        version: Self.version,
        subcommands: Self.commands
    )

    /// The version of the tool, as `--version` prints it.
    static let version = "0.1.0"

    /// Every command, in the order the help lists them.
    static let commands: [any ParsableCommand.Type] = [
        Import.self,
        Record.self,
        Sessions.self,
        Frames.self,
        Query.self,
        Analyze.self,
        Why.self,
        Rules.self,
        ReplayCommand.self,
        Diff.self,
        Reduce.self,
        Conformance.self,
        Export.self,
    ]
}
