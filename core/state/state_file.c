#include "state_file.h"

#include <errno.h>
#include <stdio.h>

/* Cells of the head. */
enum { HEAD_MAGIC, HEAD_VERSION_UNIT, HEAD_COUNT_MADE, HEAD_SIZE, HEAD_K0, HEAD_K1, HEAD_SPARE, HEAD_CHECK };

_Static_assert(HEAD_CHECK + 1 == STATE_HEAD_CELLS, "the check stands last");

enum { LOCK_WAIT_MS = 20 };

/* Distance large enough that no flipped bit makes this value. */
static const uint64_t retired_mark = 0x6465726974657220u;

/* Truncates a long path so that the error text always fits. */
static int complain(char *reason, size_t cap, const char *path, int error)
{
    char why[128];
    os_reason(error, why, sizeof why);
    const size_t rest = strlen(why) + sizeof ": ";
    snprintf(reason, cap, "%.*s: %s", rest < cap ? (int)(cap - rest) : 0, path, why);
    return -1;
}

static uint64_t magic_of(const struct state_shape *shape)
{
    uint64_t magic = 0;
    for (unsigned i = 0; i < 8; i++)
        magic |= (uint64_t)(unsigned char)shape->magic[i] << 8 * i;
    return magic;
}

static uint64_t head_check(const uint64_t *head)
{
    static const struct siphash_key key = {0x67617465706f7374u, 0x73746174652f3031u};
    return siphash_words(&key, head, HEAD_CHECK);
}

static uint64_t size_of(uint32_t unit, uint32_t count)
{
    return STATE_PAGE + (uint64_t)unit * count;
}

/* Returns NULL if the head is right; F then has its values. */
static const char *judge(struct state_file *f, const struct state_shape *shape)
{
    uint64_t head[STATE_HEAD_CELLS];
    if (f->map.size < STATE_PAGE)
        return "it is too short";
    for (unsigned i = 0; i < STATE_HEAD_CELLS; i++)
        head[i] = cell_load(state_file_cell(f, i));
    if (head[HEAD_MAGIC] != magic_of(shape))
        return "it is not a file of this kind";
    if (head[HEAD_CHECK] != head_check(head))
        return "its first page is damaged";
    if (head[HEAD_VERSION_UNIT] != ((uint64_t)shape->unit << 32 | shape->version))
        return "it was made by another version";
    f->count = (uint32_t)head[HEAD_COUNT_MADE];
    f->made = (int64_t)(head[HEAD_COUNT_MADE] >> 32);
    f->key = (struct siphash_key){head[HEAD_K0], head[HEAD_K1]};
    if (f->count == 0 || head[HEAD_SIZE] != f->map.size || size_of(shape->unit, f->count) != f->map.size)
        return "its size differs from the one recorded in it";
    return NULL;
}

/* FROM: the file that the new one replaces, whose key and age it takes; NULL for a new one. */
static int make(const char *path, const struct state_shape *shape, const struct state_file *from)
{
    struct cell page[STATE_PAGE / sizeof(struct cell)] = {{0}};
    uint64_t head[STATE_HEAD_CELLS] = {
        [HEAD_MAGIC] = magic_of(shape),
        [HEAD_VERSION_UNIT] = (uint64_t)shape->unit << 32 | shape->version,
        [HEAD_COUNT_MADE] = (uint64_t)(from ? from->made : os_clock()) << 32 | shape->count,
        [HEAD_SIZE] = size_of(shape->unit, shape->count),
    };
    if (from) {
        head[HEAD_K0] = from->key.k0;
        head[HEAD_K1] = from->key.k1;
    } else {
        int error = os_random(&head[HEAD_K0], 16);
        if (error)
            return error;
    }
    head[HEAD_CHECK] = head_check(head);
    for (unsigned i = 0; i < STATE_HEAD_CELLS; i++)
        page[i].bits = cell_order(head[i]);
    return os_make(path, head[HEAD_SIZE], page, sizeof page);
}

static bool may_still_be_read(int error)
{
    return error == EACCES || error == EPERM || error == EROFS;
}

/* Maps the file at the path, for writing if that is allowed. */
static int map(struct state_file *f, bool write)
{
    f->writable = write;
    int error = os_share(f->path, write, &f->map);
    if (error && write && may_still_be_read(error)) {
        f->writable = false;
        int second = os_share(f->path, false, &f->map);
        /* "Permission denied" explains more than the error of the attempt to read, unless reading works. */
        return second == ENOENT || second == 0 ? second : error;
    }
    return error;
}

/* Renames the bad file, unless another process has just done so. */
static int set_aside(struct state_file *f, const char *why, char *reason, size_t cap)
{
    struct os_lock lock;
    struct file_id id;
    char aside[sizeof f->path + 16];
    snprintf(aside, sizeof aside, "%s.damaged", f->path);
    int error = os_lock(f->lock_path, LOCK_WAIT_MS, &lock);
    if (error)
        return complain(reason, cap, f->lock_path, error);
    if (os_file_id(f->path, &id) == 0 && id.device == f->map.id.device && id.inode == f->map.id.inode) {
        error = os_rename(f->path, aside);
        snprintf(reason, cap, "%s: %s; renamed to %s, and a new file was begun", f->path, why, aside);
    }
    os_unlock(&lock);
    return error ? complain(reason, cap, aside, error) : 0;
}

