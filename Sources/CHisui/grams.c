#include "CHisui.h"

#include <string.h>

// Whether the bits for a hash of 32 bits are set: the highest of them are the place.
static inline bool is_marked(const uint64_t *marks, unsigned shift, uint32_t hash)
{
    uint32_t place = hash >> shift;
    return marks[place >> 6] >> (place & 63) & 1;
}

static inline uint32_t hash(uint32_t gram) { return gram * 0x9E3779B1u; }

size_t hisui_grams_of_four(
    const uint8_t *text, size_t count, size_t *from, const uint64_t *marks, unsigned shift,
    uint32_t *places, size_t room)
{
    size_t found = 0;
    size_t at = *from;
    for (; at + 4 <= count && found < room; at++) {
        uint32_t gram;
        memcpy(&gram, text + at, 4);
        if (is_marked(marks, shift, hash(gram))) places[found++] = (uint32_t)at;
    }
    *from = at;
    return found;
}

size_t hisui_grams_of_two(
    const uint8_t *text, size_t count, size_t *from, const uint64_t *marks, unsigned shift,
    uint32_t *places, size_t room)
{
    size_t found = 0;
    size_t at = *from;
    for (; at + 2 <= count && found < room; at++) {
        uint16_t gram;
        memcpy(&gram, text + at, 2);
        if (is_marked(marks, shift, hash(gram))) places[found++] = (uint32_t)at;
    }
    *from = at;
    return found;
}

uint32_t hisui_gram_hash(uint32_t gram) { return hash(gram); }

void hisui_lower(const uint8_t *text, size_t count, uint8_t *out)
{
    for (size_t at = 0; at < count; at++) {
        uint8_t byte = text[at];
        out[at] = (uint8_t)(byte - 'A') <= 25 ? byte | 0x20 : byte;
    }
}
