#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int hisui_send(
    const char *address, uint16_t port, int stream, const uint8_t *bytes, size_t count,
    int timeout_ms) {
    int fd = hisui_connect_within(address, port, stream, timeout_ms);
    if (fd < 0) return fd;
    int status = 0;
    size_t sent = 0;
    while (sent < count) {
        ssize_t got = send(fd, bytes + sent, count - sent, MSG_NOSIGNAL);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            status = errno == EAGAIN ? -ETIMEDOUT : -errno;
            break;
        }
        sent += (size_t)got;
    }
    close(fd);
    return status;
}

// Waits for a child; kills its process group when the time is over.
static int wait_for(pid_t child, int timeout_ms) {
    const struct timespec pause = {0, 10 * 1000 * 1000};
    for (int waited = 0;; waited += 10) {
        int status = 0;
        pid_t ended = waitpid(child, &status, WNOHANG);
        if (ended < 0 && errno != EINTR) return -errno;
        if (ended == child) {
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
        if (waited >= timeout_ms) {
            kill(-child, SIGKILL);
            while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
            return -ETIMEDOUT;
        }
        nanosleep(&pause, NULL);
    }
}

int hisui_run(const char *words, int timeout_ms) {
    const char *arguments[HISUI_WORDS_MAX + 1] = {NULL};
    int count = 0;
    for (const char *word = words; *word != 0; word += strlen(word) + 1) {
        if (count == HISUI_WORDS_MAX) return -E2BIG;
        arguments[count++] = word;
    }
    if (count == 0) return -EINVAL;
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setsigmask(&attributes, &none);
    char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", NULL};
    pid_t child = 0;
    int status = posix_spawn(
        &child, arguments[0], &files, &attributes, (char *const *)arguments, environment);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return status != 0 ? -status : wait_for(child, timeout_ms);
}
