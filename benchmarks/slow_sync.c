/* Makes every sync of a file SLOW_SYNC_MICROSECONDS slower than it is: preloaded into both sides of a comparison. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static void wait_first(void) {
    const char *asked = getenv("SLOW_SYNC_MICROSECONDS");
    long microseconds = asked ? atol(asked) : 0;
    struct timespec pause = {microseconds / 1000000, microseconds % 1000000 * 1000};
    nanosleep(&pause, NULL);
}

int fsync(int file) {
    int (*own)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    wait_first();
    return own(file);
}

int fdatasync(int file) {
    int (*own)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    wait_first();
    return own(file);
}
