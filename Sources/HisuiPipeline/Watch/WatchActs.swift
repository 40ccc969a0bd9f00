import HisuiEvent

/// What was noticed as acts of the store.
enum WatchActs {
    /// - Parameters:
    ///   - zone: whose daemon noticed it.
    ///   - cause: of a silence.
    static func act(
        of noticed: Noticed, zone: String, actor: Actor, time: Timestamp,
        cause: (String) -> SilenceCause
    ) -> Act {
        let fields: [Act.Field]
        switch noticed {
        case .fellSilent(let source, let last, let milliseconds, let interval):
            var silence = about(source, "begun") + [("silent.ms", .integer(milliseconds))]
            if last != .none { silence.append(("last", .text(last.utcText))) }
            if let interval { silence.append(("interval.ms", .integer(interval))) }
            fields = silence + [("cause", .text(cause(source).rawValue))]
        case .speaksAgain(let source, let milliseconds):
            fields = about(source, "ended") + [("silent.ms", .integer(milliseconds))]
        case .clockDiffers(let source, let milliseconds):
            fields = about(source, "begun") + offset(milliseconds)
        case .clockAgrees(let source, let milliseconds):
            fields = about(source, "ended") + offset(milliseconds)
        case .coverageFell(let source, let share, let usual):
            fields = about(source, "begun") + shares(share, usual)
        case .coverageRose(let source, let share, let usual):
            fields = about(source, "ended") + shares(share, usual)
        case .clockStep(let step):
            fields = [
                ("event", .text("step")), ("step.ms", .integer(step.milliseconds)),
                ("before", .text(step.before.utcText)), ("after", .text(step.after.utcText)),
            ]
        }
        return Act(kind(noticed), time: time, zone: zone, actor: actor, fields: fields)
    }

    private static func kind(_ noticed: Noticed) -> Act.Kind {
        switch noticed {
        case .fellSilent, .speaksAgain: .silence
        case .clockDiffers, .clockAgrees, .clockStep: .clock
        case .coverageFell, .coverageRose: .coverage
        }
    }

    private static func about(_ source: String, _ state: String) -> [Act.Field] {
        [("source", .text(source)), ("state", .text(state))]
    }

    private static func offset(_ milliseconds: Int64) -> [Act.Field] {
        [("event", .text("offset")), ("offset.ms", .integer(milliseconds))]
    }

    private static func shares(_ share: Int64, _ usual: Int64) -> [Act.Field] {
        [
            ("coverage.permyriad", .integer(share)),
            ("coverage.usual.permyriad", .integer(usual)),
        ]
    }
}
