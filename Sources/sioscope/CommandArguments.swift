import ArgumentParser
import JSONText

/// What the parser makes too little of.
enum CommandArguments {
    /// `--limit -3` as `--limit=-3`, and `--sql "-- all" ...` likewise: no option begins with a digit or has a space in
    /// its name, and the parser would say that the value is missing. What stands behind `--` is another command's.
    static func joined(_ arguments: [String]) -> [String] {
        var joined: [String] = []
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--" { return joined + [argument] + rest }
            if self.isValue(argument), let option = joined.last, self.name(of: option) == option {
                joined[joined.count - 1] = option + "=" + argument
            } else {
                joined.append(argument)
            }
        }
        return joined
    }

    /// Whether it begins like an option and cannot be one.
    private static func isValue(_ argument: String) -> Bool {
        guard let name = self.name(of: argument) else { return false }
        return name.dropFirst().first?.isWholeNumber == true || name.contains(where: \.isWhitespace)
    }

    /// Throws where an option that takes one value was given more than once: the parser would take the last without a
    /// word.
    static func checkOnce(_ arguments: [String], of command: any ParsableCommand.Type) throws {
        let given = arguments.prefix { $0 != "--" }.compactMap { self.name(of: $0) }
        guard given.count > 1 else { return }
        for names in self.singleOptions(of: command) {
            let same = given.filter(names.contains)
            guard let first = same.first, let second = same.dropFirst().first else { continue }
            throw ValidationError(
                first == second
                    ? "\(first) is given twice; give it once" : "\(first) and \(second) are the same; give one of them")
        }
    }

    /// `--limit` of `--limit`, `--limit=3`; nil for what is no option.
    private static func name(of argument: String) -> String? {
        guard argument.hasPrefix("-"), argument != "-", argument != "--" else { return nil }
        return String(argument.prefix { $0 != "=" })
    }

    /// The names of each option that takes one value, as the parser describes its command.
    private static func singleOptions(of command: any ParsableCommand.Type) -> [Set<String>] {
        let description = try? JSONValue(command._dumpHelp())
        let arguments = description?["command"]?["arguments"]?.array ?? []
        return arguments.compactMap { argument in
            guard argument["kind"]?.string == "option", argument["isRepeating"]?.bool == false else { return nil }
            let names = (argument["names"]?.array ?? []).compactMap { name in
                name["name"]?.string.map { (name["kind"]?.string == "long" ? "--" : "-") + $0 }
            }
            return Set(names)
        }
    }
}
