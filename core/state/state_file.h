/*
 * state_file.h - a file in the state directory that all processes of the machine have mapped: how it is found,
 * made, checked and locked. Its contents are the business of slots.h and stats.h.
 *
 * It begins with a page of its own: magic, version, sizes, file size, a random hash key, and a check of these;
 * then cells for the owner. It is never resized, rewritten in place or removed. A file with a wrong head is
 * renamed (NAME.damaged) and a new one is begun. A file that may only be read is only read. All writers of all
 * files lock `lock` in the same directory.
 *
 * An open file may be used in every thread and after fork. Close it only when no other thread uses it.
 */
#ifndef GATEPOST_STATE_FILE_H
#define GATEPOST_STATE_FILE_H

#include "core/os/os.h"
#include "cell.h"
#include "core/base/siphash.h"

enum {
    STATE_PAGE = 4096,    /* of the head; then COUNT units */
    STATE_HEAD_CELLS = 8, /* covered by the check */
    STATE_RETIRED = 8,    /* the cell that says that another file has replaced this one */
    STATE_OWN_CELLS = 16  /* cells from this one on belong to the owner */
};

/* Flags of state_file_open() and of the functions built on it. */
enum { STATE_READ_ONLY = 1 };

struct state_shape {
    const char *magic; /* eight characters */
    uint32_t version;
    uint32_t unit;  /* bytes, a multiple of 64 */
    uint32_t count; /* of units, for a new file; an existing one keeps its own */
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
 * Opens DIR/NAME; makes it if there is none. Without the right to write, it is opened for reading. Returns 1; 0
 * if there is none and it must not be made (STATE_READ_ONLY); -1 if it cannot be used. REASON gets the reason
 * with -1, what was set aside with 1, and "" otherwise.
 */
int state_file_open(struct state_file *f, const char *dir, const char *name, const struct state_shape *shape,
                    unsigned flags, char *reason, size_t cap);
void state_file_close(struct state_file *f);

/* Whether another file has replaced this one, or its size has changed: open it again. The first function
 * looks at the file itself and costs nothing, but notices only a resize; the second asks the file system. */
bool state_file_retired(const struct state_file *f);
bool state_file_replaced(const struct state_file *f);

/* Whether the mapped file still has its size: if it was cut short, reading the map would end the process
 * (SIGBUS). Asks the file system. A caller that reads much of the file calls this from time to time; the
 * engine does it for all, once a second. */
bool state_file_is_whole(const struct state_file *f);

/* Locks the directory for one write and makes sure that the path still names this file, with the mapped
 * size. Waits 20 ms at most, and no longer than *WAIT milliseconds, which it reduces by the time it waited;
 * WAIT may be NULL. Returns 0; or -1 and REASON: the write must be given up. */
int state_file_lock(const struct state_file *f, uint32_t *wait, struct os_lock *lock, char *reason, size_t cap);

/* The first makes a new file of that shape (count may differ) beside F and opens it as *OUT, under a name
 * that ends in SUFFIX, with the age of F. Once it is filled, the second puts it in place of F. Both under
 * F's lock. Return 0; or -1 and REASON. */
int state_file_make_beside(const struct state_file *f, const char *suffix, const struct state_shape *shape,
                           struct state_file *out, char *reason, size_t cap);
int state_file_take_place(struct state_file *successor, struct state_file *f, char *reason, size_t cap);

/* Cell N of the first page. */
static inline struct cell *state_file_cell(const struct state_file *f, unsigned n)
{
    return (struct cell *)(void *)f->map.p + n;
}

/* The memory after the first page. */
static inline unsigned char *state_file_units(const struct state_file *f)
{
    return f->map.p + STATE_PAGE;
}

#endif
