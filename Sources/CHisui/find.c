#define _GNU_SOURCE
#include "CHisui.h"

#include <string.h>

// Text is sought by two of its bytes that are seldom in logs: where both stand at their distance,
// the rest is compared. 32 places at a time where the processor can; memmem otherwise, and where
// the two bytes are met too often for that to be worth it, so that no text makes it slow.

static inline uint8_t lowered(uint8_t byte)
{
    return (uint8_t)(byte - 'A') <= 25 ? byte | 0x20 : byte;
}

static inline bool is_letter(uint8_t byte) { return (uint8_t)((byte | 0x20) - 'a') <= 25; }

// How common a byte is in logs, roughly; in Japanese ones, too.
static uint8_t commonness(uint8_t byte)
{
    if (byte == ' ' || byte == 0xE3) return 255;
    if (byte >= 0x80) return byte >= 0x81 && byte <= 0x83 ? 240 : 120;
    if (strchr("etaoinsr", byte) && byte) return 240;
    if (byte == '0' || byte == '1') return 230;
    if (byte >= '2' && byte <= '9') return 215;
    if (byte >= 'a' && byte <= 'z') return strchr("jqxz", byte) ? 120 : 200;
    if (byte == '.' || byte == ':' || byte == '-' || byte == '/' || byte == '=') return 200;
    return byte >= 'A' && byte <= 'Z' ? 100 : 80;
}

static bool equal_folded(const uint8_t *a, const uint8_t *b, size_t count)
{
    for (size_t at = 0; at < count; at++)
        if (lowered(a[at]) != lowered(b[at])) return false;
    return true;
}

// Needles of so many bytes are sought in time that grows with the text only.
enum { folded_needle_max = 4096 };

void hisui_lower(const uint8_t *text, size_t count, uint8_t *out)
{
    for (size_t at = 0; at < count; at++) out[at] = lowered(text[at]);
}

// By memmem, in pieces of the text in lower case that overlap by less than a needle.
static const uint8_t *find_in_pieces(
    const uint8_t *bytes, size_t count, const uint8_t *needle, size_t needle_count)
{
    uint8_t wanted[folded_needle_max];
    uint8_t piece[2 * folded_needle_max];
    hisui_lower(needle, needle_count, wanted);
    for (size_t at = 0; count - at >= needle_count;) {
        size_t taken = count - at < sizeof piece ? count - at : sizeof piece;
        hisui_lower(bytes + at, taken, piece);
        const uint8_t *hit = memmem(piece, taken, wanted, needle_count);
        if (hit) return bytes + at + (hit - piece);
        if (taken == count - at) return NULL;
        at += taken - needle_count + 1;
    }
    return NULL;
}

static const uint8_t *find_folded(
    const uint8_t *bytes, size_t count, const uint8_t *needle, size_t needle_count)
{
    if (needle_count == 0) return bytes;
    if (count < needle_count) return NULL;
    // For less text it does not pay.
    if (count > 512 && needle_count <= folded_needle_max)
        return find_in_pieces(bytes, count, needle, needle_count);
    uint8_t first = lowered(needle[0]);
    uint8_t last = lowered(needle[needle_count - 1]);
    for (size_t at = 0; at <= count - needle_count; at++)
        if (lowered(bytes[at]) == first && lowered(bytes[at + needle_count - 1]) == last
            && equal_folded(bytes + at, needle, needle_count))
            return bytes + at;
    return NULL;
}

#if defined(__x86_64__)
#include <immintrin.h>

// The two places in the needle whose bytes are least common.
static void rare_places(const uint8_t *needle, size_t count, bool folds, size_t *one, size_t *other)
{
    size_t best = 0, second = count > 1 ? 1 : 0;
    unsigned best_rank = 1000, second_rank = 1000;
    for (size_t at = 0; at < count && at < 64; at++) {
        unsigned rank = commonness(folds ? lowered(needle[at]) : needle[at]);
        if (rank < best_rank) {
            if (at > 0) {
                second = best;
                second_rank = best_rank;
            }
            best = at;
            best_rank = rank;
        } else if (rank < second_rank && at != best) {
            second = at;
            second_rank = rank;
        }
    }
    *one = best;
    *other = second;
}

