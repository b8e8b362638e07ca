import ArgumentParser

/// The client that a command starts and plays to, behind `--`.
struct ClientUnderTest: ParsableArguments {
    @Argument(
        parsing: .postTerminator,
        help: ArgumentHelp(
            "The client under test, after --; {url}, {host} and {port} are filled in.", valueName: "COMMAND")
    )
    var command: [String] = []
}
