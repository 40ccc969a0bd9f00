#include "CHisui.h"

#include <string.h>

// One step of eight bits for each value of a byte, polynomial 0x82F63B78 (reflected). Slice n
// advances a byte by n further bytes, so that eight bytes cost eight look-ups and no dependency
// between them. Filled once, before main, so that no call has to ask.
static uint32_t slices[8][256];

__attribute__((constructor)) static void fill_slices(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0x82F63B78u & (0u - (crc & 1)));
        slices[0][byte] = crc;
    }
    for (int slice = 1; slice < 8; slice++) {
        for (uint32_t byte = 0; byte < 256; byte++) {
            uint32_t crc = slices[slice - 1][byte];
            slices[slice][byte] = (crc >> 8) ^ slices[0][crc & 0xFF];
        }
    }
}

uint32_t hisui_crc32c_portable(uint32_t crc, const uint8_t *bytes, size_t count) {
    crc = ~crc;
    while (count >= 8) {
        // Byte by byte, so that the order of bytes in this machine's words does not matter.
        uint32_t low = crc ^ ((uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 |
                              (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24);
        crc = slices[7][low & 0xFF] ^ slices[6][(low >> 8) & 0xFF] ^
              slices[5][(low >> 16) & 0xFF] ^ slices[4][low >> 24] ^ slices[3][bytes[4]] ^
              slices[2][bytes[5]] ^ slices[1][bytes[6]] ^ slices[0][bytes[7]];
        bytes += 8;
        count -= 8;
    }
    while (count-- > 0) crc = (crc >> 8) ^ slices[0][(crc ^ *bytes++) & 0xFF];
    return ~crc;
}

#if defined(__x86_64__)

#include <nmmintrin.h>

__attribute__((target("sse4.2"))) static uint32_t crc32c_sse42(
    uint32_t crc, const uint8_t *bytes, size_t count) {
    uint64_t wide = ~crc;
    while (count >= 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        wide = _mm_crc32_u64(wide, word);
        bytes += 8;
        count -= 8;
    }
    uint32_t narrow = (uint32_t)wide;
    while (count-- > 0) narrow = _mm_crc32_u8(narrow, *bytes++);
    return ~narrow;
}

bool hisui_crc32c_is_accelerated(void) { return __builtin_cpu_supports("sse4.2"); }

uint32_t hisui_crc32c(uint32_t crc, const uint8_t *bytes, size_t count) {
    if (__builtin_cpu_supports("sse4.2")) return crc32c_sse42(crc, bytes, count);
    return hisui_crc32c_portable(crc, bytes, count);
}

#else

bool hisui_crc32c_is_accelerated(void) { return false; }

uint32_t hisui_crc32c(uint32_t crc, const uint8_t *bytes, size_t count) {
    return hisui_crc32c_portable(crc, bytes, count);
}

#endif
