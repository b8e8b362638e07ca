import Foundation

/// Where the tests find files.
public enum TestFiles {
    public static let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    public static let fixtures = Self.package.appending(path: "Tests/Fixtures")
    /// Captures of the repository itself.
    public static let captures = Self.package.appending(path: "captures")
    /// The files of these, as `flap/capture.pcapng`. Tests over none would pass, so there must be some.
    public static let captureFiles: [String] = {
        let files = Self.names(in: Self.captures).flatMap { name in
            Self.names(in: Self.captures.appending(path: name)).filter { $0.hasPrefix("capture.pcap") }
                .map { "\(name)/\($0)" }
        }
        precondition(!files.isEmpty, "\(Self.captures.path): there are no captures")
        return files
    }()
    /// More captures, which lie beside the repository where it is developed and are no part of it.
    public static let shared = Self.package.deletingLastPathComponent().appending(path: "shared")

    public static func bytes(_ file: URL) throws -> [UInt8] {
        Array(try Data(contentsOf: file))
    }

    /// Names in a folder, sorted; none where it is absent.
    public static func names(in folder: URL) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
    }

    public static func exists(_ file: URL) -> Bool {
        FileManager.default.fileExists(atPath: file.path)
    }
}
