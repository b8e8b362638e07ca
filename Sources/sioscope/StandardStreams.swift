import Glibc

/// The three streams that every process has, also where its parent closed them.
enum StandardStreams {
    /// To be called once, before anything is opened: a file or a pipe would get the number of a stream that is closed, and
    /// all that is said the file's bytes.
    ///
    /// What stands in for a stream cannot do what the stream is for: an output that is closed still is an error for who
    /// writes it.
    static func fill() {
        for (stream, mode) in [(STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY)] {
            guard fcntl(stream, F_GETFD) < 0, errno == EBADF else { continue }
            // The lowest free number is this one, for those below are open by now.
            _ = open("/dev/null", mode)
        }
    }
}
