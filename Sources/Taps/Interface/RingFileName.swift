import Glibc

/// Names of the files of a ring, as dumpcap makes them: `run.pcapng` gives `run_00001_20260131235959.pcapng`, with the
/// local time at which the file was begun.
struct RingFileName: Hashable, Sendable {
    /// Everything before the extension, with the folder.
    private let stem: String
    /// With its dot; empty for none.
    private let suffix: String

    init(_ path: String) {
        let nameStart = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        // A name that only begins with a dot has no extension.
        if let dot = path[nameStart...].lastIndex(of: "."), dot > nameStart {
            self.stem = String(path[..<dot])
            self.suffix = String(path[dot...])
        } else {
            self.stem = path
            self.suffix = ""
        }
    }

    /// - Parameters:
    ///   - number: from 1.
    ///   - seconds: since the epoch.
    func name(_ number: Int, at seconds: Int) -> String {
        var moment = time_t(seconds)
        var parts = tm()
        localtime_r(&moment, &parts)
        let time = [
            Int(parts.tm_year) + 1900, Int(parts.tm_mon) + 1, Int(parts.tm_mday), Int(parts.tm_hour),
            Int(parts.tm_min), Int(parts.tm_sec),
        ].enumerated()
            .map { Self.padded($0.element, $0.offset == 0 ? 4 : 2) }.joined()
        return "\(self.stem)_\(Self.padded(number, 5))_\(time)\(self.suffix)"
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
