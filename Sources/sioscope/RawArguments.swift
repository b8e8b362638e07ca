/// The arguments as the system gave them.
enum RawArguments {
    /// What is no text would be mended on the way: a file that is made, or looked for, would have another name than the
    /// user gave.
    static func check(
        _ count: Int32, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    ) throws(ToolError) {
        for place in 1..<max(1, Int(count)) {
            guard let argument = arguments[place], String(validatingCString: argument) == nil else { continue }
            throw ToolError("argument \(place), \(self.shown(argument)), is not UTF-8; give a name that is")
        }
    }

    private static func shown(_ argument: UnsafePointer<CChar>) -> String {
        var shown = ""
        var place = 0
        while argument[place] != 0 {
            let byte = UInt8(bitPattern: argument[place])
            switch byte {
            case 0x20..<0x7F: shown.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let hex = String(byte, radix: 16)
                shown += hex.count < 2 ? "\\x0\(hex)" : "\\x\(hex)"
            }
            place += 1
        }
        return "'\(shown)'"
    }
}
