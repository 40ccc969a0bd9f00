#include "CHisui.h"

#include <string.h>

// Whether the bits for a hash of 32 bits are set: the highest of them are the place.
static inline bool is_marked(const uint64_t *marks, unsigned shift, uint32_t hash)
{
    uint32_t place = hash >> shift;
    return marks[place >> 6] >> (place & 63) & 1;
}

static inline uint32_t hash(uint32_t gram) { return gram * 0x9E3779B1u; }

// `width` is a constant where it is called, so each caller has a loop of its own.
static inline size_t places_of_grams(
    const uint8_t *text, size_t count, size_t *from, const uint64_t *marks, unsigned shift,
    uint32_t *places, size_t room, size_t width)
{
    size_t found = 0;
    size_t at = *from;
    for (; at + width <= count && found < room; at++) {
        uint32_t gram = 0;
        memcpy(&gram, text + at, width);
        if (is_marked(marks, shift, hash(gram))) places[found++] = (uint32_t)at;
    }
    *from = at;
    return found;
}

size_t hisui_grams_of_four(
    const uint8_t *text, size_t count, size_t *from, const uint64_t *marks, unsigned shift,
    uint32_t *places, size_t room)
{
    return places_of_grams(text, count, from, marks, shift, places, room, 4);
}

size_t hisui_grams_of_two(
    const uint8_t *text, size_t count, size_t *from, const uint64_t *marks, unsigned shift,
    uint32_t *places, size_t room)
{
    return places_of_grams(text, count, from, marks, shift, places, room, 2);
}

uint32_t hisui_gram_hash(uint32_t gram) { return hash(gram); }
