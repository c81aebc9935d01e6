/*
 * no_memory.c - an engine that is the real one, but for want of memory never opens a session. GATEPOST_ENGINE
 * names the real one.
 */
#include <dlfcn.h>
#include <stdlib.h>

#include "core/gatepost.h"

static struct gp_api starved;

static int session_open(struct gp_engine *engine, const struct gp_client *client, struct gp_session **session)
{
    (void)engine, (void)client;
    *session = NULL;
    return -1;
}

const struct gp_api *gatepost_api(uint32_t major)
{
    const struct gp_api *(*real)(uint32_t);
    void *library = dlopen(getenv("GATEPOST_ENGINE"), RTLD_NOW | RTLD_LOCAL);

    if (!library)
        return NULL;
    *(void **)&real = dlsym(library, "gatepost_api");
    if (!real || !real(major))
        return NULL;
    starved = *real(major);
    starved.session_open = session_open;
    return &starved;
}
