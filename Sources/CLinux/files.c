#define _GNU_SOURCE
#include "CLinux.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static int64_t nanoseconds(struct statx_timestamp time) {
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int look(int fd, const char *path, int flags, struct hisui_file_status *status) {
    struct statx found;
    if (statx(fd, path, flags, STATX_BASIC_STATS | STATX_BTIME, &found) != 0) return -1;
    status->device = makedev(found.stx_dev_major, found.stx_dev_minor);
    status->inode = found.stx_ino;
    status->size = found.stx_size;
    status->birth = found.stx_mask & STATX_BTIME ? nanoseconds(found.stx_btime) : 0;
    status->modified = nanoseconds(found.stx_mtime);
    status->is_regular = S_ISREG(found.stx_mode);
    return 0;
}

int hisui_path_status(const char *path, struct hisui_file_status *status) {
    return look(AT_FDCWD, path, 0, status);
}

int hisui_open_status(int fd, struct hisui_file_status *status) {
    return look(fd, "", AT_EMPTY_PATH, status);
}

int hisui_memory_file(void) {
    return memfd_create("hisui", MFD_CLOEXEC);
}
