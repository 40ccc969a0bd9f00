// SHA-256 (FIPS 180-4) of many messages, two side by side.
//
// The processor's instructions for it do two rounds in four cycles, and can begin two more after
// two: one message alone leaves half of the time unused, because each round needs the one before.
// Two messages that have nothing to do with each other fill it. As soon as one is at its end the
// next takes its place, whatever their lengths.
#include "CHisui.h"

#include <string.h>

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#define TARGET __attribute__((target("sha,sse4.1,ssse3")))

static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

// A message on its way: its whole blocks as they lie in memory, then what is left of it with the
// padding (one or two blocks), and the state in the order of the instructions: ABEF and CDGH.
typedef struct {
    __m128i abef, cdgh;
    const uint8_t *whole;
    size_t whole_count;
    const uint8_t *rest;
    size_t rest_count;
    uint8_t *digest;
    uint8_t padded[128];
} lane;

// Where messages come from: one after the other in `bytes`, or all of `stride` bytes with a prefix
// before each.
typedef struct {
    const uint8_t *bytes;
    const uint32_t *ends;
    size_t stride;
    const uint8_t *prefix;
    size_t prefix_count;
    size_t count, next;
    uint8_t *digests;
} messages;

TARGET static inline void set_padding(lane *lane, size_t count, size_t total) {
    size_t end = count < 56 ? 64 : 128;
    memset(lane->padded + count, 0, end - count);
    lane->padded[count] = 0x80;
    for (size_t byte = 0; byte < 8; byte++) {
        lane->padded[end - 1 - byte] = (uint8_t)((uint64_t)total * 8 >> 8 * byte);
    }
    lane->rest = lane->padded;
    lane->rest_count = end / 64;
}

// Begins the next message; false if there is none.
TARGET static inline bool begin(lane *lane, messages *from) {
    if (from->next == from->count) return false;
    size_t index = from->next++;
    if (from->ends) {
        size_t start = index ? from->ends[index - 1] : 0;
        size_t count = from->ends[index] - start;
        lane->whole = from->bytes + start;
        lane->whole_count = count / 64;
        memcpy(lane->padded, lane->whole + (count & ~(size_t)63), count & 63);
        set_padding(lane, count & 63, count);
    } else {
        size_t count = from->prefix_count + from->stride;
        lane->whole_count = 0;
        memcpy(lane->padded, from->prefix, from->prefix_count);
        memcpy(lane->padded + from->prefix_count, from->bytes + index * from->stride, from->stride);
        set_padding(lane, count, count);
    }
    lane->digest = from->digests + 32 * index;
    lane->abef = _mm_set_epi32(0x6a09e667, (int)0xbb67ae85, 0x510e527f, (int)0x9b05688c);
    lane->cdgh = _mm_set_epi32(0x3c6ef372, (int)0xa54ff53a, 0x1f83d9ab, 0x5be0cd19);
    return true;
}

TARGET static inline const uint8_t *block(const lane *lane) {
    return lane->whole_count ? lane->whole : lane->rest;
}

// Goes past a block that is done; true at the end of the message, whose digest is written then.
TARGET static inline bool advance(lane *lane) {
    if (lane->whole_count) {
        lane->whole_count--;
        lane->whole += 64;
        return false;
    }
    lane->rest += 64;
    if (--lane->rest_count) return false;
    // To ABCD and EFGH, the highest byte of each word first.
    __m128i feba = _mm_shuffle_epi32(lane->abef, 0x1B);
    __m128i dchg = _mm_shuffle_epi32(lane->cdgh, 0xB1);
    __m128i abcd = _mm_blend_epi16(feba, dchg, 0xF0);
    __m128i efgh = _mm_alignr_epi8(dchg, feba, 8);
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    _mm_storeu_si128((__m128i *)lane->digest, _mm_shuffle_epi8(abcd, swap));
    _mm_storeu_si128((__m128i *)(lane->digest + 16), _mm_shuffle_epi8(efgh, swap));
    return true;
}

