import HisuiEvent
import HisuiFile
import HisuiStore

extension Life {
    /// What one of the threads and processes may do.
    enum Action: CaseIterable {
        case append, rotate, seal, checkpoint
        case appendActs, proveActs, keepDefinitions, importBulk, letGo, merge
        case read

        /// Who does it: nobody does two things at once.
        var actor: Int {
            switch self {
            case .append, .rotate: 0
            case .seal: 1
            case .checkpoint: 2
            case .appendActs, .proveActs: 3
            case .keepDefinitions: 4
            case .importBulk: 5
            case .letGo: 6
            case .merge: 7
            case .read: 8
            }
        }
    }

    /// How often each is done in a life.
    private static let weights: [(action: Action, weight: Int)] = [
        (.append, 10), (.rotate, 3), (.seal, 3), (.checkpoint, 3), (.appendActs, 3),
        (.proveActs, 1), (.keepDefinitions, 1), (.importBulk, 1), (.letGo, 2), (.merge, 2),
        (.read, 2),
    ]

    private func chosenAction() -> Action {
        var number = chance.below(Self.weights.reduce(0) { $0 + $1.weight })
        for (action, weight) in Self.weights {
            number -= weight
            if number < 0 { return action }
        }
        return .append
    }

    /// A life of so many steps, with restarts.
    ///
    /// - Parameter interleaves: whether others act in the middle of steps.
    func run(steps: Int, interleaves: Bool = true) throws {
        if writer == nil { try started() }
        for _ in 0..<steps {
            if chance.once(in: 12) {
                try restarted()
                continue
            }
            // A day passes now and then: other files of checkpoints, epochs and acts.
            if chance.once(in: 10) { clock += 86_400_000_000_000 }
            let action = chosenAction()
            if interleaves && chance.once(in: 2) {
                try perform(action, interrupted: 1 + chance.below(25), by: chosenAction())
            } else {
                try attempt(action)
            }
        }
    }

    /// Commits until the disk is full, and goes on when there is room again.
    func runFull(batchesMax: Int) throws {
        for _ in 0..<batchesMax where refusals == 0 { try append(batches: 1) }
        guard refusals > 0 else { throw Violation("the disk was never full") }
        mend()
    }

    /// An action that fails is given up if the disk may fail; it is done again some time.
    private func attempt(_ action: Action) throws {
        do {
            try perform(action)
        } catch {
            guard isTolerant, !(error is Violation) else { throw error }
        }
    }

    /// Does `action`, and before its call number `call` to the disk `other`, unless the same thread
    /// would have to do both.
    func perform(_ action: Action, interrupted call: Int, by other: Action) throws {
        guard other.actor != action.actor else { return try attempt(action) }
        let interruption = Interruption(of: self, by: other, call: call)
        disk.beforeEachCall { _ in interruption.call() }
        defer { disk.beforeEachCall(nil) }
        try attempt(action)
        if let failure = interruption.failure { throw failure }
    }

    /// Somebody who waits for his call to the disk.
    private final class Interruption: @unchecked Sendable {
        // Safe: the disk calls back on the thread that uses it, which is that of the life.
        private let life: Life
        private let action: Action
        private var left: Int
        private(set) var failure: (any Error)?

        init(of life: Life, by action: Action, call: Int) {
            self.life = life
            self.action = action
            left = call
        }

        func call() {
            left -= 1
            guard left == 0 else { return }
            // Nobody waits for a lock that the interrupted holds.
            let needsActs: Set<Action> = [.appendActs, .proveActs, .seal, .letGo, .merge]
            let isMerge = action == .merge || action == .letGo
            if life.holdsActs && needsActs.contains(action) || life.holdsExpiry && isMerge {
                left = 1
                return
            }
            do {
                try life.attempt(action)
            } catch {
                failure = error
            }
        }
    }

    private func perform(_ action: Action) throws {
        switch action {
        case .append: try append(batches: 1 + chance.below(3))
        case .rotate: try rotate()
        case .seal:
            // The writer's thread is not asked while it is at work.
            if writer != nil { try seal() }
        case .checkpoint: try checkpoint()
        case .appendActs: try appendActs()
        case .proveActs: try proveActs()
        case .keepDefinitions: try keepDefinitions()
        case .importBulk: try importBulk()
        case .letGo: try letGo()
        case .merge: try merge()
        case .read: try read()
        }
    }

    /// A reader that opened the store long ago looks again.
    private func read() throws {
        guard let reader else { return }
        let before = ledger.seen(at: operation)
        let snapshot = try reader.snapshot()
        try StoreCheck.rows(snapshot, atLeast: before, atMost: ledger)
    }

    private func started() throws {
        for attempt in 0..<6 {
            do {
                return try start()
            } catch {
                guard isTolerant, !(error is Violation) else { throw error }
                drop()
                if attempt == 3 { mend() }
            }
        }
        throw Violation("the daemon does not start on a disk that works again")
    }

    private func restarted() throws {
        do {
            // As often it is killed.
            if chance.once(in: 2) { try stop() }
        } catch {
            guard isTolerant, !(error is Violation) else { throw error }
        }
        drop()
        try started()
    }
}
