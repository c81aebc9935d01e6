#include "slots_hooks.h"

#include <stddef.h>

void (*slots_before_store)(void);
void (*slots_before_load)(void);

static inline void call_hook(void (*hook)(void))
{
    if (hook)
        hook();
}

#define SLOTS_BEFORE_STORE() call_hook(slots_before_store)
#define SLOTS_BEFORE_LOAD()  call_hook(slots_before_load)
#include "core/state/slots.c"
