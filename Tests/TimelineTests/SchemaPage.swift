/// The reader's page of the schema, made of the comments inside its statements.
struct SchemaPage {
    struct Column: Equatable {
        let name: String
        /// Of a table: "INTEGER", "TEXT or NULL". Empty for a view.
        let type: String
        let meaning: String
    }

    struct Relation: Equatable {
        let name: String
        let isView: Bool
        var meaning: String
        var columns: [Column]
    }

    let relations: [Relation]

    init(sql: String) {
        var relations: [Relation] = []
        /// In the lines that say what the columns are.
        var inside = false
        var described = false
        /// The table that a column is being added to.
        var altered: Int?
        for line in sql.split(separator: "\n").map(String.init) {
            if let match = line.firstMatch(of: /^ALTER TABLE (\w+) ADD COLUMN/) {
                altered = relations.firstIndex { $0.name == match.1 }
            } else if let index = altered {
                relations[index].columns += Self.tableColumn(line)
                if line.hasSuffix(";") { altered = nil }
            } else if let match = line.firstMatch(of: /^CREATE (TABLE|VIEW) (\w+)/) {
                relations.append(Relation(name: String(match.2), isView: match.1 == "VIEW", meaning: "", columns: []))
                (inside, described) = (true, false)
            } else if inside, !described, let match = line.firstMatch(of: /^  -- (.*)$/) {
                let last = relations.count - 1
                relations[last].meaning += (relations[last].meaning.isEmpty ? "" : " ") + match.1
            } else if line.hasPrefix("  FROM") || line.hasPrefix(")") {
                inside = false
            } else if inside {
                described = true
                let last = relations.count - 1
                relations[last].columns += relations[last].isView ? Self.viewColumn(line) : Self.tableColumn(line)
            }
        }
        self.relations = relations
    }

    private static func tableColumn(_ line: String) -> [Column] {
        guard let match = line.firstMatch(of: /^  (\w+) (INTEGER|TEXT|BLOB|REAL)([^-]*)(?:-- (.*))?$/) else {
            return []
        }
        let needed = match.3.contains("NOT NULL") || match.3.contains("PRIMARY KEY")
        return [
            Column(
                name: String(match.1), type: match.2 + (needed ? "" : " or NULL"), meaning: String(match.4 ?? ""))
        ]
    }

    private static func viewColumn(_ line: String) -> [Column] {
        guard let match = line.firstMatch(of: /^    (?:.* AS )?(?:\w+\.)?(\w+),?(?:\s+-- (.*))?$/) else { return [] }
        return [Column(name: String(match.1), type: "", meaning: String(match.2 ?? ""))]
    }

    var markdown: String {
        self.relations.map { relation in
            var lines = ["## \(relation.isView ? "View" : "Table") `\(relation.name)`", "", relation.meaning, ""]
            lines.append(relation.isView ? "| column | meaning |" : "| column | type | meaning |")
            lines.append(relation.isView ? "| --- | --- |" : "| --- | --- | --- |")
            for column in relation.columns {
                let cells = ["`\(column.name)`"] + (relation.isView ? [] : [column.type]) + [column.meaning]
                lines.append("| " + cells.joined(separator: " | ") + " |")
            }
            return lines.joined(separator: "\n") + "\n"
        }.joined(separator: "\n")
    }
}
