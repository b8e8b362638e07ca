/// Why a timeline could not be read or written. The description is one line: it names the file and says what to do.
public enum TimelineError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What the file was opened for; decides what the description advises.
    public enum Purpose: Equatable, Sendable {
        case reading
        case writing
    }

    case missing(path: String)
    /// The name stands for no file: it is empty, or `-`, which is a stream elsewhere.
    case noFileName(String)
    /// A symbolic link to what is not there.
    case danglingLink(path: String, target: String)
    case missingFolder(path: String, folder: String)
    case directory(path: String)
    case empty(path: String)
    /// Another kind of file, named where it is known: "a pcap capture", "an SQLite database of another program".
    case notATimeline(path: String, kind: String?, Purpose)
    case newerFormat(path: String, found: Int, known: Int)
    /// A new file was being written, and meanwhile another one came to stand in its place.
    case occupied(path: String)
    case readOnly(path: String)
    /// The file or its folder cannot be opened; the reason is the system's, or says what to do.
    case cannotOpen(path: String, reason: String)
    /// The disk of the file, its quota, or the folder for temporary files.
    case diskFull(path: String)
    /// Another process is writing to it.
    case locked(path: String)
    case damaged(path: String, message: String)
    /// Reading or writing failed below SQLite.
    case inputOutput(path: String, message: String)
    /// SQLite refused the SQL; `offset` is where in its UTF-8, in bytes.
    case sql(path: String, message: String, offset: Int?)
    /// The text is no single query that only reads.
    case refused(statement: String, reason: String)
    case missingParameter(name: String)
    case unknownParameter(name: String, known: [String])

    public var description: String {
        switch self {
        case .missing(let path):
            return "\(path): no such file; `sioscope import FILE -o \(path)` would make one"
        case .noFileName(let name):
            return name.isEmpty
                ? "the name of the timeline is empty; name a file, such as run.db"
                : "a timeline is a file with a name, and \(name) is none; name one, such as run.db"
        case .danglingLink(let path, let target):
            return "\(path) is a link to \(target), which is not there; remove the link, or name another file"
        case .missingFolder(let path, let folder):
            return "\(path): there is no folder \(folder); create it first"
        case .directory(let path):
            return "\(path) is a directory; name a timeline file in it, such as \(path)/run.db"
        case .empty(let path):
            return "\(path) is an empty file, not a timeline; remove it or name another"
        case .notATimeline(let path, let kind, .reading):
            guard let kind else { return "\(path) is not a timeline; name another file" }
            return "\(path) is \(kind), not a timeline; "
                + (FileKind.isImported(kind)
                    ? "make a timeline of it with `sioscope import`, or name another" : "name another file")
        case .notATimeline(let path, let kind, .writing):
            return "\(path) is \(kind ?? "not a timeline"), and is left as it was; name another file for the timeline"
        case .newerFormat(let path, let found, let known):
            return "\(path) has timeline format \(found), this sioscope knows \(known): upgrade sioscope"
        case .occupied(let path):
            return "\(path) came into being meanwhile, and is left as it is; run again to append to it"
        case .readOnly(let path):
            return "\(path) cannot be written: the file or its folder is read-only; make it writable or name another"
        case .cannotOpen(let path, let reason):
            return "\(path) cannot be opened: \(reason)"
        case .diskFull(let path):
            return "\(path): the disk is full (or the folder for temporary files); free some space and run again"
        case .locked(let path):
            return "\(path) is locked: another process is writing to it; wait for its end, or name another file"
        case .damaged(let path, let message):
            return "\(path) is damaged (\(message)); `sqlite3 \(path) .recover` may save its rows"
        case .inputOutput(let path, let message):
            return "\(path): reading or writing failed (\(message)); check the disk and run again"
        case .sql(let path, let message, let offset):
            return "\(path): \(message)" + (offset.map { " (at byte \($0) of the SQL)" } ?? "")
        case .refused(let statement, let reason):
            return "\(statement): \(reason)"
        case .missingParameter(let name):
            return "the query needs the parameter \(name): give it with -p \(name)=VALUE"
        case .unknownParameter(let name, let known):
            let has = known.isEmpty ? "it has none" : "it has " + known.joined(separator: ", ")
            return "the query has no parameter \(name): \(has)"
        }
    }
}
