/*
 * state_file.h - a file in the state directory that all processes of the machine have mapped: how it is found,
 * made, judged and locked. What stands in it is slots.h's and stats.h's business.
 *
 * It begins with a page of its own: magic, version, sizes, file size, a random hash key, and a check of these;
 * then come cells that its owner may use as it likes. It is never resized, rewritten in place or removed. A
 * file whose head is not right is set aside under another name (NAME.damaged) and a new one begun; one that may
 * only be read is only read. All writers of all files lock `lock` in the same directory.
 *
 * An open file is good in every thread and after fork; closing is for the one who knows nobody uses it.
 */
#ifndef GATEPOST_STATE_FILE_H
#define GATEPOST_STATE_FILE_H

#include "core/os/os.h"
#include "cell.h"
#include "core/base/siphash.h"

enum {
    STATE_PAGE = 4096,    /* of the head; then COUNT units */
    STATE_HEAD_CELLS = 8, /* under the check */
    STATE_RETIRED = 8,    /* the cell that says another file has taken this one's place */
    STATE_OWN_CELLS = 16  /* from this one on they are the owner's */
};

/* Flags of state_file_open() and of what stands on it. */
enum { STATE_READ_ONLY = 1 };

struct state_shape {
    const char *magic; /* eight characters */
    uint32_t version;
    uint32_t unit;  /* bytes, a multiple of 64 */
    uint32_t count; /* of units, for a new file; one that is there keeps its own */
};

struct state_file {
    struct shared_map map;
    bool writable;
    uint32_t count;
    int64_t made; /* seconds since 1970 */
    struct siphash_key key;
    char path[512];
    char lock_path[512];
};

/*
 * Opens DIR/NAME, makes it if there is none. Without the right to write it is opened for reading. Returns 1; 0
 * if there is none and it must not be made (STATE_READ_ONLY); -1 if it cannot be used. REASON gets what there
 * is to say: with -1 why, with 1 what had to be set aside, else nothing.
 */
int state_file_open(struct state_file *f, const char *dir, const char *name, const struct state_shape *shape,
                    unsigned flags, char *reason, size_t cap);
void state_file_close(struct state_file *f);

/* Whether another file was put in the place of this one, or its size has changed under the map: open it anew. The
 * first asks the file itself and costs nothing, but sees only a resize; the second asks the file system. */
bool state_file_retired(const struct state_file *f);
bool state_file_replaced(const struct state_file *f);

/* Whether the file under the map still has its size: where it was cut short, reading the map would end the process
 * (SIGBUS). Asks the file system. Whoever reads much of the file asks this now and then; the engine does for
 * everybody, once a second. */
bool state_file_is_whole(const struct state_file *f);

/* Locks the directory for one write and makes sure that the path still names this file, in the size that is mapped.
 * Waits 20 ms at most, and no longer than *WAIT milliseconds, which it lowers by the time it waited; WAIT may be
 * NULL. Returns 0; or -1 and REASON: the write must be given up. */
int state_file_lock(const struct state_file *f, uint32_t *wait, struct os_lock *lock, char *reason, size_t cap);

/* Makes a new file of that shape (count may differ) beside F and opens it as *OUT, under a name that ends in
 * SUFFIX, as old as F; then, once filled, puts it in the place of F. Both under F's lock. 0; or -1 and REASON.
 */
int state_file_make_beside(const struct state_file *f, const char *suffix, const struct state_shape *shape,
                           struct state_file *out, char *reason, size_t cap);
int state_file_take_place(struct state_file *successor, struct state_file *f, char *reason, size_t cap);

/* Cell N of the first page. */
static inline struct cell *state_file_cell(const struct state_file *f, unsigned n)
{
    return (struct cell *)(void *)f->map.p + n;
}

/* What lies behind the first page. */
static inline unsigned char *state_file_units(const struct state_file *f)
{
    return f->map.p + STATE_PAGE;
}

#endif
