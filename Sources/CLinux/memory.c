#include "CLinux.h"

#include <malloc.h>

void hisui_return_memory_above(size_t bytes) {
    (void)mallopt(M_MMAP_THRESHOLD, (int)bytes);
}