// One block of each of `count` lanes, step by step side by side.
TARGET static inline __attribute__((always_inline)) void compress(lane *const lanes[], int count) {
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    __m128i words[2][4], abef[2], cdgh[2];
    for (int l = 0; l < count; l++) {
        const __m128i *from = (const __m128i *)block(lanes[l]);
        for (int quad = 0; quad < 4; quad++) {
            words[l][quad] = _mm_shuffle_epi8(_mm_loadu_si128(from + quad), swap);
        }
        abef[l] = lanes[l]->abef;
        cdgh[l] = lanes[l]->cdgh;
    }
#pragma clang loop unroll(full)
    for (int quad = 0; quad < 16; quad++) {
        const __m128i add = _mm_loadu_si128((const __m128i *)(constants + 4 * quad));
        for (int l = 0; l < count; l++) {
            __m128i *w = words[l];
            __m128i sum = _mm_add_epi32(w[quad & 3], add);
            cdgh[l] = _mm_sha256rnds2_epu32(cdgh[l], abef[l], sum);
            if (quad < 12) {
                __m128i between = _mm_alignr_epi8(w[(quad + 3) & 3], w[(quad + 2) & 3], 4);
                __m128i first = _mm_sha256msg1_epu32(w[quad & 3], w[(quad + 1) & 3]);
                w[quad & 3] =
                    _mm_sha256msg2_epu32(_mm_add_epi32(first, between), w[(quad + 3) & 3]);
            }
            abef[l] = _mm_sha256rnds2_epu32(abef[l], cdgh[l], _mm_shuffle_epi32(sum, 0x0E));
        }
    }
    for (int l = 0; l < count; l++) {
        lanes[l]->abef = _mm_add_epi32(lanes[l]->abef, abef[l]);
        lanes[l]->cdgh = _mm_add_epi32(lanes[l]->cdgh, cdgh[l]);
    }
}

TARGET static void hash(messages *from) {
    lane first, second;
    if (!begin(&first, from)) return;
    lane *lanes[2] = {&first, &second};
    if (begin(&second, from)) {
        for (;;) {
            compress(lanes, 2);
            bool is_first_done = advance(&first) && !begin(&first, from);
            if (advance(&second) && !begin(&second, from)) {
                if (is_first_done) return;
                break;
            }
            if (is_first_done) {
                lanes[0] = &second;
                break;
            }
        }
    }
    do {
        compress(lanes, 1);
    } while (!advance(lanes[0]));
}

// Bit 29 of EBX of leaf 7 (Intel SDM volume 2A, CPUID). Asked of the processor itself: which bits
// the compilers' runtime libraries fill in differs.
static bool has_instructions(void) {
    unsigned a, b, c, d;
    return __builtin_cpu_supports("sse4.1") && __builtin_cpu_supports("ssse3")
        && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 29 & 1);
}

static bool accelerated;

__attribute__((constructor)) static void ask(void) {
    __builtin_cpu_init();
    accelerated = has_instructions();
}

bool hisui_sha256_is_accelerated(void) { return accelerated; }

void hisui_sha256_each(
    const uint8_t *bytes, const uint32_t *ends, size_t count, uint8_t *digests) {
    messages from = {.bytes = bytes, .ends = ends, .count = count, .digests = digests};
    hash(&from);
}

void hisui_sha256_prefixed(
    const uint8_t *prefix, size_t prefix_count, const uint8_t *bytes, size_t stride, size_t count,
    uint8_t *digests) {
    messages from = {
        .bytes = bytes, .stride = stride, .prefix = prefix, .prefix_count = prefix_count,
        .count = count, .digests = digests,
    };
    hash(&from);
}

#else

#include <stdlib.h>

bool hisui_sha256_is_accelerated(void) { return false; }

// Nobody may ask: the caller hashes by other means.
void hisui_sha256_each(
    const uint8_t *bytes, const uint32_t *ends, size_t count, uint8_t *digests) {
    abort();
}

void hisui_sha256_prefixed(
    const uint8_t *prefix, size_t prefix_count, const uint8_t *bytes, size_t stride, size_t count,
    uint8_t *digests) {
    abort();
}

#endif
