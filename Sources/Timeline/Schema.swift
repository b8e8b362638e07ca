/// The tables, views and indexes of a timeline, as steps that are only ever added to: a file of format n has had the
/// first n of them.
struct Schema: Sendable {
    /// What one format adds to the one before it: texts of SQL, in the order they run.
    struct Step: Sendable {
        let tables: [String]
        let views: [String]
        /// Of few rows: kept up while rows are written, on a thread that waits for the decoder at times, which costs
        /// less than to go through all rows at the end.
        var earlyIndexes: [String] = []
        /// Cheapest built when all rows are there.
        let indexes: [String]
    }

    let steps: [Step]

    /// `PRAGMA application_id` of every timeline ("SIOS"): tells a timeline from any other SQLite database.
    static let applicationID: Int64 = 0x5349_4F53

    static let current = Schema(steps: [
        Step(
            tables: [SQLText.text(PackageResources.v1_tables_sql)],
            views: [SQLText.text(PackageResources.v1_views_sql)],
            earlyIndexes: [SQLText.text(PackageResources.v1_early_indexes_sql)],
            indexes: [SQLText.text(PackageResources.v1_indexes_sql)]),
        Step(tables: [SQLText.text(PackageResources.v2_tables_sql)], views: [], indexes: []),
    ])

    /// The format number, `PRAGMA user_version`.
    var format: Int { self.steps.count }

    /// All of a new file but the indexes that are built at its end, in the caller's transaction.
    func createTables(in connection: SQLiteConnection) throws(TimelineError) {
        for step in self.steps {
            for sql in step.tables + step.views + step.earlyIndexes { try connection.execute(sql) }
        }
        try self.stamp(connection)
    }

    /// The indexes of a file that `createTables` made, in the caller's transaction.
    func createIndexes(in connection: SQLiteConnection) throws(TimelineError) {
        for step in self.steps {
            for sql in step.indexes { try connection.execute(sql) }
        }
    }

    /// Brings an existing file to this format, in the caller's transaction.
    func migrate(_ connection: SQLiteConnection) throws(TimelineError) {
        let found = Int(try connection.integer("PRAGMA user_version"))
        guard found < self.format else { return }
        for step in self.steps[found...] {
            for sql in step.tables + step.earlyIndexes + step.indexes + step.views { try connection.execute(sql) }
        }
        try self.stamp(connection)
    }

    private func stamp(_ connection: SQLiteConnection) throws(TimelineError) {
        try connection.execute(
            "PRAGMA application_id = \(Self.applicationID); PRAGMA user_version = \(self.format)")
    }

    /// Refuses a database that is not ours, or is of a format that this program does not know yet.
    func check(
        applicationID: Int64, format: Int64, path: String, _ purpose: TimelineError.Purpose
    ) throws(TimelineError) {
        guard applicationID == Self.applicationID, format > 0 else {
            throw .notATimeline(path: path, kind: "an SQLite database of another program", purpose)
        }
        guard format <= self.format else {
            throw .newerFormat(path: path, found: Int(format), known: self.format)
        }
    }
}
