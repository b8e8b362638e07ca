import ArgumentParser

/// The entry: runs one command and turns whatever came of it into output, one line of talk and an exit status.
@main
enum Main {
    static func main() async {
        StandardStreams.fill()
        Interrupt.install()
        let arguments = CommandArguments.joined(Array(CommandLine.arguments.dropFirst()))
        var ending: Ending
        do {
            try RawArguments.check(CommandLine.argc, CommandLine.unsafeArgv)
            var command = try SioscopeCommand.parseAsRoot(arguments)
            try CommandArguments.checkOnce(arguments, of: type(of: command))
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            ending = .success
        } catch {
            ending = Ending(of: error, arguments: arguments)
        }
        do {
            if let text = ending.output { try StandardOutput.shared.write(text) }
            try StandardOutput.shared.flush()
        } catch {
            // What was written last did not arrive: that is how the run ended, unless it had failed already.
            if ending.status == .success { ending = Ending(of: error, arguments: arguments) }
        }
        if let line = ending.talk { StandardError.write(line) }
        StandardOutput.shared.exit(ending.code)
    }
}
