#include "CLinux.h"

#include <malloc.h>

void hisui_return_memory_above(size_t bytes) {
    (void)mallopt(M_MMAP_THRESHOLD, (int)bytes);
    // Below that size memory goes round; giving it back and taking it anew costs page faults.
    (void)mallopt(M_TRIM_THRESHOLD, 64 << 20);
}

void hisui_share_freed_memory(size_t kept) {
    (void)mallopt(M_ARENA_MAX, 1);
    (void)mallopt(M_TRIM_THRESHOLD, (int)kept);
}
