/// Colours and weights (ECMA-48 SGR), for a terminal only.
enum Style: String {
    case bold = "1"
    case dim = "2"
    case red = "31"
    case green = "32"
    case yellow = "33"
    case cyan = "36"

    /// `text` in this style where `terminal` shows colours, else as it is.
    func callAsFunction(_ text: String, on terminal: Terminal) -> String {
        terminal.color && !text.isEmpty ? "\u{1b}[\(self.rawValue)m\(text)\u{1b}[0m" : text
    }
}
