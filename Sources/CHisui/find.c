#define _GNU_SOURCE
#include "CHisui.h"

#include <string.h>

const uint8_t *hisui_find(
    const uint8_t *bytes, size_t count, const uint8_t *needle, size_t needle_count) {
    return memmem(bytes, count, needle, needle_count);
}
