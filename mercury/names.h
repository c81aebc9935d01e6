/*
 * names.h - the verified host names of clients, for Mercury, which has none: the name that the DNS gives for an
 * address, if that name leads back to the address. Answers are kept for a while in a table of fixed size.
 *
 * Windows' own look-ups take as long as they like. So a thread of ours does one, the caller waits for it a
 * moment, and what comes later is kept for the client's next connection. Such a thread holds the DLL in memory
 * until it ends; nobody is ever stopped from unloading us, or from closing.
 */
#ifndef GATEPOST_MERCURY_NAMES_H
#define GATEPOST_MERCURY_NAMES_H

#include <stddef.h>
#include <stdint.h>

enum {
    NAMES_WAIT_MS = 2000,       /* the longest that a caller waits */
    NAMES_KEPT_MS = 3600000,    /* an answer */
    NAMES_NO_ANSWER_MS = 60000, /* that there was none */
    NAMES_THREADS_MOST = 16,    /* look-ups at a time */
    NAME_SIZE = 256
};

void names_init(void);

/* The name of the client at ADDRESS (text). Returns the state of the name (enum gp_name_state): with
 * GP_NAME_VERIFIED it is in NAME, else NAME is empty; GP_NAME_UNKNOWN while there is no answer. Any thread. */
uint32_t names_lookup(const char *address, char name[NAME_SIZE]);

#endif
