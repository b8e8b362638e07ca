import Timeline

// A column read as what the schema says it is. STRICT tables keep their types, yet any file can be opened: a value of
// another type reads as nil.
extension TimelineValue {
    var integer: Int64? {
        if case .integer(let value) = self { value } else { nil }
    }

    var text: String? {
        if case .text(let value) = self { value } else { nil }
    }

    var bytes: [UInt8]? {
        if case .blob(let value) = self { value } else { nil }
    }
}
