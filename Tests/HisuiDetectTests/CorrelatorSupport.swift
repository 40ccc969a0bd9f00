import HisuiBytes
import HisuiEvent

@testable import HisuiDetect

/// What a correlator remembers, as tests look at it.
extension Correlator {
    struct Groups {
        struct Group {
            struct Window {
                var count: Int
            }
            var window: Window
        }
        var values: [Group]
        var count: Int { values.count }
    }

    /// Of each rule, its groups.
    var groups: [Groups] {
        stores.map { store in
            Groups(
                values: store.groupNumbers.map {
                    Groups.Group(window: .init(count: Int(store.groups[$0].count)))
                })
        }
    }

    /// Adds an event by what stands in it.
    mutating func add(
        _ feed: Rule.Feed, time: Int64, group: [[UInt8]], value: [[UInt8]] = [],
        _ evidence: Evidence
    ) {
        var entities: [UInt8] = []
        Evidence.encode(evidence.entities.map { $0?[...] }, into: &entities)
        add(
            feed, time: time, key: GroupKey.encode(group.map { $0[...] }).span,
            value: GroupKey.encode(value.map { $0[...] }).span, evidence.event,
            entities: entities.span)
    }
}
