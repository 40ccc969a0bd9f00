// Kernels that Swift cannot express: instructions of one processor family, chosen at run time.
// No policy and no allocation; every kernel has a portable twin that gives the same result.
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

// Where `needle` first begins in `bytes`, or NULL: the C library's memmem, linear for any input,
// which its headers hide from Swift.
const uint8_t *hisui_find(
    const uint8_t *bytes, size_t count, const uint8_t *needle, size_t needle_count);

#if defined(__cplusplus)
}
#endif
#endif