__attribute__((target("avx2"))) static inline __m256i where(
    const uint8_t *bytes, __m256i byte, __m256i other_case, bool folds)
{
    __m256i text = _mm256_loadu_si256((const __m256i *)bytes);
    __m256i found = _mm256_cmpeq_epi8(text, byte);
    return folds ? _mm256_or_si256(found, _mm256_cmpeq_epi8(text, other_case)) : found;
}

// `count` is at least `needle_count` + 31, and that at least 2. Gives up by setting `*given_up` to
// the place from which nothing was looked at.
__attribute__((target("avx2"))) static inline const uint8_t *find_avx2(
    const uint8_t *bytes, size_t count, const uint8_t *needle, size_t needle_count, bool folds,
    const uint8_t **given_up)
{
    size_t one, other;
    rare_places(needle, needle_count, folds, &one, &other);
    uint8_t a = folds ? lowered(needle[one]) : needle[one];
    uint8_t b = folds ? lowered(needle[other]) : needle[other];
    __m256i a_low = _mm256_set1_epi8((char)a);
    __m256i b_low = _mm256_set1_epi8((char)b);
    __m256i a_high = _mm256_set1_epi8((char)(is_letter(a) ? a ^ 0x20 : a));
    __m256i b_high = _mm256_set1_epi8((char)(is_letter(b) ? b ^ 0x20 : b));
    // The last place at which the needle may begin, and the last from which 32 may be looked at.
    size_t last = count - needle_count;
    size_t place = 0;
    size_t failures = 0;
    *given_up = NULL;
    while (true) {
        if (place + 31 > last) {
            if (place > last) return NULL;
            // The last 32, some of them again.
            place = last >= 31 ? last - 31 : 0;
            if (place + 31 > last) {
                *given_up = bytes + place;
                return NULL;
            }
        }
        uint32_t mask = (uint32_t)_mm256_movemask_epi8(
            _mm256_and_si256(
                where(bytes + place + one, a_low, a_high, folds),
                where(bytes + place + other, b_low, b_high, folds)));
        while (mask) {
            size_t at = place + (size_t)__builtin_ctz(mask);
            if (folds ? equal_folded(bytes + at, needle, needle_count)
                      : memcmp(bytes + at, needle, needle_count) == 0)
                return bytes + at;
            mask &= mask - 1;
            failures++;
        }
        place += 32;
        if (failures > 64 + place / 16) {
            *given_up = bytes + place;
            return NULL;
        }
    }
}

__attribute__((target("avx2"))) static const uint8_t *find_exact_avx2(
    const uint8_t *bytes, size_t count, const uint8_t *needle, size_t needle_count,
    const uint8_t **given_up)
{
    return find_avx2(bytes, count, needle, needle_count, false, given_up);
}

__attribute__((target("avx2"))) static const uint8_t *find_folded_avx2(
    const uint8_t *bytes, size_t count, const uint8_t *needle, size_t needle_count,
    const uint8_t **given_up)
{
    return find_avx2(bytes, count, needle, needle_count, true, given_up);
}

typedef const uint8_t *finder(
    const uint8_t *, size_t, const uint8_t *, size_t, const uint8_t **given_up);

// Whether `find` told, in `*found`, where the needle is; if not, it is to be sought in what `bytes`
// and `count` are now.
static bool is_found(
    finder *find, const uint8_t **bytes, size_t *count, const uint8_t *needle,
    size_t needle_count, const uint8_t **found)
{
    if (needle_count < 2 || *count < needle_count + 31 || !__builtin_cpu_supports("avx2"))
        return false;
    const uint8_t *rest;
    *found = find(*bytes, *count, needle, needle_count, &rest);
    if (!rest) return true;
    *count -= (size_t)(rest - *bytes);
    *bytes = rest;
    return false;
}
#endif

const uint8_t *hisui_find(
    const uint8_t *bytes, size_t count, const uint8_t *needle, size_t needle_count)
{
#if defined(__x86_64__)
    const uint8_t *found;
    if (is_found(find_exact_avx2, &bytes, &count, needle, needle_count, &found)) return found;
#endif
    return memmem(bytes, count, needle, needle_count);
}

const uint8_t *hisui_find_folded(
    const uint8_t *bytes, size_t count, const uint8_t *needle, size_t needle_count)
{
#if defined(__x86_64__)
    const uint8_t *found;
    if (is_found(find_folded_avx2, &bytes, &count, needle, needle_count, &found)) return found;
#endif
    return find_folded(bytes, count, needle, needle_count);
}
