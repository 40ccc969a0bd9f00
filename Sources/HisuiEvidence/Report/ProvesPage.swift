/// The page「本証跡で証明できること・できないこと」.
///
/// The same for every bundle of this version but for the anchor: an auditor reads it first.
enum ProvesPage {
    static func bytes(_ report: BundleReport, _ language: ReportLanguage) -> [UInt8] {
        let title = Bilingual(
            "What this bundle proves, and what it cannot", "本証跡で証明できること・できないこと")
        var page = HTMLText(title: title[language], language: language)
        page.heading(Bilingual("What it proves", "証明できること")[language])
        page.list(proved.map { $0[language] })
        page.heading(Bilingual("Under which conditions", "前提となる条件")[language])
        page.list(conditions(report).map { $0[language] })
        page.heading(Bilingual("What it cannot prove", "証明できないこと")[language])
        page.list(unproved.map { $0[language] })
        page.heading(Bilingual("Conformity", "適合性の判断")[language])
        page.paragraph(
            Bilingual(
                "This bundle shows evidence. Whether an organisation conforms to a rule, a "
                    + "standard or its own policy is for the auditor to judge.",
                "本証跡は事実を示すものです。法令・基準・情報セキュリティポリシーへの適合は、監査人が判断します。"
            )[language])
        return page.bytes
    }

    private static let proved = [
        Bilingual(
            "Each attached record is byte for byte what Hisui stored under its index, with the "
                + "source, receive time and event time given: its leaf is in the log's tree.",
            "添付した原文は、記載の収集元・受信時刻・発生時刻とともに、その番号で Hisui が保管したものと 1 バイトも違いません"
                + "（ログの木に葉として含まれていることを証明）。"),
        Bilingual(
            "The log at the end of the period contains the log at its beginning unchanged: "
                + "nothing was altered, taken out or put in between (consistency proof).",
            "期末のログは期首のログをそのまま含みます。期首までに保管された原文の改変・抜取り・差込みはありません（一貫性の証明）。"),
        Bilingual(
            "Checkpoints were signed by the zone's key and by the key of an epoch whose private "
                + "key is destroyed afterwards: a later intruder cannot sign for an earlier epoch.",
            "チェックポイントには、領域の鍵と、使用後に破棄される世代鍵の両方で署名しています。後から侵入した者が過去の世代の署名を作ることはできません。"),
        Bilingual(
            "Records of the period that are gone were deleted by a recorded decision: the "
                + "deletion records name range, policy, approval, and their hashes fit the tree.",
            "保存期間満了で廃棄した範囲・保存方針・承認者は廃棄記録に残り、そのハッシュは木と一致します。"),
        Bilingual(
            "The bundle is complete and unaltered since it was sealed.",
            "本一式は、封印後に欠け・改変・追加がありません。"),
    ]

    private static func conditions(_ report: BundleReport) -> [Bilingual] {
        [
            Bilingual(
                "The public keys are genuine: compare data/log/*/*/vkeys.txt with keys that came "
                    + "to you by another way. Inside the bundle alone all could be made anew.",
                "公開鍵が本物であること。data/log/*/*/vkeys.txt を、別の経路で受け取った鍵と照合してください。"
                    + "一式の中だけでは、全体の作り直しを見分けられません。"
            ),
            Bilingual(
                "No witness outside the organisation has signed these checkpoints. Against "
                    + "somebody who holds the keys of the store, the proof reaches back to the "
                    + "newest checkpoint that was kept elsewhere.",
                "第三者によるチェックポイントへの署名（第三者署名）はありません。保管庫の鍵を持つ者に対しては、別の場所に控えた最新のチェックポイントまでが証明の範囲です。"),
            Bilingual(
                "SHA-256 and Ed25519 are not broken, and the clock of the collecting machine was "
                    + "right: receive times are its own.",
                "SHA-256 と Ed25519 が破られていないこと、および収集機の時計が正しいこと（受信時刻は収集機の時計によります）。"),
        ]
    }

    private static let unproved = [
        Bilingual(
            "What happened to a record before it was received. UDP and files carried by hand prove "
                + "nothing about their way; a machine in foreign hands can send false records.",
            "受信する前の真正性。UDP や手作業で持ち込んだファイルでは、経路上の改変や欠落は証明できません。乗っ取られた機器は虚偽のログを送れます。"),
        Bilingual(
            "That every event was logged. Gaps and drops that Hisui noticed are listed; what a "
                + "source never sent is unknown.",
            "すべての出来事が記録されたこと。Hisui が把握した欠落・取りこぼしは記載していますが、送られなかったものは分かりません。"),
        Bilingual(
            "That every attack was found. Findings are what the rules in force found; the random "
                + "sample lets an auditor look at what they did not.",
            "すべての不正が検知されたこと。検知は適用中の規則によるものです。規則で捉えられないものは、無作為抽出の原文も参考にしてください。"),
        Bilingual(
            "Records after the last checkpoint of the period, at most a minute's worth while the "
                + "daemon runs.",
            "期間内の最後のチェックポイントより後の原文（常駐プログラムの稼働中は最長で約 1 分間分）。"),
        Bilingual(
            "Who sat at the keyboard. Acts name the accounts that the system knows.",
            "実際に操作した人物。操作記録が示すのは、システムが認識したアカウントです。"),
    ]
}
