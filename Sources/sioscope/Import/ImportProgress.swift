/// How far an import is, of the file's size where it has one.
final class ImportProgress {
    private let file: InputFile
    private let line = ProgressLine()

    init(_ file: InputFile) {
        self.file = file
    }

    func show() {
        self.line.show {
            let read = Self.text(self.file.readBytes)
            guard let size = self.file.sizeBytes, size > 0 else { return "\(self.file.name): \(read)" }
            let bar = ProgressLine.bar(Double(self.file.readBytes) / Double(size))
            return "\(self.file.name): \(bar) \(read) of \(Self.text(size))"
        }
    }

    /// `12.3 MB`: powers of ten, as file sizes are told.
    private static func text(_ bytes: Int64) -> String {
        bytes < 1_000_000 ? "\(bytes / 1000) kB" : "\(bytes / 1_000_000).\(bytes % 1_000_000 / 100_000) MB"
    }

    func clear() {
        self.line.clear()
    }
}
