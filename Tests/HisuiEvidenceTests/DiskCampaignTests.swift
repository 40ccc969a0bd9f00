import Testing

@testable import DiskCampaign

/// The short form of `ops/disk-campaign`: the same lives and checks, fewer of the states.
@Suite struct DiskCampaignTests {
    private static let plan = {
        var plan = Explorer.Plan()
        plan.steps = 12
        plan.momentsEvery = 16
        plan.statesMax = 6
        plan.statesMaxWithoutEntries = 2
        plan.deeperEvery = 20
        plan.depth = 2
        return plan
    }()

    @Test(arguments: [11, 12] as [UInt64])
    func powerMayBeLostAtAnyMoment(seed: UInt64) throws {
        let explorer = Explorer(Self.plan)
        do {
            try explorer.explore(world: seed)
        } catch {
            Issue.record("\(error.path.joined(separator: " › ")): \(error.error)")
        }
        let counts = explorer.counts
        #expect(counts.moments > 10 && counts.states > 20)
        #expect(counts.statesWithEntries * 100 >= counts.states * 30)
        #expect(counts.goneOn > 0 && counts.kills > 0)
    }

    /// What a failure says to run again looks at the same disks, whatever was seen before it.
    @Test(arguments: [false, true])
    func oneOperationIsLookedAtAgain(isFault: Bool) throws {
        let counts = try (0..<2).map { _ in
            let explorer = Explorer(Self.plan)
            explorer.plan.momentsEvery = 1
            explorer.onlyOperation = 64
            if isFault {
                try explorer.exploreFaults(world: 11, every: 1)
            } else {
                try explorer.explore(world: 11)
            }
            return explorer.counts
        }
        #expect(counts[0] == counts[1])
        #expect(counts[0].worlds == 1 && counts[0].states > 0)
        #expect(isFault == (counts[0].faults > 0) && counts[0].faults <= 6)
    }

    @Test(arguments: [21] as [UInt64])
    func anyOperationMayFail(seed: UInt64) throws {
        let explorer = Explorer(Self.plan)
        do {
            try explorer.exploreFaults(world: seed, every: 90)
        } catch {
            Issue.record("\(error.path.joined(separator: " › ")): \(error.error)")
        }
        #expect(explorer.counts.faults > 5)
    }
}
