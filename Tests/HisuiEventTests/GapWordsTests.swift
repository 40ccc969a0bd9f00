import HisuiEvent
import Testing

struct GapWordsTests {
    private func japanese(_ cause: String) -> String? {
        Gap(source: "s", detected: .none, count: nil, cause: cause).japaneseCause
    }

    @Test func whatVariesIsTakenOver() {
        #expect(japanese("journal entry damaged") == "ジャーナルの項目が破損している")
        #expect(
            japanese("cannot open the file: Permission denied")
                == "ファイルを開けない: Permission denied")
        #expect(
            japanese("the journal file /j/a: b.journal is passed over: no journal's header")
                == "ジャーナルファイル /j/a: b.journal を読み飛ばした: no journal's header")
        #expect(
            japanese(
                "the daemon was killed or broke off: of what came from 2026-11-27T01:02:03Z to "
                    + "2026-11-27T01:02:09Z some may be missing")
                == "デーモンが強制終了または異常終了した。2026-11-27T01:02:03Z から 2026-11-27T01:02:09Z "
                + "までに届いたものの一部が失われた可能性がある")
    }

    @Test func percentSignsOfAFileNameStandAsTheyAre() {
        #expect(
            japanese("/d/100%.csv has more than 256 columns; its lines are text")
                == "/d/100%.csv の列が 256 を超えた。行は文字列として扱う")
    }

    @Test func whatIsNoCauseHasNoWords() {
        #expect(japanese("") == nil)
        #expect(japanese("journal entry damaged again") == nil)
    }
}
