// Kernels that Swift cannot express: instructions of one processor family, chosen at run time.
// No policy and no allocation; every kernel has a portable twin that gives the same result (for
// SHA-256 it is libcrypto's, which who calls chooses).
#ifndef CHISUI_H
#define CHISUI_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__cplusplus)
extern "C" {
#endif

// CRC-32C (Castagnoli, RFC 3720 §12.1) of `count` bytes, going on from `crc`: 0 to begin with, or
// the result for the bytes before. Uses the processor's instruction where there is one.
uint32_t hisui_crc32c(uint32_t crc, const uint8_t *bytes, size_t count);

// The same without the instruction: what other processors run, and what tests compare with.
uint32_t hisui_crc32c_portable(uint32_t crc, const uint8_t *bytes, size_t count);

// Whether `hisui_crc32c` uses the instruction here.
bool hisui_crc32c_is_accelerated(void);

// Whether the processor has instructions for SHA-256: the two functions below may be called only
// then.
bool hisui_sha256_is_accelerated(void);

// SHA-256 (FIPS 180-4) of `count` messages that lie one after the other, the first from 0, each to
// its end in `ends`; 32 bytes each to `digests`. Two at a time, which is up to twice as fast as one
// after the other.
void hisui_sha256_each(
    const uint8_t *bytes, const uint32_t *ends, size_t count, uint8_t *digests);

// The same of `count` messages of `stride` bytes each, with `prefix` before each. The prefix and
// `stride` are 119 bytes at most together.
void hisui_sha256_prefixed(
    const uint8_t *prefix, size_t prefix_count, const uint8_t *bytes, size_t stride, size_t count,
    uint8_t *digests);

// Where `needle` first begins in `bytes`, or NULL; an empty one at once. Linear for any input: the
// C library's memmem where the processor has no vectors of 32 bytes or they do not pay.
const uint8_t *hisui_find(
    const uint8_t *bytes, size_t count, const uint8_t *needle, size_t needle_count);

// The same, ASCII letters of either case being equal. Linear for needles of up to 4 KiB; longer ones
// cost `count` × `needle_count` at worst.
const uint8_t *hisui_find_folded(
    const uint8_t *bytes, size_t count, const uint8_t *needle, size_t needle_count);

// Asks for the memory at `address`, which need not be readable, before it is needed: for loops that
// go through memory in an order the processor cannot foresee.
static inline void hisui_prefetch(const void *address) { __builtin_prefetch(address); }

// Characters of Japanese encodings, as scalars of Unicode; 0 is none. See japanese.c.
extern const uint16_t hisui_cp932_single[256];
extern const uint16_t hisui_cp932_pairs[60 * 189];
extern const uint16_t hisui_jisx0208[94 * 94];
extern const uint16_t hisui_jisx0212[94 * 94];

static inline uint16_t hisui_cp932_single_at(uint8_t first) { return hisui_cp932_single[first]; }

static inline uint16_t hisui_cp932_pair_at(uint8_t lead, uint8_t trail)
{
    unsigned row = lead >= 0x81 && lead <= 0x9F ? lead - 0x81u
        : lead >= 0xE0 && lead <= 0xFC          ? lead - 0xE0u + 31u
                                                : 60u;
    if (row == 60 || trail < 0x40 || trail > 0xFC) return 0;
    return hisui_cp932_pairs[row * 189u + (trail - 0x40u)];
}

static inline uint16_t hisui_jisx0208_at(uint8_t lead, uint8_t trail)
{
    if (lead < 0xA1 || lead > 0xFE || trail < 0xA1 || trail > 0xFE) return 0;
    return hisui_jisx0208[(lead - 0xA1u) * 94u + (trail - 0xA1u)];
}

static inline uint16_t hisui_jisx0212_at(uint8_t lead, uint8_t trail)
{
    if (lead < 0xA1 || lead > 0xFE || trail < 0xA1 || trail > 0xFE) return 0;
    return hisui_jisx0212[(lead - 0xA1u) * 94u + (trail - 0xA1u)];
}

// Places in `text`, from `*from` on, at which four bytes begin that are marked, ascending; at most
// `room`. `*from` is where to go on; it is more than count - 4 when there are no more. A gram is marked
// if bit (hash >> shift) of `marks` is set; grams that share a bit are found, too.
size_t hisui_grams_of_four(
    const uint8_t *text, size_t count, size_t *from, const uint64_t *marks, unsigned shift,
    uint32_t *places, size_t room);
// The same for two bytes.
size_t hisui_grams_of_two(
    const uint8_t *text, size_t count, size_t *from, const uint64_t *marks, unsigned shift,
    uint32_t *places, size_t room);
// The hash of a gram, its first byte being the lowest.
uint32_t hisui_gram_hash(uint32_t gram);

// Writes `text` with the letters A to Z as a to z; `out` may be `text`.
void hisui_lower(const uint8_t *text, size_t count, uint8_t *out);

// What characters are where width, case and the like do not matter. See folding.c.
extern const uint16_t hisui_fold_pages[];
extern const uint16_t hisui_fold_places[];
extern const uint8_t hisui_fold_texts[];
// Characters from this one on are not in the table.
extern const uint32_t hisui_fold_scalars;
// The longest text.
extern const uint32_t hisui_fold_bytes_max;

// Where the text of a character is, for the functions below; 0 if it is itself.
static inline uint16_t hisui_fold_place(uint32_t scalar)
{
    if (scalar >= hisui_fold_scalars) return 0;
    return hisui_fold_places[hisui_fold_pages[scalar / 64] * 64u + scalar % 64];
}

// How many bytes the text at `place` has, which `hisui_fold_place` gave and is not 0; and these.
static inline size_t hisui_fold_count(uint16_t place) { return hisui_fold_texts[place]; }
static inline const uint8_t *hisui_fold_text(uint16_t place)
{
    return hisui_fold_texts + place + 1;
}

#if defined(__cplusplus)
}
#endif
#endif
