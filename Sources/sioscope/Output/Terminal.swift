import Glibc

/// What the place that rows are printed to can show.
struct Terminal: Equatable {
    /// Columns to fit into; nil for a pipe or a file, where nothing is cut.
    var width: Int?
    var color: Bool
    /// False in a locale that is not UTF-8: arrows and such are written in ASCII.
    var unicode: Bool

    static let plain = Terminal(width: nil, color: false, unicode: true)

    /// - Parameters:
    ///   - isTerminal: whether standard output is one.
    ///   - columns: the terminal's own answer, 0 where it gives none.
    init(environment: (String) -> String?, isTerminal: Bool, columns: Int) {
        let locale =
            ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap(environment).first { !$0.isEmpty }?.lowercased() ?? ""
        self.unicode = locale.contains("utf-8") || locale.contains("utf8")
        guard isTerminal else {
            self.width = nil
            self.color = false
            return
        }
        // A size that is set is a wish, and goes before what the terminal says of itself.
        let wished = environment("COLUMNS").flatMap { Int($0) } ?? 0
        self.width = max(20, wished > 0 ? wished : columns > 0 ? columns : 80)
        // https://no-color.org: any value that is not empty.
        self.color = (environment("NO_COLOR") ?? "").isEmpty && environment("TERM") != "dumb"
    }

    private init(width: Int?, color: Bool, unicode: Bool) {
        self.width = width
        self.color = color
        self.unicode = unicode
    }

    /// Standard output, or another stream, as it is now.
    static func current(_ descriptor: Int32 = STDOUT_FILENO) -> Terminal {
        var size = winsize()
        let answered = ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0
        return Terminal(
            environment: { name in getenv(name).map { String(cString: $0) } },
            isTerminal: isatty(descriptor) == 1,
            columns: answered ? Int(size.ws_col) : 0)
    }
}

extension Terminal {
    init(width: Int?, color: Bool = false, unicodeText: Bool = true) {
        self.init(width: width, color: color, unicode: unicodeText)
    }

    /// What stands where a text was cut.
    var ellipsis: String { self.unicode ? "…" : "~" }
}
