import Foundation

/// The package's own files, as text.
enum SourceTree {
    struct File: Sendable {
        /// From the package's root: `Sources/Wire/Bytes.swift`.
        var path: String
        var text: String

        var lines: [Substring] { self.text.split(separator: "\n", omittingEmptySubsequences: false) }
    }

    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Names of the folders in a folder, sorted.
    static func folders(in path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(
            at: self.root.appending(path: path), includingPropertiesForKeys: [.isDirectoryKey]
        )
        .filter { try $0.resourceValues(forKeys: [.isDirectoryKey]).isDirectory == true }
        .map(\.lastPathComponent).sorted()
    }

    /// All files below a folder with one of these endings, sorted by path.
    static func files(in path: String, _ endings: String...) throws -> [File] {
        let paths = try FileManager.default.subpathsOfDirectory(atPath: self.root.appending(path: path).path())
        return try paths.sorted().filter { name in endings.contains { name.hasSuffix($0) } }.map {
            File(path: "\(path)/\($0)", text: try self.text("\(path)/\($0)"))
        }
    }

    static func text(_ path: String) throws -> String {
        try String(contentsOf: self.root.appending(path: path), encoding: .utf8)
    }
}
