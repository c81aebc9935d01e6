#include "os.h"

#include <dlfcn.h>
#include <stdio.h>

#ifndef GATEPOST_LIBDIR
#define GATEPOST_LIBDIR "/usr/local/lib/gatepost"
#endif

const char *const os_plugin_suffix = ".so";

/* The text of dlerror(), without the path, which the caller adds itself. */
static void say_reason(const char *path, char *reason, size_t cap)
{
    const char *said = dlerror();
    const size_t n = strlen(path);
    if (said && strncmp(said, path, n) == 0 && strncmp(said + n, ": ", 2) == 0)
        said += n + 2;
    snprintf(reason, cap, "%s", said ? said : "the system gives no reason");
}

int os_plugin(const char *path, const char *symbol, void (**function)(void), char *reason, size_t cap)
{
    /* RTLD_NOW: an unknown symbol must fail here. Met later, it would end the process. */
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    *function = NULL;
    reason[0] = '\0';
    if (!handle) {
        say_reason(path, reason, cap);
        return -1;
    }
    void *found = dlsym(handle, symbol);
    if (!found) {
        say_reason(path, reason, cap);
        dlclose(handle);
        return 0;
    }
    /* POSIX requires that this is a pointer to a function; C has no cast for it. */
    memcpy(function, &found, sizeof found);
    dlclose(handle);
    return 1;
}

void os_plugin_home(char *out, size_t cap)
{
    snprintf(out, cap, "%s", GATEPOST_LIBDIR);
}
