/// A question that has a name: one `.sql` file of this folder.
public struct NamedQuery: Hashable, Sendable {
    /// The file's name without `.sql`: `slowest-acks`.
    public var name: String
    public var title: String
    public var parameters: [QueryParameter]
    /// What a row holds, in order.
    public var columns: [QueryColumn]
    /// The whole file; one SELECT.
    public var sql: String
}

/// A `:name` of the SQL that the asker gives a value.
public struct QueryParameter: Hashable, Sendable {
    public enum ValueType: String, Hashable, Sendable, CaseIterable {
        case integer = "INTEGER"
        case real = "REAL"
        case text = "TEXT"
    }

    /// A value as SQL writes it: `20`, `1.5`, `'chat'`, `NULL`.
    public enum Standard: Hashable, Sendable {
        case null
        case integer(Int64)
        case real(Double)
        case text(String)
    }

    /// Without the colon.
    public var name: String
    public var type: ValueType
    /// What it is where none is given; nil where one must be.
    public var standard: Standard?
    public var meaning: String

    public init(name: String, type: ValueType, standard: Standard?, meaning: String) {
        self.name = name
        self.type = type
        self.standard = standard
        self.meaning = meaning
    }
}

/// A column of a query's result.
public struct QueryColumn: Hashable, Sendable {
    public enum ValueType: String, Hashable, Sendable, CaseIterable {
        case integer = "INTEGER"
        case real = "REAL"
        case text = "TEXT"
        case blob = "BLOB"
    }

    public var name: String
    public var type: ValueType
    public var meaning: String

    public init(name: String, type: ValueType, meaning: String) {
        self.name = name
        self.type = type
        self.meaning = meaning
    }
}
