"""Applications of a town hall, which write Japanese: residents, taxes, documents."""

INFO, WARN = 134, 132
FAMILY = (
    "佐藤 鈴木 高橋 田中 伊藤 渡辺 山本 中村 小林 加藤 吉田 山田 佐々木 山口 松本 井上 木村 林 斎藤"
    " 清水 山崎 森 阿部 池田 橋本 "
    "石川 山下 小川 石井 長谷川 後藤 岡田 近藤 前田 藤田 遠藤 青木 坂本 村上 太田 髙橋 渡邊 齋藤 濱田"
).split()
GIVEN = (
    "太郎 花子 健一 美咲 大輔 陽子 翔太 由美子 誠 恵 拓也 直子 浩 久美子 学 智子 隆 さくら 悠斗"
    " 結衣 蓮 葵 一郎 幸子 修 和子"
).split()
TOWNS = (
    "本町 中央 緑ヶ丘 栄町 桜台 東雲 若葉台 大手町 八幡 旭町 花園 港南 北野 西新井 南平 青葉 川原"
    " 松原 神明町 富士見"
).split()
PAPERS = (
    "住民票の写し 戸籍全部事項証明書 印鑑登録証明書 課税証明書 納税証明書 所得証明書 転出証明書"
    " 身分証明書"
).split()
BUREAUS = ("市民課 税務課 収納課 保険年金課 総務課 文書法制課 福祉課 子育て支援課").split()
TITLES = (
    "令和七年度予算要求書 庁舎管理に関する照会 職員研修の実施通知 防災訓練計画案 契約伺い"
    " 補助金交付決定通知書 例規改正案 監査資料"
).split()


def japanese(s):
    r, bits = s.random, s.bits
    host = s.world.by_role["ap"][bits(14)]
    t = s.moment(30)
    name = f"{FAMILY[int(r() * r() * 44)]} {GIVEN[int(r() * 26)]}"
    town = (
        f"{TOWNS[int(r() * r() * 20)]}{1 + bits(2)}丁目{1 + int(r() * 30)}番{1 + int(r() * 20)}号"
    )
    resident, clerk = 10_000_000 + int(r() * 4_000_000), s.world.people[bits(14)]
    desk, terminal = BUREAUS[int(r() * 8)], f"窓口端末{1 + int(r() * 40):02d}"
    draw = int(r() * 9)

    def say(program, text, priority=INFO):
        s.add(host, t, priority, program, host.daemon(program), text)

    if draw < 3:
        paper, number = PAPERS[int(r() * r() * 8)], 100_000 + int(s.epoch(t)) % 500_000
        say(
            "juki-mado",
            f"証明書発行の申請を受け付けました。受付番号={number} 種別={paper} 氏名={name}"
            f" 宛名番号={resident} {terminal}",
        )
        t += 5 + r() * 10
        say(
            "juki-mado",
            f"{paper}を{1 + int(r() ** 3 * 5)}通発行しました。受付番号={number}"
            f" 担当={clerk}（{desk}）",
        )
    elif draw < 5:
        say(
            "juki-mado",
            f"{name}さんの住所を{town}に変更しました（転居届、宛名番号 {resident}、担当 {clerk}）。",
        )
    elif draw < 7:
        year = 4 + int(r() * 4)
        say(
            "zei-online",
            f"令和{year}年度 市民税・県民税の納付を確認しました: 通知書番号 {bits(30):010d}、金額"
            f" {100 * (10 + int(r() ** 3 * 9000)):,}円、納付方法"
            f" {('口座振替', 'コンビニ収納', '窓口', 'eLTAX')[bits(2)]}",
        )
        if r() < 0.15:
            say(
                "zei-online",
                f"宛名番号 {resident} の課税データに不整合があります。所得区分と扶養人数を確認してください。",
                WARN,
            )
    elif draw < 8:
        say(
            "bunsho-kanri",
            f"文書「{TITLES[int(r() * 8)]}」を登録しました。文書番号 {desk[0]}第{1 + bits(12)}号、"
            f"起案者 {clerk}、保存期間 "
            f"{(1, 3, 5, 10, 30)[int(r() * 5)]}年",
        )
    else:
        say(
            "bunsho-kanri",
            f"決裁が完了しました。文書番号 {desk[0]}第{1 + bits(12)}号、決裁者 {name}、所要日数"
            f" {bits(4)}日",
        )
