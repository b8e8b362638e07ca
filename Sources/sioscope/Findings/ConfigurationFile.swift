import Faults
import Foundation
import JSONText
import TOMLKit
import TimelineModel

/// What a user has set for the rules, in a file of TOML:
///
///     [analyze]
///     fail_on = "warning"
///
///     [rules.pong-missing]
///     severity = "warning"
///
///     [rules.eio4-client-ping]
///     enabled = false
struct ConfigurationFile: Equatable {
    /// Found from the current folder upward.
    static let name = ".sioscope.toml"

    private(set) var configuration = Configuration()
    private(set) var failOn: FailOn?

    /// Nothing set.
    init() {}

    /// - Parameter text: of the file.
    init(text: String, path: String) throws {
        // The parser is C++ and takes a C string: what stands behind a NUL would be passed over.
        guard !text.utf8.contains(0) else { throw ToolError("\(path): there is a NUL in it; expected TOML") }
        let root: JSONValue
        do {
            root = try JSONValue(try TOMLTable(string: text).convert(to: .json))
        } catch let error as TOMLParseError {
            let place = error.source.begin
            throw ToolError("\(path):\(place.line):\(place.column): \(error.description)")
        } catch {
            throw ToolError("\(path): \(error)")
        }
        for (key, value) in Self.members(root) {
            switch key {
            case "analyze":
                for (key, value) in try Self.table(value, "\(path): analyze") {
                    guard key == "fail_on" else { throw Self.unknown(key, "\(path): [analyze]", ["fail_on"]) }
                    self.failOn = try Self.word(value, "\(path): [analyze] fail_on")
                }
            case "rules":
                for (id, value) in try Self.table(value, "\(path): rules") {
                    guard let page = Catalogue.page(id) else {
                        throw ToolError("\(path): [rules.\(id)]: \(RuleNames.unknown(id))")
                    }
                    self.configuration.entries[id] = try Self.entry(value, page, path)
                }
            default: throw Self.unknown(key, path, ["analyze", "rules"])
            }
        }
    }

    /// - Parameter path: as the user gave it; nil for the nearest file of the standard name, and nothing where there is
    ///   none.
    static func load(_ path: String?) throws -> ConfigurationFile {
        guard let path = path ?? self.nearest(to: FileManager.default.currentDirectoryPath) else { return Self() }
        return try Self(text: try TextFile.read(path, label: path, expected: "a file of TOML"), path: path)
    }

    /// In the folder, or in the nearest one above it.
    ///
    /// - Parameter folder: an absolute path; anything else (the folder was removed) has no file.
    static func nearest(to folder: String) -> String? {
        guard folder.hasPrefix("/") else { return nil }
        var names = folder.split(separator: "/")
        while true {
            let file = (["/"] + names.map { $0 + "/" } + [self.name[...]]).joined()
            if FileManager.default.fileExists(atPath: file) { return file }
            if names.popLast() == nil { return nil }
        }
    }

    private static func entry(_ value: JSONValue, _ page: RulePage, _ path: String) throws -> Configuration.Entry {
        let place = "\(path): [rules.\(page.id)]"
        var entry = Configuration.Entry()
        for (key, value) in try self.table(value, place) {
            switch key {
            case "enabled":
                guard let isOn = value.bool else {
                    throw ToolError("\(place) enabled: expected true or false, not \(self.kind(value))")
                }
                entry.isOff = !isOn
            case "severity":
                entry.severity = try self.word(value, "\(place) severity")
            default:
                guard page.thresholds.contains(where: { $0.name == key }) else {
                    throw self.unknown(key, place, ["enabled", "severity"] + page.thresholds.map(\.name))
                }
                guard let number = value.double, (0...1e12).contains(number) else {
                    throw ToolError("\(place) \(key): expected a number from 0 to 1e12, not \(self.kind(value))")
                }
                entry.thresholds[key] = number
            }
        }
        return entry
    }

    private static func members(_ value: JSONValue) -> [(String, JSONValue)] {
        if case .object(let members) = value { members.map { ($0.key, $0.value) } } else { [] }
    }

    private static func table(_ value: JSONValue, _ place: String) throws -> [(String, JSONValue)] {
        guard case .object = value else { throw ToolError("\(place): expected a table, not \(self.kind(value))") }
        return self.members(value)
    }

    private static func word<Word: RawRepresentable<String> & CaseIterable>(
        _ value: JSONValue, _ place: String
    ) throws -> Word {
        if let text = value.string, let word = Word(rawValue: text) { return word }
        let known = Word.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
        throw ToolError("\(place): expected one of \(known), not \(self.kind(value))")
    }

    private static func unknown(_ key: String, _ place: String, _ known: [String]) -> ToolError {
        ToolError("\(place): no key is named '\(key)'; there is \(known.joined(separator: ", "))")
    }

    private static func kind(_ value: JSONValue) -> String {
        switch value {
        case .null: "nothing"
        case .bool(let value): "\(value)"
        case .number(let text): text
        case .string(let text): "\"\(text)\""
        case .array: "an array"
        case .object: "a table"
        }
    }
}
