#define _GNU_SOURCE
#include "CLinux.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

void hisui_thread_name(const char *name) {
    char cut[16];
    strncpy(cut, name, sizeof cut - 1);
    cut[sizeof cut - 1] = 0;
    pthread_setname_np(pthread_self(), cut);
}

void hisui_thread_block_pipe(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

void hisui_thread_nice(int nice) {
    // On Linux this is the thread's own; a service's filter may refuse it, and then it is not.
    (void)setpriority(PRIO_PROCESS, 0, nice);
}

void hisui_thread_idle(void) {
    struct sched_param none = {0};
    (void)sched_setscheduler(0, SCHED_IDLE, &none);
}
