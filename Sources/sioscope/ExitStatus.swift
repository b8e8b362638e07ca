import ArgumentParser

/// What the process ends with; contract.
enum ExitStatus: Int32 {
    /// All well; also when a reader closed the pipe.
    case success = 0
    /// The tool worked and found something: findings, a divergence, a failed scenario.
    case found = 1
    /// It could not do it; one line on stderr says what and why.
    case failure = 2
    /// SIGHUP, after everything was flushed, where a file was being written.
    case hungUp = 129
    /// SIGINT, after everything was flushed.
    case interrupted = 130
    /// SIGTERM, as with SIGHUP.
    case terminated = 143
}

extension ExitCode {
    static let found = ExitCode(ExitStatus.found.rawValue)
    static let hungUp = ExitCode(ExitStatus.hungUp.rawValue)
    static let terminated = ExitCode(ExitStatus.terminated.rawValue)
    static let interrupted = ExitCode(ExitStatus.interrupted.rawValue)
}

/// The tool could not do what was asked: user or system at fault. One line: the file or flag, what is wrong, what to do.
struct ToolError: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
