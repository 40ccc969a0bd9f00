import HisuiBytes
import HisuiYAML
import Testing

@testable import HisuiPolicy

private let zones =
    "[{id: a, name: A, addresses: [10.1.0.0/16]}, {id: b, name: B, addresses: [10.2.0.0/16]}]"

private func inventory(_ assets: String...) -> String {
    text(["zones": zones], extra: "inventory:\n" + assets.map { "  - \($0)\n" }.joined())
}

private func people(_ key: String, _ items: String...) -> String {
    text(["zones": zones], extra: "\(key):\n" + items.map { "  - \($0)\n" }.joined())
}

@Suite struct InventoryTests {
    @Test func anAssetHasAllItsParts() throws {
        let configuration = try #require(
            loaded(
                inventory(
                    "{name: fs1, name_ja: 文書サーバー, zone: a, addresses: [10.1.0.7], section: 総務課, "
                        + "confidentiality: 自治体機密性 3B, integrity: 2, availability: high, "
                        + "contractor: Example, sources: journal}",
                    "{name: fw, zone: b, addresses: [10.2.0.1], confidentiality: 3A, "
                        + "sources: [collected-elsewhere]}")))
        let asset = configuration.assets[0]
        #expect(asset.nameJapanese == "文書サーバー")
        #expect(asset.addresses.map(\.description) == ["10.1.0.7"])
        #expect(asset.confidentiality == .municipal3B)
        #expect(asset.integrity == .municipal2)
        #expect(asset.availability == .high)
        #expect(asset.section == "総務課")
        #expect(asset.contractor == "Example")
        #expect(configuration.assets[1].confidentiality == .municipal3A)
        #expect(configuration.neverHeard([]).map(\.source) == ["journal"])
        #expect(configuration.neverHeard(["journal"]).isEmpty)
        #expect(configuration.neverHeard(["journal:remote"]).isEmpty)
    }

    @Test(
        arguments: [
            (
                "{name: x, zone: a, addresses: [10.2.0.9]}",
                "7:36: the address `10.2.0.9` is in no range of zone `a` (it lies in zone `b`)"
            ),
            (
                "{name: x, zone: a, addresses: [192.0.2.1]}",
                "7:36: the address `192.0.2.1` is in no range of zone `a` "
                    + "(add its range to the zone's `addresses`)"
            ),
            (
                "{name: x, zone: a, addresses: [10.1]}",
                "7:36: an element of `addresses` must be text, not the number `10.1` "
                    + "(put it in quotes)"
            ),
            (
                "{name: x, zone: a, addresses: [ten]}",
                "7:36: `ten` is no address (write it like 10.1.0.7 or 2001:db8::7)"
            ),
            ("{name: x, zone: c}", "7:21: unknown zone `c` (valid: a, b)"),
            (
                "{name: x, zone: a, confidentiality: 4}",
                "7:41: unknown confidentiality `4` (valid: 自治体機密性3A, 自治体機密性3B, "
                    + "自治体機密性3C, 自治体機密性2, 自治体機密性1, high, medium, low)"
            ),
            (
                "{name: x, zone: a, sources: [jurnal]}",
                "7:34: unknown source `jurnal` (did you mean `journal`?)"
            ),
            (
                "{name: x, zone: a, owner: y}",
                "7:24: unknown key `owner` in an asset (valid: name, name_ja, zone, addresses, "
                    + "section, contractor, confidentiality, integrity, availability, sources)"
            ),
            ("{zone: a}", "7:5: an asset needs the key `name`"),
        ])
    func mistakesAreTold(asset: String, problem: String) {
        #expect(problems(inventory(asset)) == [problem])
    }

    @Test func namesAndAddressesBelongToOneAsset() {
        #expect(
            problems(
                inventory(
                    "{name: x, zone: a, addresses: [10.1.0.1]}",
                    "{name: x, zone: a, addresses: [10.1.0.1]}"))
                == [
                    "8:12: the asset `x` is already at line 7, column 12 (remove one of them)",
                    "8:36: the address `10.1.0.1` is already at line 7, column 36 "
                        + "(an address belongs to one asset)",
                ])
    }

    @Test func aFileMayHoldTheInventory() throws {
        let bytes = Array(text(extra: "inventory: {file: /i.yaml}\n").utf8)
        let list = "- {name: x, zone: a}\n- {name: y, zone: b}\n"
        let (_, wrong) = Configuration.load(bytes, file: "f") {
            $0 == "/i.yaml" ? Array(list.utf8) : nil
        }
        #expect(wrong.map(\.description) == ["/i.yaml:2:19: unknown zone `b` (valid: a)"])
        let (right, none) = Configuration.load(bytes, file: "f") { _ in
            Array("- {name: x, zone: a}".utf8)
        }
        #expect(none.isEmpty)
        #expect(right?.assets.map(\.name) == ["x"])
        #expect(
            problems(String(decoding: bytes, as: UTF8.self)) == [
                "6:19: cannot read the inventory `/i.yaml` "
                    + "(is it there, and may this user read it?)"
            ])
    }
}

