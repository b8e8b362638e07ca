import ArgumentParser

/// How a run ended: what is still to be said on which stream, and the exit status.
struct Ending: Equatable {
    /// For stdout: help, the version.
    var output: String?
    /// For stderr: one line.
    var talk: String?
    var code: Int32

    static let success = Ending(output: nil, talk: nil, code: ExitStatus.success.rawValue)

    var status: ExitStatus? { ExitStatus(rawValue: self.code) }

    init(output: String?, talk: String?, code: Int32) {
        self.output = output
        self.talk = talk
        self.code = code
    }

    /// - Parameter arguments: of the process without its name; they tell which help page a usage error points to.
    init(of error: any Error, arguments: [String]) {
        switch error {
        case is ClosedPipe:
            self = .success
        case let code as ExitCode:
            self.init(output: nil, talk: nil, code: code.rawValue)
        case let error as ToolError:
            self = Self.failure(error.description)
        default:
            let parserCode = SioscopeCommand.exitCode(for: error)
            if parserCode == .success, !Self.namesUnknownCommand(arguments) {
                // The parser asks for help, the version or a completion script by throwing.
                self.init(
                    output: SioscopeCommand.fullMessage(for: error) + "\n", talk: nil,
                    code: ExitStatus.success.rawValue)
            } else if parserCode == .success || parserCode == .validationFailure {
                self = Self.failure(Self.usage(SioscopeCommand.message(for: error), arguments))
            } else {
                self = Self.failure(String(describing: error))
            }
        }
    }

    /// Exit status 2 with one line, whatever the text holds: line ends become spaces, control characters are shown.
    static func failure(_ text: String) -> Ending {
        let line = text.split(whereSeparator: \.isNewline)
            .map { String($0.drop(while: { $0 == " " })) }
            .joined(separator: " ")
        return Ending(
            output: nil, talk: "sioscope: error: \(Escaping.visible(line))\n", code: ExitStatus.failure.rawValue)
    }

    /// `sioscope nonsense --help`: the parser would give the help of all, as if the command were there.
    private static func namesUnknownCommand(_ arguments: [String]) -> Bool {
        guard let name = arguments.first, !name.hasPrefix("-") else { return false }
        return !Self.commandNames.contains(name)
    }

    private static var commandNames: [String] {
        SioscopeCommand.commands.map { self.name(of: $0) } + ["help"]
    }

    /// What is wrong with the arguments, and the help page that explains the command they were meant for.
    static func usage(_ message: String, _ arguments: [String]) -> String {
        let names = Self.commandNames
        guard let name = arguments.first(where: { !$0.hasPrefix("-") }) else {
            return "\(self.sentence(message)) (see 'sioscope --help')"
        }
        guard names.contains(name) else {
            let near = NearestNames.of(name, among: names)
            return "no command is named '\(name)'"
                + (near.isEmpty ? "" : "; did you mean \(near.joined(separator: ", "))?") + " (see 'sioscope --help')"
        }
        return
            "\(self.sentence(message))\(self.advice(message, arguments)) (see 'sioscope \(self.page(of: name, arguments)) --help')"
    }

    /// A value that begins like an option was taken for one.
    private static func advice(_ message: String, _ arguments: [String]) -> String {
        let parts = message.split(separator: "'", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "Missing value for ",
            let option = parts[1].split(separator: " ").first.map(String.init),
            let place = arguments.firstIndex(of: option), arguments[(place + 1)...].first?.hasPrefix("-") == true
        else { return "" }
        return "; one that begins with - is given as \(option)=..."
    }

    /// The command that has the help page: `record hook`, where `record` alone would say nothing of hooks.
    private static func page(of name: String, _ arguments: [String]) -> String {
        let command = SioscopeCommand.commands.first { self.name(of: $0) == name }
        let parts = command?.configuration.subcommands.map { self.name(of: $0) } ?? []
        let words = arguments.drop { $0 != name }.dropFirst()
        guard let part = words.first(where: { !$0.hasPrefix("-") }), parts.contains(part) else { return name }
        return "\(name) \(part)"
    }

    private static func name(of command: any ParsableCommand.Type) -> String {
        command.configuration.commandName ?? command._commandName
    }

    /// As the middle of a line: no capital at its start but where the whole word is in capitals, no full stop at its end.
    private static func sentence(_ message: String) -> String {
        let message = message.hasSuffix(".") ? String(message.dropLast()) : message
        guard message.dropFirst().first?.isUppercase != true else { return message }
        return message.prefix(1).lowercased() + message.dropFirst()
    }
}