static int name_paths(struct state_file *f, const char *dir, const char *name, char *reason, size_t cap)
{
    int n = snprintf(f->path, sizeof f->path, "%s/%s", dir, name);
    int m = snprintf(f->lock_path, sizeof f->lock_path, "%s/lock", dir);
    if (n < 0 || m < 0 || (size_t)n >= sizeof f->path || (size_t)m >= sizeof f->lock_path)
        return complain(reason, cap, dir, ENAMETOOLONG);
    return 0;
}

/* 1: opened; 0: does not exist; -1: REASON says why; 2: the file has gone, look again. */
static int try_open(struct state_file *f, const struct state_shape *shape, bool read_only, char *reason,
                    size_t cap)
{
    int error = map(f, !read_only);
    if (error == ENOENT && read_only)
        return 0;
    if (error == ENOENT) {
        error = make(f->path, shape, NULL);
        return error == 0 || error == EEXIST ? 2 : complain(reason, cap, f->path, error);
    }
    if (error)
        return complain(reason, cap, f->path, error);
    const char *why = judge(f, shape);
    if (!why)
        return 1;
    int outcome = -1;
    if (read_only || !f->writable)
        snprintf(reason, cap, "%s: %s", f->path, why);
    else if (set_aside(f, why, reason, cap) == 0)
        outcome = 2;
    os_unshare(&f->map);
    return outcome;
}

int state_file_open(struct state_file *f, const char *dir, const char *name, const struct state_shape *shape,
                    unsigned flags, char *reason, size_t cap)
{
    int outcome = 2;
    *f = (struct state_file){.writable = false};
    reason[0] = '\0';
    if (name_paths(f, dir, name, reason, cap) != 0)
        return -1;
    /* Other processes make, set aside and replace files at the same time; more than a few rounds mean that
     * something is wrong. */
    for (unsigned tries = 0; outcome == 2 && tries < 8; tries++)
        outcome = try_open(f, shape, flags & STATE_READ_ONLY, reason, cap);
    if (outcome == 2)
        outcome = complain(reason, cap, f->path, EAGAIN);
    return outcome;
}

void state_file_close(struct state_file *f)
{
    os_unshare(&f->map);
}

bool state_file_retired(const struct state_file *f)
{
    return cell_load(state_file_cell(f, STATE_RETIRED)) == retired_mark;
}

bool state_file_replaced(const struct state_file *f)
{
    struct file_id id;
    return os_file_id(f->path, &id) != 0 || id.device != f->map.id.device || id.inode != f->map.id.inode ||
           id.size != f->map.size;
}

bool state_file_is_whole(const struct state_file *f)
{
    struct file_id id;
    return os_file_id(f->path, &id) != 0 || id.inode != f->map.id.inode || id.device != f->map.id.device ||
           id.size == f->map.size;
}

/* Reduces *WAIT by the time it needs. */
static int lock_within(const char *path, uint32_t most, uint32_t *wait, struct os_lock *lock)
{
    const int64_t begun = os_ticks_ms();
    int error = os_lock(path, most, lock);
    const int64_t took = os_ticks_ms() - begun;
    if (wait && took > 0)
        *wait -= took < *wait ? (uint32_t)took : *wait;
    return error;
}

int state_file_lock(const struct state_file *f, uint32_t *wait, struct os_lock *lock, char *reason, size_t cap)
{
    const uint32_t most = wait && *wait < LOCK_WAIT_MS ? *wait : LOCK_WAIT_MS;
    if (!f->writable) {
        snprintf(reason, cap, "%s: it can only be read", f->path);
        return -1;
    }
    int error = lock_within(f->lock_path, most, wait, lock);
    if (error == EAGAIN) {
        snprintf(reason, cap, "%s: another process held it for %u ms", f->lock_path, (unsigned)most);
        return -1;
    }
    if (error)
        return complain(reason, cap, f->lock_path, error);
    if (!state_file_replaced(f))
        return 0;
    os_unlock(lock);
    snprintf(reason, cap, "%s: another file has replaced it", f->path);
    return -1;
}

int state_file_make_beside(const struct state_file *f, const char *suffix, const struct state_shape *shape,
                           struct state_file *out, char *reason, size_t cap)
{
    *out = *f;
    out->map = (struct shared_map){.p = NULL};
    size_t n = strlen(f->path);
    if (n + strlen(suffix) >= sizeof out->path)
        return complain(reason, cap, f->path, ENAMETOOLONG);
    snprintf(out->path + n, sizeof out->path - n, "%s", suffix);
    os_remove(out->path); /* left by a process that was killed while it did this */
    int error = make(out->path, shape, f);
    if (!error)
        error = os_share(out->path, true, &out->map);
    if (error)
        return complain(reason, cap, out->path, error);
    const char *why = judge(out, shape);
    if (!why)
        return 0;
    snprintf(reason, cap, "%s: %s", out->path, why);
    os_unshare(&out->map);
    return -1;
}

int state_file_take_place(struct state_file *successor, struct state_file *f, char *reason, size_t cap)
{
    int error = os_rename(successor->path, f->path);
    if (error) {
        os_remove(successor->path);
        return complain(reason, cap, f->path, error);
    }
    memcpy(successor->path, f->path, sizeof f->path);
    cell_store(state_file_cell(f, STATE_RETIRED), retired_mark);
    return 0;
}