@Suite struct PeopleTests {
    @Test func operatorsHaveRolesByZone() throws {
        let configuration = try #require(
            loaded(
                people(
                    "operators",
                    "{name: Tanaka, name_ja: 田中, account: tanaka, section: 情報政策課, "
                        + "roles: {'*': viewer, a: [analyst, auditor]}}",
                    "{name: Sato, account: sato, mode: single-operator, "
                        + "roles: {b: [administrator, analyst]}}")))
        #expect(
            configuration.operators[0].roles == [
                "a": [.viewer, .analyst, .auditor], "b": [.viewer],
            ])
        #expect(!configuration.operators[0].isSingle)
        #expect(configuration.operators[1].isSingle)
    }

    @Test(
        arguments: [
            (
                "{name: X, account: x, roles: {a: admin}}",
                "7:38: unknown role `admin` "
                    + "(valid: viewer, analyst, auditor, administrator)"
            ),
            (
                "{name: X, account: x, roles: {q: viewer}}",
                "7:35: unknown zone `q` (valid: a, b, *)"
            ),
            (
                "{name: X, account: x, roles: viewer}",
                "7:34: `roles` must say for which zone which role, not the text `viewer` "
                    + "(such as `roles: {a: analyst}`)"
            ),
            (
                "{name: X, account: 'x y', roles: {a: viewer}}",
                "7:24: `x y` is no login (1 to 64 characters of ASCII without spaces, : and /)"
            ),
            (
                "{name: X, account: x, roles: {a: [administrator, auditor]}}",
                "7:34: one person would administrate and investigate zone `a` (give the roles to "
                    + "two people, or say `mode: single-operator`: such acts then wait for the "
                    + "superior's confirmation)"
            ),
            (
                "{name: X, account: x, mode: single-operator, roles: {a: viewer}}",
                "7:33: `mode: single-operator` is for who administrates and investigates a zone "
                    + "(remove it)"
            ),
        ])
    func mistakesOfOperatorsAreTold(item: String, problem: String) {
        #expect(problems(people("operators", item)) == [problem])
    }

    @Test func contactsCanBeReached() throws {
        let configuration = try #require(
            loaded(
                people("contacts", "{name: CSIRT, duty: first call, telephone: '+81-3-0000-0000'}"))
        )
        #expect(configuration.contacts[0].telephone == "+81-3-0000-0000")
        #expect(
            problems(people("contacts", "{name: X}")) == [
                "7:5: a contact needs one of the keys `mail`, `telephone`"
            ])
        #expect(
            problems(people("contacts", "{name: X, mail: nobody}")) == [
                "7:21: `nobody` is no mail address"
            ])
    }

    @Test func openingHoursHaveDefaultsAndLimits() throws {
        let usual = try #require(loaded(text())).openingHours
        #expect(usual.contains(CivilTime(year: 2026, month: 11, day: 24, hour: 8, minute: 30)))
        #expect(!usual.contains(CivilTime(year: 2026, month: 11, day: 24, hour: 8, minute: 29)))
        #expect(!usual.contains(CivilTime(year: 2026, month: 11, day: 24, hour: 17, minute: 15)))
        #expect(!usual.contains(CivilTime(year: 2026, month: 11, day: 22, hour: 12)))
        let own = try #require(
            loaded(
                text(
                    extra: "opening_hours: {days: [mon, sat], from: 9:00, to: '24:00', "
                        + "closed: [2026-11-23]}\n"))
        ).openingHours
        #expect(own.contains(CivilTime(year: 2026, month: 11, day: 28, hour: 23, minute: 59)))
        #expect(!own.contains(CivilTime(year: 2026, month: 11, day: 23, hour: 12)))
        #expect(
            problems(text(extra: "opening_hours: {from: 18:00}\n")) == [
                "6:23: the day ends before it begins "
                    + "(`from` is earlier than `to`; the end of the day is 24:00)"
            ])
        #expect(
            problems(text(extra: "opening_hours: {from: '8.30', days: [monday]}\n")) == [
                "6:23: `8.30` is no time of day (write it like \"8:30\" or \"17:15\")",
                "6:38: unknown day `monday` (valid: sun, mon, tue, wed, thu, fri, sat)",
            ])
    }

    @Test func fiscalYearsBeginInAprilUnlessSaid() throws {
        #expect(try #require(loaded(text())).organisation.fiscalYearStart == 4)
        let other = text(["organisation": "{name: City, fiscal_year_start: 1}"])
        #expect(try #require(loaded(other)).organisation.fiscalYearStart == 1)
        #expect(
            problems(["organisation": "{name: City, fiscal_year_start: 13}"]) == [
                "1:47: `fiscal_year_start` is 13 (give a number from 1 to 12)"
            ])
    }
}
