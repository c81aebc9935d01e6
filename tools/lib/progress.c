#include "progress.h"

#include "core/os/os.h"

#include <stdio.h>

#include "tools/os/os.h"

enum { QUIET_MS = 1000, STEP_MS = 200 };

struct progress progress_start(const char *what)
{
    int64_t now = os_ticks_ms();
    return (struct progress){.what = what, .started = now, .shown = now, .wanted = os_has_terminal()};
}

void progress_show(struct progress *p, uint64_t done, uint64_t all)
{
    if (!p->wanted)
        return;
    int64_t now = os_ticks_ms();
    if (now - p->started < QUIET_MS || now - p->shown < STEP_MS)
        return;
    p->shown = now;
    p->visible = true;
    if (all)
        fprintf(stderr, "\r%s: %u%%\033[K", p->what, (unsigned)(done < all ? done * 100 / all : 100));
    else
        fprintf(stderr, "\r%s: %llu MB\033[K", p->what, (unsigned long long)(done >> 20));
    fflush(stderr);
}

void progress_done(struct progress *p)
{
    if (p->visible)
        fputs("\r\033[K", stderr);
    p->visible = false;
}
