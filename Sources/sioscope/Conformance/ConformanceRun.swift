import Foundation
import Replay
import ReplayDrivers
import Synchronization
import Taps

/// Plays scenarios to a client under test, several at a time, each on a port of its own.
struct ConformanceRun {
    let scenarios: [Scenario]
    let client: ConformanceClient
    /// With port 0 the system chooses one for each scenario.
    var listen = HostPort(host: "127.0.0.1", port: 0)
    /// How many are played at once.
    var jobs = 1
    /// What a user has to know while it runs: where to connect to.
    var say: @Sendable (String) -> Void = { _ in }

    /// With more late ones than this the client is at fault, and not the machine.
    private static let againLimit = 8

    /// What those who play at once share.
    private final class Board: Sendable {
        struct State {
            var next = 0
            var results: [Int: ConformanceResult] = [:]
            /// So many of the results have been told.
            var told = 0
            /// What is to be played again.
            var late: Set<Int> = []
            var failure: (any Error)?
        }

        let state = Mutex(State())
    }

    /// What failed by lateness while others were played beside it is played again, alone: a busy machine is no fault of
    /// the client.
    ///
    /// - Parameter tell: gets each result in the order of the scenarios, once all before it are there; what is played
    ///   again comes last.
    /// - Returns: the results; after a signal, of what was played to its end until then.
    /// - Throws: where it cannot be played at all.
    func run(_ tell: @escaping @Sendable (ConformanceResult) throws -> Void) async throws -> [ConformanceResult] {
        let thread = DriverThread()
        let board = Board()
        let workers = max(1, min(self.jobs, self.scenarios.count))
        await withTaskGroup(of: Void.self) { tasks in
            for _ in 0..<workers {
                tasks.addTask { await self.work(thread, board, isAlone: workers == 1, tell) }
            }
        }
        await self.playAgain(thread, board, tell)
        await thread.end()
        return try board.state.withLock { state in
            if let failure = state.failure { throw failure }
            return state.results.sorted { $0.key < $1.key }.map(\.value)
        }
    }

    private func playAgain(
        _ thread: DriverThread, _ board: Board,
        _ tell: @Sendable (ConformanceResult) throws -> Void
    ) async {
        let late = board.state.withLock { $0.late }.sorted()
        for number in late where !Interrupt.requested {
            do {
                guard board.state.withLock({ $0.failure == nil }) else { return }
                if late.count <= Self.againLimit {
                    let result = try await ConformanceGame(self.scenarios[number], self).play(on: thread)
                    board.state.withLock { $0.results[number] = result }
                }
                if !Interrupt.requested, let result = board.state.withLock({ $0.results[number] }) { try tell(result) }
            } catch {
                board.state.withLock { $0.failure = $0.failure ?? error }
            }
        }
    }

    /// Takes one scenario after the other.
    private func work(
        _ thread: DriverThread, _ board: Board, isAlone: Bool,
        _ tell: @Sendable (ConformanceResult) throws -> Void
    ) async {
        while !Interrupt.requested {
            let number = board.state.withLock { state -> Int? in
                guard state.failure == nil, state.next < self.scenarios.count else { return nil }
                defer { state.next += 1 }
                return state.next
            }
            guard let number else { return }
            do {
                let result = try await ConformanceGame(self.scenarios[number], self).play(on: thread)
                // What a signal has cut short says nothing.
                guard !Interrupt.requested else { return }
                try board.state.withLock { state in
                    state.results[number] = result
                    if case .failed(let failure) = result.verdict, failure.isLateness, !isAlone {
                        state.late.insert(number)
                    }
                    while let next = state.results[state.told] {
                        if !state.late.contains(state.told) { try tell(next) }
                        state.told += 1
                    }
                }
            } catch {
                board.state.withLock { $0.failure = $0.failure ?? error }
                return
            }
        }
    }
}
