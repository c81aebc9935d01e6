/*
 * swap.c - an LD_PRELOAD for the tests: whoever owns the folder of a socket swaps it, right after it was made, for a
 * hard link to the file that SWAP_FOR names.
 */
#define _GNU_SOURCE

#include <dlfcn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int bind(int fd, const struct sockaddr *address, socklen_t size)
{
    int (*real)(int, const struct sockaddr *, socklen_t);
    *(void **)&real = dlsym(RTLD_NEXT, "bind");
    int result = real(fd, address, size);
    const char *victim = getenv("SWAP_FOR");
    if (result == 0 && victim && address->sa_family == AF_UNIX) {
        const char *path = ((const struct sockaddr_un *)(const void *)address)->sun_path;
        unlink(path);
        if (link(victim, path) != 0)
            return -1;
    }
    return result;
}
