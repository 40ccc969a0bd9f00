import Foundation
import Testing

/// Records of two years ago, a policy that somebody approved, and what is left afterwards.
///
/// The program's clock is moved by a library that is put before the C library's: records are really
/// received years ago.
@Suite("letting go on schedule", .serialized)
struct RetentionScenarios {
    private static let clock = """
        #define _GNU_SOURCE
        #include <stdlib.h>
        #include <time.h>
        #include <sys/syscall.h>
        #include <unistd.h>
        int clock_gettime(clockid_t clock, struct timespec *time) {
            int status = (int)syscall(SYS_clock_gettime, clock, time);
            const char *shift = getenv("SCENARIO_SHIFT_HOURS");
            if (clock == CLOCK_REALTIME && shift) time->tv_sec += 3600L * atol(shift);
            return status;
        }
        """

    /// A store with a configuration, and the clock's library.
    private struct Place {
        let folder: Scratch
        var store: String { folder.path + "/store" }
        var config: String { folder.path + "/hisui.yaml" }

        init(approvedOn day: String) throws {
            folder = try Scratch()
            let path = folder.path
            try RetentionScenarios.clock.write(
                toFile: path + "/clock.c", atomically: true, encoding: .utf8)
            try Program.shell(
                "cd '\(path)' && cc -shared -fPIC -o clock.so clock.c && mkdir retention"
            )
            try """
            organisation: {name: Hisui City, name_ja: 翡翠市}
            zone: office
            zones: [{id: office, name: Office}]
            store: \(path)/store
            retention: [\(path)/retention]
            streams: [{name: default, class: standard}]
            sources: [{files: {paths: [\(path)/in/*.log]}}]
            """.write(toFile: path + "/hisui.yaml", atomically: true, encoding: .utf8)
            try """
            retention: site
            version: 1
            name: Rules of the city
            approved_by: CISO
            approved_on: "\(day)"
            classes:
              - {class: standard, name: One year, keep: 1y, count_from: received}
            """.write(toFile: path + "/retention/site.yaml", atomically: true, encoding: .utf8)
        }

        /// Imports lines that are received so many hours ago.
        func receive(_ lines: [String], hoursAgo: Int) throws {
            let finished = try Program.run(
                Program.hisui, ["import", "--store", store, "--zone", "office", "-"],
                input: Data((lines.joined(separator: "\n") + "\n").utf8),
                environment: [
                    "LD_PRELOAD": folder.path + "/clock.so",
                    "SCENARIO_SHIFT_HOURS": "-\(hoursAgo)",
                ])
            try #require(finished.status == 0, "\(finished.errors)")
        }

        /// Two years ago much, and a little twice a day for the last nine days.
        func fill() throws {
            try receive((0..<600).map { "old line \($0)" }, hoursAgo: 24 * 800)
            try receive((0..<100).map { "younger line \($0)" }, hoursAgo: 24 * 500)
            for half in (0..<18).reversed() {
                try receive(["new line \(half)"], hoursAgo: half * 12)
            }
        }

        func count(_ query: String) throws -> Int {
            try Program.hisui("search", "--store", store, "--format", "raw", query).lines.count
        }
    }

    @Test("plan, apply, search, verify; what is deleted has its act and stays proved")
    func approvedPolicyDeletes() throws {
        let place = try Place(approvedOn: "2020-04-01")
        try place.fill()
        #expect(try place.count("old") == 600)
        let plan = try Program.hisui(
            "retention", "plan", "--store", place.store, "--config", place.config)
        #expect(plan.status == 0, "\(plan.errors)")
        #expect(plan.text.contains("\"files\":2"), "\(plan.text)")
        #expect(plan.text.contains("\"records\":700"))
        // Nobody is asked where there is no terminal.
        let silent = try Program.hisui("retention", "apply", "--config", place.config)
        #expect(silent.status == 2)
        #expect(try place.count("old") == 600)
        let apply = try Program.hisui("retention", "apply", "--config", place.config, "--yes")
        #expect(apply.status == 0, "\(apply.errors)")
        #expect(try place.count("old") == 0)
        #expect(try place.count("younger") == 0)
        #expect(try place.count("new") == 18)
        let acts = try Program.hisui(
            "search", "--store", place.store, "--acts", "--format", "raw", "act:=deletion")
        #expect(acts.lines.count == 1, "\(acts.errors)")
        #expect(acts.text.contains("\"approved_by\":\"CISO\""))
        let verify = try Program.hisui("verify", "--store", place.store)
        #expect(verify.status == 0, "\(verify.text)\(verify.errors)")
        // The hashes at the edge are part of what is verified.
        let edge = place.store + "/zones/office/default/tree/edge/00000000000000000700"
        let bytes = try Data(contentsOf: URL(fileURLWithPath: edge))
        var changed = bytes
        changed[changed.count - 5] ^= 4
        try changed.write(to: URL(fileURLWithPath: edge))
        let tampered = try Program.hisui("verify", "--store", place.store)
        #expect(tampered.status == 4)
        #expect((tampered.text + tampered.errors).contains("tree/edge/"))
        try FileManager.default.removeItem(atPath: edge)
        #expect(try Program.hisui("verify", "--store", place.store).status == 4)
        try bytes.write(to: URL(fileURLWithPath: edge))
        #expect(try Program.hisui("verify", "--store", place.store).status == 0)
        // The stream goes on at its next index.
        try place.receive(["line after all"], hoursAgo: 0)
        #expect(try place.count("*") == 19)
        let again = try Program.hisui("retention", "apply", "--config", place.config, "--yes")
        #expect(again.status == 1)
    }

    @Test("a policy that is not approved yet only plans")
    func futureApprovalOnlyPlans() throws {
        let place = try Place(approvedOn: "2999-04-01")
        try place.fill()
        let plan = try Program.hisui("retention", "plan", "--config", place.config)
        #expect(plan.text.contains("\"records\":700"))
        #expect(plan.text.contains("\"deleted\":\"no\""))
        let apply = try Program.hisui("retention", "apply", "--config", place.config, "--yes")
        #expect(apply.status == 1)
        #expect(try place.count("old") == 600)
    }

    @Test("a clock that was put forward deletes nothing")
    func clockPutForward() throws {
        let place = try Place(approvedOn: "2020-04-01")
        for half in (0..<18).reversed() {
            try place.receive(["line \(half)"], hoursAgo: half * 12)
        }
        let shifted = [
            "LD_PRELOAD": place.folder.path + "/clock.so", "SCENARIO_SHIFT_HOURS": "26280",
        ]
        let apply = try Program.run(
            Program.hisui, ["retention", "apply", "--config", place.config, "--yes"],
            environment: shifted)
        #expect(apply.status == 1, "\(apply.errors)")
        #expect(try place.count("line") == 18)
    }
}
