import CLibFuzzer
import FuzzTargets

@preconcurrency import Glibc

// usage: sioscope-fuzz TARGET [libFuzzer's arguments]
//        sioscope-fuzz --list

/// The target of this run; set once, before libFuzzer starts.
private nonisolated(unsafe) var chosen: FuzzTarget?

private func runOne(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let target = chosen else { return -1 }
    // Not in the catch itself: a span may not be in scope where a path never returns.
    if let failure = failure(of: target, UnsafeBufferPointer(start: data, count: count)) { fatalError(failure) }
    return 0
}

private func failure(of target: FuzzTarget, _ bytes: UnsafeBufferPointer<UInt8>) -> String? {
    do {
        try target.run(bytes.span)
        return nil
    } catch {
        return "\(error)"
    }
}

/// Tells the target to the processes that libFuzzer starts for -merge, -jobs and -minimize_crash with its own
/// arguments alone.
private let targetVariable = "SIOSCOPE_FUZZ_TARGET"

private func start() -> CInt {
    var arguments = CommandLine.arguments
    guard arguments.count > 1, arguments[1] != "--list" else {
        for target in FuzzTarget.all { print(target.name) }
        return arguments.count > 1 ? 0 : 2
    }
    let name = getenv(targetVariable).map { String(cString: $0) } ?? arguments.remove(at: 1)
    guard let target = FuzzTarget.named(name) else {
        fputs("sioscope-fuzz: no target \"\(name)\"; --list names them\n", stderr)
        return 2
    }
    setenv(targetVariable, name, 1)
    chosen = target
    var count = CInt(arguments.count)
    var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    return words.withUnsafeMutableBufferPointer { buffer in
        var base = buffer.baseAddress
        return LLVMFuzzerRunDriver(&count, &base) { runOne($0, $1) }
    }
}

exit(start())
